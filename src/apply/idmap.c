/* Why: id maps, written by whom the kernel lets (user_namespaces(7), "User and group ID mappings"). */
#include "apply/apply.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/procfs.h"
#include "base/cleanup.h"
#include "sys/command.h"
#include "sys/process.h"

static int map_text(struct apply *ctx, const struct plan_id_map *m, const char **ret, struct err *e)
{
	_cleanup_str_ struct str s = STR_INIT;

	for (size_t i = 0; i < m->len; i++)
		str_addf(&s, "%u %u %u\n", m->ranges[i].container_id, m->ranges[i].host_id, m->ranges[i].size);
	*ret = s.failed ? NULL : arena_strdup(ctx->arena, str_text(&s));
	return *ret ? 0 : err_oom(e);
}

static int write_file(struct apply *ctx, const char *name, const char *text)
{
	return ctx->target ? procfs_write_pid(ctx, ctx->target, name, text) : procfs_write_self(ctx, name, text);
}

static int write_maps(struct apply *ctx, const struct op_id_map *m, struct err *e)
{
	const char *uids, *gids;
	int r = map_text(ctx, &m->uids, &uids, e);

	if (r == 0)
		r = map_text(ctx, &m->gids, &gids, e);
	if (r < 0)
		return r;
	if (m->how == ID_MAP_SELF) {
		/* Without privilege a gid can only be mapped once setgroups is given up. */
		r = write_file(ctx, "setgroups", "deny");
		if (r < 0)
			return err_sys(e, -r, "deny setgroups");
	}
	r = write_file(ctx, "uid_map", uids);
	if (r < 0)
		return err_sys(e, -r, "write the map of user ids");
	r = write_file(ctx, "gid_map", gids);
	return r < 0 ? err_sys(e, -r, "write the map of group ids") : 0;
}

/* The helpers are set-user-id programs of the host; PATH is whatever the engine left, so known places come after it. */
static const char *find_helper(struct apply *ctx, const char *name)
{
	static const char *const dirs[] = { "/run/wrappers/bin", "/run/setuid-programs", "/usr/bin", "/usr/local/bin" };
	const char *path = getenv("PATH");

	for (const char *p = path ? path : ""; *p;) {
		size_t n = strcspn(p, ":");
		char *file = arena_printf(ctx->arena, "%.*s/%s", (int)n, p, name);

		if (n > 0 && p[0] == '/' && file && access(file, X_OK) == 0)
			return file;
		p += n + (p[n] == ':');
	}
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		char *file = arena_printf(ctx->arena, "%s/%s", dirs[i], name);

		if (file && access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

static int run_helper(struct apply *ctx, const char *name, const struct plan_id_map *m, struct err *e)
{
	char **argv = arena_array(ctx->arena, 3 * m->len + 3, sizeof *argv);
	struct sys_command_result result;
	char *env[] = { NULL };
	size_t n = 0;

	if (!argv)
		return err_oom(e);
	argv[n++] = (char *)name;
	argv[n++] = arena_printf(ctx->arena, "%ld", (long)ctx->target);
	for (size_t i = 0; i < m->len; i++) {
		argv[n++] = arena_printf(ctx->arena, "%u", m->ranges[i].container_id);
		argv[n++] = arena_printf(ctx->arena, "%u", m->ranges[i].host_id);
		argv[n++] = arena_printf(ctx->arena, "%u", m->ranges[i].size);
	}
	if (arena_failed(ctx->arena))
		return err_oom(e);
	const char *file = find_helper(ctx, name);
	if (!file)
		return err_set(
			e, ENOENT,
			"%s is not installed, and without it an ordinary user can map only the own id: install the "
			"package uidmap (shadow-utils)",
			name);
	int r = sys_command_run(&(struct sys_command){ .path = file, .argv = argv, .envp = env, .timeout = 30 },
				&result);
	if (r < 0)
		return err_sys(e, -r, "run %s", file);
	if (result.exec_error)
		return err_sys(e, result.exec_error, "run %s", file);
	if (result.timed_out)
		return err_set(e, ETIMEDOUT, "%s did not end within 30 s", file);
	if (!WIFEXITED(result.status) || WEXITSTATUS(result.status) != 0)
		return err_set(e, EPERM, "%s refused the map: %s (are the ranges in /etc/sub%s?)", file, result.output,
			       strcmp(name, "newuidmap") == 0 ? "uid" : "gid");
	return 0;
}

int apply_id_map(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_id_map *m = &op->id_map;

	if (m->how != ID_MAP_HELPERS)
		return write_maps(ctx, m, e);
	int r = run_helper(ctx, "newuidmap", &m->uids, e);
	return r < 0 ? r : run_helper(ctx, "newgidmap", &m->gids, e);
}

/* A process whose user namespace is wanted, and that does nothing else. */
static _Noreturn void hold_userns(pid_t parent)
{
	sys_die_with_parent(true);
	while (getppid() == parent)
		pause();
	_exit(1);
}

static int map_and_open(struct apply *ctx, pid_t pid, const struct op_userns *u, struct err *e)
{
	const struct op_id_map map = { u->uids, u->gids, ID_MAP_DIRECT };
	pid_t target = ctx->target;
	char path[64];
	int r, fd;

	ctx->target = pid;
	r = write_maps(ctx, &map, e);
	ctx->target = target;
	if (r < 0)
		return r;
	/* A magic link, of our own child in the checked procfs: in Linux 5.14 there is no other way to a namespace. */
	snprintf(path, sizeof path, "%ld/ns/user", (long)pid);
	fd = openat(ctx->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "open the user namespace that maps the ids") : fd;
}

static int new_userns(struct apply *ctx, const struct op_userns *u, struct err *e)
{
	_cleanup_close_ int pidfd = -1;
	pid_t self = getpid(), pid = sys_clone(&(struct sys_clone){ .flags = CLONE_NEWUSER, .cgroup_fd = -1 }, &pidfd);
	int fd;

	if (pid == 0)
		hold_userns(self);
	if (pid < 0)
		return err_sys(e, -pid, "make a user namespace that maps the ids (see user.max_user_namespaces)");
	fd = map_and_open(ctx, pid, u, e);
	sys_pidfd_kill(pidfd, SIGKILL);
	sys_wait(pid);
	return fd;
}

int apply_userns(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_userns *u = op->userns;
	int fd = u->path ? open(u->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : new_userns(ctx, u, e);

	if (fd < 0 && u->path)
		return err_sys(e, errno, "open the user namespace %s", u->path);
	if (fd < 0)
		return fd;
	ctx->slots[u->slot] = fd;
	return 0;
}
