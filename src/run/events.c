/*
 * Why: `events`. It watches a container from outside, without its lock: everybody else goes on. The container's first
 * process ends the watch; the kernel says itself when something was killed for want of memory.
 */
#include <poll.h>
#include <time.h>

#include "apply/cgroup.h"
#include "apply/stats.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "run/open.h"

struct watch {
	const struct run_events_options *options;
	int cgroup_fd, pidfd;
	int oom_fd;     /* -1: nothing tells */
	uint64_t kills; /* that were reported */
};

static int open_watch(struct run_context *c, struct watch *w, struct err *e)
{
	const char *id = w->options->id;
	const struct cgroup_owner owner = { c->root, id };
	struct opened o;
	int r = container_open(c, id, &o, e);

	if (r == -ENODATA || (r == 0 && o.status == OCI_STATUS_CREATING))
		r = err_set(e, EINVAL, "container \"%s\": its creation was interrupted: delete --force removes it", id);
	if (r == 0)
		r = w->pidfd = container_pidfd(c, &o, e);
	if (r == -ESRCH)
		r = err_set(e, EINVAL, "container \"%s\": container not running", id);
	if (r >= 0)
		r = o.record->cgroup_path ? cgroup_enter(o.record->cgroup_path, &owner, NULL, &w->cgroup_fd, e)
					  : -ENOENT;
	if (r == -ENOENT && w->pidfd >= 0)
		err_set(e, ENOTSUP, "container \"%s\" has no cgroup of its own: nothing counts what it uses", id);
	state_close(&o.dir);
	return r;
}

static bool has_ended(const struct watch *w)
{
	struct pollfd end = { .fd = w->pidfd, .events = POLLIN };

	return poll(&end, 1, 0) > 0;
}

static int report_stats(struct watch *w, struct err *e)
{
	/* One for each, since a watch may last for years. */
	_cleanup_arena_ struct arena *a = arena_new();
	struct cgroup_stats stats;
	int r = a ? cgroup_read_stats(a, w->cgroup_fd, &stats, e) : err_oom(e);

	/* Of one that ends under our eyes, who knows what was read. */
	if (!w->options->once && has_ended(w))
		return 0;
	return r < 0 ? r : w->options->report(w->options->data, &stats, e);
}

/* One report, however many were killed since the last. */
static int report_oom(struct watch *w, struct err *e)
{
	uint64_t kills = 0;
	int r = cgroup_count_oom(w->oom_fd, &kills);

	if (r == -ENODEV) /* the cgroup is gone; the end is near */
		close_fd(&w->oom_fd);
	else if (r < 0)
		return err_sys(e, -r, "read memory.events of the container's cgroup");
	if (kills <= w->kills)
		return 0;
	w->kills = kills;
	return w->options->report(w->options->data, NULL, e);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until the first process has ended. */
static int follow(struct watch *w, struct err *e)
{
	int64_t due = now_ms() + w->options->interval_ms;
	bool ended = false;
	int r = 0;

	while (!ended && r == 0) {
		struct pollfd fds[] = { { .fd = w->pidfd, .events = POLLIN }, { .fd = w->oom_fd, .events = POLLPRI } };
		int64_t left = due - now_ms();

		if (poll(fds, 2, left > INT32_MAX ? INT32_MAX : left > 0 ? (int)left : 0) < 0 && errno != EINTR)
			return err_sys(e, errno, "wait for events");
		ended = fds[0].revents;
		if (w->oom_fd >= 0)
			r = report_oom(w, e);
		if (r == 0 && !ended && now_ms() >= due) {
			due += w->options->interval_ms;
			r = report_stats(w, e);
		}
	}
	return r;
}

int run_events(struct run_context *c, const struct run_events_options *options, struct err *e)
{
	struct watch w = { .options = options, .cgroup_fd = -1, .pidfd = -1, .oom_fd = -1 };
	int r = open_watch(c, &w, e);

	if (r >= 0 && options->once) {
		r = report_stats(&w, e);
	} else if (r >= 0) {
		w.oom_fd = cgroup_watch_oom(w.cgroup_fd);
		if (w.oom_fd < 0)
			log_warning("no out-of-memory events: the cgroup of container \"%s\" has no controller memory",
				    options->id);
		else
			cgroup_count_oom(w.oom_fd, &w.kills);
		r = follow(&w, e);
	}
	close_fd(&w.oom_fd);
	close_fd(&w.cgroup_fd);
	close_fd(&w.pidfd);
	return r < 0 ? r : 0;
}
