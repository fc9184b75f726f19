/* Why: `state` and `list` are reads, so they live here and in state/ alone, without the machinery of run/. */
#include "cli/host.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "run/run.h"
#include "state/codec.h"
#include "state/status.h"
#include "state/store.h"
#include "sys/path.h"

static int proc_of(struct cli *c, struct err *e)
{
	int fd;

	if (c->proc_fd >= 0)
		return 0;
	fd = sys_open_proc("/proc");
	if (fd < 0)
		return err_sys(e, -fd, "open /proc, which must be a procfs");
	c->proc_fd = fd;
	return 0;
}

/* The initial user namespace is the one that maps every id to itself (user_namespaces(7)). */
static int in_initial_userns(struct cli *c, bool *ret, struct err *e)
{
	unsigned inside, outside, count;
	char *map;
	int r = proc_of(c, e);

	if (r == 0)
		r = io_read_file(c->arena, c->proc_fd, "self/uid_map", 64 * 1024, &map, NULL, e);
	if (r < 0)
		return r;
	*ret = sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && inside == 0 && outside == 0 &&
	       count == UINT32_MAX;
	return 0;
}

int cli_root(struct cli *c, const char **ret, struct err *e)
{
	bool initial = false;
	char *root;
	int r = 0;

	if (c->globals.root) {
		*ret = c->globals.root;
		return 0;
	}
	if (geteuid() == 0)
		r = in_initial_userns(c, &initial, e);
	if (r == 0)
		r = state_root_default(c->arena, initial, &root, e);
	if (r == 0)
		*ret = root;
	return r;
}

static enum plan_cgroup_manager manager_of(const struct cli_globals *g)
{
	const char *name = g->cgroup_manager ? g->cgroup_manager : "";

	if (g->systemd_cgroup || strcmp(name, "systemd") == 0)
		return CGROUP_MANAGER_SYSTEMD;
	return strcmp(name, "disabled") == 0 ? CGROUP_MANAGER_DISABLED : CGROUP_MANAGER_CGROUPFS;
}

int cli_context(struct cli *c, struct run_context *ret, struct err *e)
{
	const char *root;
	int r = cli_root(c, &root, e);

	if (r == 0)
		r = proc_of(c, e);
	if (r < 0)
		return r;
	*ret = (struct run_context){
		.arena = c->arena,
		.root = root,
		.proc_fd = c->proc_fd,
		.cgroup_manager = manager_of(&c->globals),
		.store = cli_given(c->globals.store),
		.inherited_fds = c->inherited_fds,
	};
	return 0;
}

static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			return false;
	return true;
}

/*
 * From /etc/passwd alone: the name service switch would load libraries, which a static program should not. "#UID" where
 * there is no such name, as runc shows it.
 */
static char *user_name(struct arena *a, uid_t uid)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *pw;

	while (f && (pw = fgetpwent(f)))
		if (pw->pw_uid == uid && is_plain(pw->pw_name))
			return arena_strdup(a, pw->pw_name);
	return arena_printf(a, "#%u", (unsigned)uid);
}

static int describe(struct cli *c, const char *root, const struct state_dir *dir, struct oci_state *ret, struct err *e)
{
	struct oci_record *record;
	enum oci_status status;
	struct stat st;
	int r = state_read(c->arena, dir, &record, e);

	if (r == 0)
		r = proc_of(c, e);
	if (r == 0)
		r = state_status(c->proc_fd, record, &status, e);
	if (r < 0)
		return r;
	r = run_is_paused(root, c->cgroups_fd, record, status, e);
	if (r < 0)
		return r;
	if (r > 0)
		status = OCI_STATUS_PAUSED;
	if (fstat(dir->fd, &st) < 0)
		return err_sys(e, errno, "stat state directory of container \"%s\"", dir->id);
	state_describe(record, status, ret);
	ret->rootfs = record->rootfs;
	ret->created = record->created;
	/* Of a thousand containers, most have the same. */
	if (!c->owner_name || c->owner != st.st_uid)
		c->owner_name = user_name(c->arena, st.st_uid);
	c->owner = st.st_uid;
	ret->owner = c->owner_name;
	return ret->owner ? 0 : err_oom(e);
}

int cli_describe(struct cli *c, const char *root, const char *id, struct oci_state *ret, struct err *e)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	int r = state_peek(root, id, &dir, e);

	return r < 0 ? r : describe(c, root, &dir, ret, e);
}

int cli_describe_next(struct cli *c, const char *root, struct state_dir *dir, const char *id, struct oci_state *ret,
		      struct err *e)
{
	int r = dir->root_fd < 0 ? state_peek(root, id, dir, e) : state_peek_another(dir, id, e);

	return r < 0 ? r : describe(c, root, dir, ret, e);
}
