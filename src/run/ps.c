/*
 * Why: which processes are a container's. Its cgroup says so; where the caller may make none, its pid namespace
 * does, which nothing in it can leave.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "apply/cgroup.h"
#include "base/cleanup.h"
#include "run/open.h"

struct pids {
	struct arena *arena;
	pid_t *items;
	size_t len;
};

static int add(pid_t pid, void *data)
{
	struct pids *p = data;
	pid_t *slot = arena_push(p->arena, &p->items, &p->len, sizeof *slot);

	if (!slot)
		return -ENOMEM;
	*slot = pid;
	return 0;
}

/* -errno: it has ended, or it is somebody's whom we may not look at, and so none of ours. */
static int pid_namespace(int proc_fd, const char *pid, struct stat *ret)
{
	char path[64];

	snprintf(path, sizeof path, "%.20s/ns/pid", pid);
	return fstatat(proc_fd, path, ret, 0) < 0 ? -errno : 0;
}

static int in_namespace(struct run_context *c, pid_t init, struct pids *pids, struct err *e)
{
	int copy = openat(c->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct stat ours, wanted, found;
	struct dirent *entry;
	char number[24];
	int r;

	if (!d) {
		r = err_sys(e, errno, "list /proc");
		close_fd(&copy);
		return r;
	}
	snprintf(number, sizeof number, "%ld", (long)init);
	r = pid_namespace(c->proc_fd, number, &wanted);
	if (r == 0)
		r = pid_namespace(c->proc_fd, "self", &ours);
	if (r < 0)
		return err_sys(e, -r, "look at the pid namespace of process %s", number);
	if (wanted.st_ino == ours.st_ino && wanted.st_dev == ours.st_dev)
		return err_set(e, ENOTSUP,
			       "the container has neither a cgroup nor a pid namespace of its own: nothing tells its "
			       "processes from others");
	while ((entry = readdir(d))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9' ||
		    pid_namespace(c->proc_fd, entry->d_name, &found) < 0)
			continue;
		if (found.st_ino == wanted.st_ino && found.st_dev == wanted.st_dev &&
		    add((pid_t)strtol(entry->d_name, NULL, 10), pids) < 0)
			return err_oom(e);
	}
	return 0;
}

static int list(struct run_context *c, const struct opened *o, struct pids *pids, struct err *e)
{
	const struct cgroup_owner owner = { c->root, o->dir.id };
	int r = o->record->cgroup_path ? cgroup_each_pid(o->record->cgroup_path, &owner, add, pids, e) : -ENOENT;

	/* A container that has ended may have left others in its cgroup, but nobody in its pid namespace. */
	if (r == -ENOENT)
		r = o->status == OCI_STATUS_STOPPED ? 0 : in_namespace(c, (pid_t)o->record->pid, pids, e);
	return r;
}

int run_ps(struct run_context *c, const char *id, pid_t **ret, size_t *ret_len, struct err *e)
{
	struct pids pids = { .arena = c->arena };
	struct opened o;
	int r = container_open(c, id, &o, e);

	if (r == -ENODATA || (r == 0 && o.status == OCI_STATUS_CREATING))
		r = err_set(e, EINVAL, "container \"%s\": its creation was interrupted: delete --force removes it", id);
	if (r == 0)
		r = list(c, &o, &pids, e);
	state_close(&o.dir);
	*ret = pids.items;
	*ret_len = pids.len;
	return r;
}
