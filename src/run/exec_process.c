/*
 * Why: `exec` without a process.json runs what the container's own process would be, but for its program and what the
 * options say: so nobody gets more rights than the container has, unless he asks for them by --cap.
 */
#include "run/exec_process.h"

#include <fcntl.h>
#include <string.h>

#include "spec/load.h"
#include "spec/validate.h"

/* A new array: the config's texts, then these. */
static int append(struct arena *a, char ***items, size_t *len, const char *const *more, size_t more_len)
{
	char **all = arena_array(a, *len + more_len + 1, sizeof *all);

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < *len; i++)
		all[i] = (*items)[i];
	for (size_t i = 0; i < more_len; i++)
		all[*len + i] = (char *)more[i];
	*items = all;
	*len += more_len;
	return 0;
}

static bool contains(char **names, size_t len, const char *name)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* What the config lets programs inherit is raised for another user, too, who would have nothing of it otherwise. */
static int add_ambient(struct arena *a, const struct run_exec_options *o, struct oci_capabilities *c)
{
	for (size_t i = 0; i < o->caps_len; i++)
		if (contains(c->inheritable, c->inheritable_len, o->caps[i]) &&
		    append(a, &c->ambient, &c->ambient_len, &o->caps[i], 1) < 0)
			return -ENOMEM;
	return 0;
}

/* Not the inheritable set: what a program is executed with must not come back in the next one (CVE-2022-29162). */
static int add_capabilities(struct arena *a, const struct run_exec_options *o, struct oci_process *p)
{
	struct oci_capabilities *c = arena_alloc(a, sizeof *c);

	if (!c)
		return -ENOMEM;
	if (p->capabilities)
		*c = *p->capabilities;
	p->capabilities = c;
	if (append(a, &c->bounding, &c->bounding_len, o->caps, o->caps_len) < 0 ||
	    append(a, &c->effective, &c->effective_len, o->caps, o->caps_len) < 0)
		return -ENOMEM;
	if (append(a, &c->permitted, &c->permitted_len, o->caps, o->caps_len) < 0)
		return -ENOMEM;
	return add_ambient(a, o, c);
}

/* Of another user's groups none is left. */
static int set_user(struct arena *a, const struct run_exec_options *o, struct oci_process *p)
{
	struct oci_user *u = arena_alloc(a, sizeof *u);
	size_t kept;

	if (!u)
		return -ENOMEM;
	if (p->user)
		*u = *p->user;
	if (o->has_uid)
		*u = (struct oci_user){ .uid = o->uid, .has_uid = true, .gid = u->gid, .has_gid = u->has_gid,
			.umask = u->umask, .has_umask = u->has_umask };
	if (o->has_gid) {
		u->gid = o->gid;
		u->has_gid = true;
	}
	p->user = u;
	kept = u->additional_gids_len;
	if (o->gids_len == 0)
		return 0;
	uint32_t *gids = arena_array(a, kept + o->gids_len, sizeof *gids);
	if (!gids)
		return -ENOMEM;
	if (kept)
		memcpy(gids, u->additional_gids, kept * sizeof *gids);
	memcpy(gids + kept, o->gids, o->gids_len * sizeof *gids);
	u->additional_gids = gids;
	u->additional_gids_len = kept + o->gids_len;
	return 0;
}

static int from_options(struct arena *a, const struct run_exec_options *o, struct oci_process *p, struct err *e)
{
	p->args = NULL;
	p->args_len = 0;
	p->terminal = false;
	p->console_size = NULL;
	if (o->cwd)
		p->cwd = (char *)o->cwd;
	if (o->no_new_privs)
		p->no_new_privileges = p->has_no_new_privileges = true;
	if (o->apparmor)
		p->apparmor_profile = (char *)o->apparmor;
	if (o->label)
		p->selinux_label = (char *)o->label;
	if (append(a, &p->args, &p->args_len, (const char *const *)o->args, o->args_len) < 0 ||
	    append(a, &p->env, &p->env_len, o->env, o->env_len) < 0 || set_user(a, o, p) < 0 ||
	    (o->caps_len > 0 && add_capabilities(a, o, p) < 0))
		return err_oom(e);
	return spec_validate_process(p, e);
}

int exec_process(struct arena *a, const struct run_exec_options *o, struct oci_spec *config, struct err *e)
{
	struct oci_process *process;
	int r;

	if (o->process) {
		r = spec_read_process(a, AT_FDCWD, o->process, &process, e);
	} else if (config->process) {
		process = config->process;
		r = from_options(a, o, process, e);
	} else {
		r = err_set(e, EINVAL, "the container's config has no process to go by: use --process");
	}
	if (r < 0)
		return r;
	if (o->tty)
		process->terminal = process->has_terminal = true;
	config->process = process;
	return 0;
}
