/*
 * Why: a parameter that no namespace holds would be set for the whole host. Only those are taken that live in a
 * namespace, and only if the container has that namespace, new or joined.
 */
#include "spec/sysctl.h"

#include <string.h>

#include "base/str.h"
#include "spec/check.h"

/* What is namespaced, by path. One that ends with "/" is everything below it. */
static const struct {
	const char *path;
	enum oci_namespace_type type;
} namespaced[] = {
	{ "kernel/msgmax", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/msgmnb", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/msgmni", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/sem", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/shmall", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/shmmax", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/shmmni", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/shm_rmid_forced", OCI_NAMESPACE_TYPE_IPC },
	{ "fs/mqueue/", OCI_NAMESPACE_TYPE_IPC },
	{ "kernel/domainname", OCI_NAMESPACE_TYPE_UTS },
	{ "net/", OCI_NAMESPACE_TYPE_NETWORK },
	{ "user/", OCI_NAMESPACE_TYPE_USER },
};

int spec_sysctl_path(const char *key, char *ret, struct err *e)
{
	bool dots = key[strcspn(key, "./")] == '.';
	char *out = ret;

	for (; *key; key++)
		*out++ = !dots || (*key != '.' && *key != '/') ? *key : *key == '.' ? '/' : '.';
	*out = '\0';
	for (const char *p = ret;; p++) {
		size_t len = strcspn(p, "/");

		if (len == 0 || (len <= 2 && strspn(p, ".") == len))
			return err_set(e, EINVAL, "no part of its name may be empty, \".\" or \"..\"");
		p += len;
		if (!*p)
			return 0;
	}
}

static const struct oci_namespace *find_namespace(const struct oci_linux *l, enum oci_namespace_type type)
{
	return spec_namespace(&(const struct oci_spec){ .linux = (struct oci_linux *)l }, type);
}

static bool matches(const char *path, const char *row)
{
	size_t len = strlen(row);

	return row[len - 1] == '/' ? strncmp(path, row, len) == 0 : strcmp(path, row) == 0;
}

static int check_path(const struct oci_linux *l, const char *path, struct err *e)
{
	if (strcmp(path, "kernel/hostname") == 0)
		return err_set(e, EINVAL, "is set with the property hostname instead");
	for (size_t i = 0; i < sizeof namespaced / sizeof *namespaced; i++) {
		const char *type = oci_namespace_type_name(namespaced[i].type);

		if (!matches(path, namespaced[i].path))
			continue;
		if (find_namespace(l, namespaced[i].type))
			return 0;
		return err_set(e, EINVAL, "would change the host: add {\"type\": \"%s\"} to linux.namespaces", type);
	}
	return err_set(e, EINVAL, "would change the host: it belongs to no namespace");
}

int check_sysctl(const struct oci_linux *l, struct err *e)
{
	for (size_t i = 0; l->sysctl && i < l->sysctl->len; i++) {
		const char *key = l->sysctl->keys[i];
		char path[256];
		int r;

		if (strlen(key) >= sizeof path)
			return err_set(e, EINVAL, "sysctl[\"%.40s...\"]: is too long", key);
		r = spec_sysctl_path(key, path, e);
		if (r == 0)
			r = check_path(l, path, e);
		if (r < 0)
			return err_prefix(e, "sysctl[\"%s\"]", key);
	}
	return 0;
}
