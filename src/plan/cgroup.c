/*
 * Why: which cgroup a container gets, so that it can be killed, counted and limited as a whole: config-linux.md,
 * "Cgroups Path". Version 2 only.
 */
#include <string.h>

#include "plan/build.h"

/* "slice:prefix:name" is for systemd, which makes the cgroup itself (unit.c). */
static bool is_systemd_form(const char *path)
{
	const char *first = strchr(path, ':');

	return first && strchr(first + 1, ':') && !strchr(path, '/');
}

/* path with one "/" in front of each component; "" if there is none. -EINVAL for "..". */
static int normalise(struct plan *p, const char *path, const char **ret, struct err *e)
{
	const char *text = "", *c = path;

	while (*c) {
		size_t len = strcspn(c, "/");

		if (len == 2 && c[0] == '.' && c[1] == '.')
			return err_set(e, EINVAL, "linux.cgroupsPath: \"%s\" leads upwards", path);
		if (len > 0 && !(len == 1 && c[0] == '.'))
			text = plan_text(p, "%s/%.*s", text, (int)len, c);
		c += len + (c[len] == '/');
	}
	*ret = text;
	return 0;
}

static int configured_path(struct build *b, const char *config, const char **ret, struct err *e)
{
	bool relative = config[0] != '/', root = b->facts->privileged && b->facts->initial_userns;
	const char *own = strcmp(b->facts->own_cgroup, "/") == 0 ? "" : b->facts->own_cgroup;
	const char *path = "";
	int r;

	if (is_systemd_form(config))
		return err_set(e, ENOTSUP, "linux.cgroupsPath: \"%s\" is for the systemd cgroup manager: add "
			       "--systemd-cgroup", config);
	r = normalise(b->plan, config, &path, e);
	if (r < 0)
		return r;
	if (!*path)
		return err_set(e, EINVAL, "linux.cgroupsPath: \"%s\" is the root of all cgroups", config);
	/* A user can only divide what the user was given. */
	*ret = relative && !root ? plan_text(b->plan, "%s%s", own, path) : path;
	return 0;
}

int plan_cgroup(struct build *b, struct err *e)
{
	const char *config = b->spec->linux ? b->spec->linux->cgroups_path : NULL;
	bool root = b->facts->privileged && b->facts->initial_userns, required = config && *config;
	const char *own = b->facts->own_cgroup, *path = NULL;
	struct op *op;
	int r;

	if (b->options->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return 0;
	if (b->options->cgroup_manager == CGROUP_MANAGER_SYSTEMD)
		return plan_unit(b, e);
	if (!own && required)
		return err_set(e, ENODEV, "linux.cgroupsPath: this host has no cgroup2 file system mounted, and "
			       "version 1 is not supported: mount one (mount -t cgroup2 cgroup2 /sys/fs/cgroup)");
	if (!own)
		return 0;
	if (required) {
		r = configured_path(b, config, &path, e);
		if (r < 0)
			return r;
	} else {
		path = plan_text(b->plan, "%s/cloister-%s", root || strcmp(own, "/") == 0 ? "" : own, b->options->id);
	}
	op = plan_add(b->plan, STAGE_RUNTIME, OP_CGROUP, required ? "linux.cgroupsPath" : NULL);
	op->cgroup.path = path;
	op->cgroup.required = required;
	b->plan->cgroup_path = path;
	return 0;
}
