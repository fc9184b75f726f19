/*
 * Why: the cgroup is how the kernel holds a container's processes together, so it is what a kill goes by. A path
 * alone is not enough for that: a config may name a cgroup that is already in use, and a record may outlive its
 * container. Hence the owner's name on the cgroup itself.
 */
#include "apply/cgroup.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "apply/apply.h"
#include "apply/controllers.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "sys/cgroup.h"

/* How long killed processes may take to go. */
enum { DEATH_MS = 10 * 1000 };
/* How long the kernel may take to stop them: one that waits for a disk stops when it has it. */
enum { FREEZE_MS = 10 * 1000 };

static void owner_text(const struct cgroup_owner *owner, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%s", owner->state_root, owner->id);
}

enum owned { NOBODYS, OWNED, ANOTHERS };

/* Whose mark is on it, or -errno: "cannot tell" must not be taken for "not ours", or it would be left behind. */
static int whose(int fd, const struct cgroup_owner *owner)
{
	char wanted[PATH_MAX], mark[PATH_MAX];
	int r = sys_cgroup_read_mark(fd, mark, sizeof mark);

	if (r == -ENODATA)
		return NOBODYS;
	if (r < 0)
		return r;
	owner_text(owner, wanted, sizeof wanted);
	return strcmp(mark, wanted) == 0 ? OWNED : ANOTHERS;
}

int cgroup_claim(int fd, const char *path, const struct cgroup_owner *owner, struct err *e)
{
	char text[PATH_MAX];
	int r;

	owner_text(owner, text, sizeof text);
	r = sys_cgroup_mark(fd, text);
	if (r == -EEXIST && whose(fd, owner) == OWNED)
		return 0;
	if (r == -EEXIST)
		return err_set(e, EBUSY, "the cgroup %s belongs to another container", path);
	return r < 0 ? err_sys(e, -r, "cannot mark the cgroup %s as the container's", path) : 0;
}

/* What is put into it would never run, nor its maker, who waits for it. It may be a parent that is frozen. */
static bool is_frozen(int fd)
{
	char events[128];

	return sys_cgroup_read(fd, "cgroup.events", events, sizeof events) == 0 && strstr(events, "frozen 1");
}

/* A new cgroup, or one that is empty and nobody's, marked as ours. */
static int make(struct apply *ctx, const char *path, int *ret_fd, struct err *e)
{
	const struct cgroup_owner owner = { ctx->state_root, ctx->id };
	_cleanup_close_ int fd = -1;
	bool made;
	int r;

	fd = sys_cgroup_make(path, &made);
	if (fd == -EACCES || fd == -EPERM)
		return err_set(e, -fd, "cannot make the cgroup %s: %s (to others than root, its parent must be "
			       "delegated; under systemd --systemd-cgroup does that)", path, err_name(-fd));
	if (fd < 0)
		return err_sys(e, -fd, "cannot make the cgroup %s", path);
	r = sys_cgroup_populated(fd);
	if (r < 0 && made)
		sys_cgroup_remove(path, false);
	if (r < 0)
		return err_sys(e, -r, "cannot tell whether the cgroup %s is in use", path);
	if (r > 0)
		return err_set(e, EBUSY, "the cgroup %s is in use: there are processes in it", path);
	if (is_frozen(fd)) {
		if (made)
			sys_cgroup_remove(path, false);
		return err_set(e, EBUSY, "the cgroup %s is frozen, or one above it: thaw it (cgroup.freeze)", path);
	}
	r = cgroup_claim(fd, path, &owner, e);
	if (r < 0 && r != -EBUSY && made)
		sys_cgroup_remove(path, false);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

/*
 * Whether a container that did not ask for a cgroup may go without: because this user, or this host, has none to give,
 * or (EBUSY) because a container of the same id in another state root has it. Anything else is a failure as any other.
 */
static bool may_go_without(int r)
{
	return r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOENT || r == -ENODEV || r == -EBUSY;
}

int apply_cgroup(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_cgroup *cgroup = &op->cgroup;
	_cleanup_close_ int fd = -1;
	int r;

	r = make(ctx, cgroup->path, &fd, e);
	/* A user who was given a cgroup to divide, but not the right to move processes in it. */
	if (r == 0 && !cgroup->required && !sys_cgroup_may_enter(fd)) {
		sys_cgroup_remove(cgroup->path, false);
		r = err_set(e, EACCES, "cannot enter the cgroup %s", cgroup->path);
	}
	if (r < 0 && !cgroup->required && may_go_without(r)) {
		log_write(r == -EBUSY ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "no cgroup for the container: %s",
			  e->text);
		return 0;
	}
	if (r < 0)
		return r;
	if (cgroup->required)
		controllers_enable_all(cgroup->path, fd);
	ctx->cgroup_path = cgroup->path;
	ctx->cgroup_fd = take_fd(&fd);
	return 0;
}

/* ---- signals ---- */

struct delivery {
	int signal;
	int sent;
	int error;
};

static int send_to(pid_t pid, void *data)
{
	struct delivery *d = data;

	if (kill(pid, d->signal) == 0)
		d->sent++;
	else if (errno != ESRCH)
		d->error = errno;
	return 0;
}

/* Frozen, none of them can fork or end, so that each pid in the list is what it was when it was read. */
static int send_frozen(int fd, struct delivery *d)
{
	char state[8] = "";
	bool frozen_before;
	int r;

	r = sys_cgroup_read(fd, "cgroup.freeze", state, sizeof state);
	if (r < 0)
		return r;
	frozen_before = state[0] == '1';
	if (!frozen_before)
		r = sys_cgroup_write(fd, "cgroup.freeze", "1");
	if (r < 0)
		return r;
	r = sys_cgroup_each_pid(fd, send_to, d);
	if (!frozen_before) {
		int thawed = sys_cgroup_write(fd, "cgroup.freeze", "0");

		r = r < 0 ? r : thawed;
	}
	return r;
}

/* It may go under our hands: systemd removes that of a unit as soon as there is no process in it. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

bool cgroup_holds_any(const char *path, const struct cgroup_owner *owner)
{
	_cleanup_close_ int fd = sys_cgroup_open(path);

	return fd >= 0 && whose(fd, owner) == OWNED && sys_cgroup_populated(fd) > 0;
}

int cgroup_signal(const char *path, const struct cgroup_owner *owner, int signal, struct err *e)
{
	_cleanup_close_ int fd = sys_cgroup_open(path);
	struct delivery d = { .signal = signal };
	int r;

	if (fd == -ENOENT || fd == -ENODEV)
		return 0;
	if (fd < 0)
		return err_sys(e, -fd, "cannot open the cgroup %s", path);
	r = whose(fd, owner);
	if (r < 0 && !is_gone(r))
		return err_sys(e, -r, "cannot tell whose the cgroup %s is", path);
	if (r != OWNED)
		return 0;
	r = sys_cgroup_populated(fd);
	if (r > 0)
		r = signal == SIGKILL ? sys_cgroup_write(fd, "cgroup.kill", "1") : send_frozen(fd, &d);
	if (r < 0 && !is_gone(r))
		return err_sys(e, -r, "cannot send signal %d to the processes in the cgroup %s", signal, path);
	if (d.error)
		return err_sys(e, d.error, "cannot send signal %d to all processes in the cgroup %s", signal, path);
	return 0;
}

int cgroup_destroy(const char *path, const struct cgroup_owner *owner, struct err *e)
{
	_cleanup_close_ int fd = sys_cgroup_open(path);
	int r;

	if (fd == -ENOENT || fd == -ENODEV)
		return 0;
	if (fd < 0)
		return err_sys(e, -fd, "cannot open the cgroup %s", path);
	r = whose(fd, owner);
	if (r < 0)
		return err_sys(e, -r, "cannot tell whose the cgroup %s is", path);
	if (r != OWNED) {
		/* If we were killed between making and marking it, it is ours all the same: empty, and nobody's. */
		if (r == ANOTHERS || sys_cgroup_remove(path, false) < 0)
			log_debug("the cgroup %s is not this container's, left alone", path);
		return 0;
	}
	r = sys_cgroup_write(fd, "cgroup.kill", "1");
	if (r == 0)
		r = sys_cgroup_wait_empty(fd, DEATH_MS);
	if (r == -ETIMEDOUT)
		return err_set(e, ETIMEDOUT, "processes in the cgroup %s do not die", path);
	if (r == 0)
		r = sys_cgroup_remove(path, true);
	return r < 0 ? err_sys(e, -r, "cannot remove the cgroup %s", path) : 0;
}

/* ---- what is done to a container that lives ---- */

static int open_owned(const char *path, const struct cgroup_owner *owner, struct err *e)
{
	_cleanup_close_ int fd = sys_cgroup_open(path);
	int r;

	if (fd == -ENOENT || fd == -ENODEV)
		return err_set(e, ENOENT, "there is no cgroup %s", path);
	r = fd < 0 ? fd : whose(fd, owner);
	if (r < 0)
		return err_sys(e, -r, "cannot open the cgroup %s", path);
	if (r != OWNED)
		return err_set(e, ENOENT, "the cgroup %s is not this container's", path);
	return take_fd(&fd);
}

int cgroup_freeze(const char *path, const struct cgroup_owner *owner, bool freeze, struct err *e)
{
	_cleanup_close_ int fd = open_owned(path, owner, e);
	int r;

	if (fd < 0)
		return fd;
	r = sys_cgroup_write(fd, "cgroup.freeze", freeze ? "1" : "0");
	if (r == 0)
		r = sys_cgroup_wait_frozen(fd, freeze, FREEZE_MS);
	if (r < 0 && freeze)
		sys_cgroup_write(fd, "cgroup.freeze", "0");
	if (r < 0)
		return err_sys(e, -r, "cannot %s the cgroup %s", freeze ? "freeze" : "thaw", path);
	return 0;
}

int cgroup_is_frozen(int all, const char *path, const struct cgroup_owner *owner, struct err *e)
{
	/* Nearly none is: for many, the fewest calls that tell. */
	int r = all < 0 ? 1 : sys_cgroup_read_flag(all, path, "cgroup.freeze");
	_cleanup_close_ int fd = -1;
	char state[8] = "";

	if (r > 0)
		r = fd = sys_cgroup_open(path);
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (fd >= 0)
		r = sys_cgroup_read(fd, "cgroup.freeze", state, sizeof state);
	if (r == 0 && state[0] == '1')
		r = whose(fd, owner);
	if (r < 0)
		return err_sys(e, -r, "cannot tell whether the cgroup %s is frozen", path);
	return state[0] == '1' && r == OWNED;
}

int cgroup_enter(const char *path, const struct cgroup_owner *owner, const char *below, int *ret_fd, struct err *e)
{
	_cleanup_close_ int fd = open_owned(path, owner, e), child = -1;

	if (fd < 0)
		return fd;
	if (below) {
		child = sys_cgroup_open_below(fd, below);
		if (child < 0)
			return err_sys(e, -child, "open \"%s\" below the container's cgroup", below);
	}
	*ret_fd = take_fd(below ? &child : &fd);
	return 0;
}

int cgroup_each_pid(const char *path, const struct cgroup_owner *owner, int (*visit)(pid_t pid, void *data), void *data,
		    struct err *e)
{
	_cleanup_close_ int fd = open_owned(path, owner, e);
	int r;

	if (fd < 0)
		return fd;
	r = sys_cgroup_each_pid(fd, visit, data);
	return r < 0 ? err_sys(e, -r, "cannot list the processes in the cgroup %s", path) : 0;
}
