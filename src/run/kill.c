/* Why: `kill` (runtime.md, "Kill"). */
#include <signal.h>

#include "apply/cgroup.h"
#include "base/cleanup.h"
#include "run/open.h"
#include "sys/process.h"

static int kill_opened(struct run_context *c, const struct opened *o, int signal, bool all, struct err *e)
{
	const struct cgroup_owner owner = { c->root, o->dir.id };
	const char *cgroup = o->record->cgroup_path;
	_cleanup_close_ int fd = -1;
	int r;

	/* Engines send it after init has died as well, to get the rest; there may be none. */
	if (all && cgroup)
		return cgroup_signal(cgroup, &owner, signal, e);
	fd = container_pidfd(c, o, e);
	if (fd == -ESRCH && all)
		return 0;
	/* Without a pid namespace of its own, the others may still be there. */
	if (fd == -ESRCH && signal == SIGKILL && cgroup && cgroup_holds_any(cgroup, &owner))
		return cgroup_signal(cgroup, &owner, signal, e);
	if (fd == -ESRCH)
		return err_set(e, ESRCH, "container not running");
	if (fd < 0)
		return fd;
	r = sys_pidfd_kill(fd, signal);
	if (r == -ESRCH)
		return err_set(e, ESRCH, "container not running");
	if (r < 0)
		return err_sys(e, -r, "send signal %d to process %ld", signal, (long)o->record->pid);
	return signal == SIGKILL && cgroup ? cgroup_signal(cgroup, &owner, signal, e) : 0;
}

int run_kill(struct run_context *c, const char *id, int signal, bool all, struct err *e)
{
	struct opened o;
	int r = container_open(c, id, &o, e);

	if (r == -ENODATA)
		err_set(e, EINVAL, "container \"%s\": its creation was interrupted: delete --force removes it", id);
	if (r == 0)
		r = kill_opened(c, &o, signal, all, e);
	state_close(&o.dir);
	return r;
}
