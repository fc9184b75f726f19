/* Why: config.md, Mounts: what can be said about a mount before anything is mounted. */
#include <string.h>

#include "spec/check.h"

static bool has_option(const struct oci_mount *m, const char *option)
{
	for (size_t i = 0; i < m->options_len; i++)
		if (strcmp(m->options[i], option) == 0)
			return true;
	return false;
}

static int check_idmap(const struct oci_spec *s, const struct oci_mount *m, struct err *e)
{
	bool uids = m->uid_mappings_len > 0, gids = m->gid_mappings_len > 0;
	int r;

	if (uids != gids)
		return err_set(e, EINVAL, "%s: is missing, but %s is there", uids ? "gidMappings" : "uidMappings",
			       uids ? "uidMappings" : "gidMappings");
	if (!uids && (has_option(m, "idmap") || has_option(m, "ridmap")) && !spec_namespace(s, OCI_NAMESPACE_TYPE_USER))
		return err_set(e, EINVAL, "options: idmap needs uidMappings and gidMappings, or a user namespace");
	r = check_mappings(m->uid_mappings, m->uid_mappings_len, "uidMappings", e);
	return r < 0 ? r : check_mappings(m->gid_mappings, m->gid_mappings_len, "gidMappings", e);
}

static int check_mount(const struct oci_spec *s, const struct oci_mount *m, struct err *e)
{
	bool bind = has_option(m, "bind") || has_option(m, "rbind");

	if (!*m->destination)
		return err_set(e, EINVAL, "destination: is empty");
	if (bind && !is_given(m->source))
		return err_set(e, EINVAL, "source: is missing, but a bind mount needs one");
	if (!bind && !is_given(m->type) && !has_option(m, "remount"))
		return err_set(e, EINVAL, "type: is missing, and options hold neither bind nor rbind");
	return check_idmap(s, m, e);
}

static int check_paths(char *const *paths, size_t len, const char *name, struct err *e)
{
	for (size_t i = 0; i < len; i++)
		if (paths[i][0] != '/')
			return err_set(e, EINVAL, "linux.%s[%zu]: \"%s\" is not an absolute path", name, i, paths[i]);
	return 0;
}

int check_mounts(const struct oci_spec *s, struct err *e)
{
	const struct oci_linux *l = s->linux;
	int r = 0;

	for (size_t i = 0; i < s->mounts_len; i++)
		if (check_mount(s, &s->mounts[i], e) < 0)
			return spec_err_in(e, "mounts[%zu]", i);
	if (l)
		r = check_paths(l->masked_paths, l->masked_paths_len, "maskedPaths", e);
	if (l && r == 0)
		r = check_paths(l->readonly_paths, l->readonly_paths_len, "readonlyPaths", e);
	return r;
}
