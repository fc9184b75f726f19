/*
 * Why: the runtime's side of the conversation (sync.h) with the processes that it makes: it serves the stages that they
 * wait for, gets to know init, and releases it once the record names it.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/stats.h"
#include "base/cleanup.h"
#include "run/container.h"
#include "run/pid_file.h"
#include "run/sync.h"
#include "state/process.h"
#include "sys/process.h"

/* Its part is done, but until it is waited for it counts as one of the cgroup's processes. */
static void end_outer(struct container *c)
{
	if (c->outer_pid <= 0)
		return;
	sys_wait(c->outer_pid);
	c->outer_pid = 0;
	close_fd(&c->outer_pidfd);
}

static bool limits_processes(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].stage == STAGE_READY && p->ops[i].type == OP_CGROUP_WRITE)
			return true;
	return false;
}

int container_release(struct container *c, struct err *e)
{
	int r = state_process_start_time(c->context->proc_fd, c->init_pid, &c->record.pid_start_time, e);

	if (r < 0)
		return r;
	c->record.pid = c->init_pid;
	c->record.has_pid = c->record.has_pid_start_time = true;
	/* One that was planned, but that this user may not have: a signal to all in it would reach nobody. */
	c->record.cgroup_path = (char *)c->apply.cgroup_path;
	if (!c->start_over_sync)
		c->record.status = OCI_STATUS_CREATED;
	c->apply.target = c->init_pid;
	if (limits_processes(&c->plan))
		end_outer(c);
	r = apply_stage(&c->apply, STAGE_READY, e);
	if (r == 0)
		r = state_write(&c->dir, &c->record, e);
	if (r == 0 && c->options->pid_file)
		r = pid_file_write(c->options->pid_file, c->init_pid, e);
	if (r < 0)
		return r;
	r = sync_send(c->sync[0], SYNC_RELEASE, 0);
	if (r < 0)
		return err_sys(e, -r, "release the first process");
	c->released = true;
	return 0;
}

int container_serve_stage(struct container *c, enum plan_stage stage, pid_t target, struct err *e)
{
	int r;

	if (!plan_calls(&c->plan, stage))
		return 0;
	c->apply.target = target;
	r = apply_stage(&c->apply, stage, e);
	if (r < 0)
		return r;
	r = sync_send(c->sync[0], SYNC_DONE, 0);
	return r < 0 ? err_sys(e, -r, "answer the container's process") : 0;
}

/* `run` lets init go at once: it then never waits for us, unless for devices, or a hook of ours before the start. */
static bool releases_early(const struct container *c)
{
	return c->start_over_sync && !plan_calls(&c->plan, STAGE_DEVICES) && !plan_calls(&c->plan, STAGE_HOOKS);
}

int container_adopt(struct container *c, pid_t pid, struct err *e)
{
	int r = 0;

	c->init_pid = pid;
	if (c->init_pidfd < 0)
		c->init_pidfd = sys_pidfd_open(pid);
	if (c->init_pidfd < 0)
		return err_sys(e, -c->init_pidfd, "open the first process");
	if (!c->plan.outer_userns)
		r = container_serve_stage(c, STAGE_FOR_INIT, pid, e);
	if (r == 0 && releases_early(c))
		r = container_release(c, e);
	/* It may have failed and ended by now. Then its last words are still to be read, and say why. */
	return r == -ESRCH || r == -EPIPE ? 0 : r;
}

#define LACKED_MEMORY "%s was killed for want of memory: linux.resources.memory.limit is too low for it"

/* True if that is how it ended: for want of memory in the cgroup. */
static bool lacked_memory(const struct container *c, int status)
{
	_cleanup_close_ int watch = c->apply.cgroup_fd < 0 ? -1 : cgroup_watch_oom(c->apply.cgroup_fd);
	uint64_t kills;

	return watch >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL &&
	       cgroup_count_oom(watch, &kills) == 0 && kills > 0;
}

static int describe_death(const struct container *c, pid_t *pid, const char *who, struct err *e)
{
	int status = sys_wait(*pid);

	*pid = 0;
	if (status >= 0 && lacked_memory(c, status))
		return err_set(e, ENOMEM, LACKED_MEMORY, who);
	if (status >= 0 && WIFSIGNALED(status))
		return err_set(e, ECHILD, "%s was killed by signal %d before the container was created", who,
			       WTERMSIG(status));
	return err_set(e, ECHILD, "%s ended before the container was created", who);
}

/*
 * A message, or the death of outer without one. Outer's last message is in the socket before its death is seen, so the
 * socket is asked first.
 */
static int next_message(struct container *c, struct sync_message *m, struct err *e)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = c->sync[0], .events = POLLIN },
					{ .fd = c->outer_pidfd, .events = POLLIN } };
		int r = poll(fds, 2, -1);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, errno, "wait for the container's processes");
		r = fds[0].revents ? sync_recv(c->sync[0], m) : 0;
		if (r > 0)
			return 0;
		if (r < 0 && r != -ECONNRESET)
			return err_sys(e, -r, "read from the container's processes");
		if (c->outer_pid > 0) {
			/* Outer has ended, as it should once init exists. */
			int status = sys_wait(c->outer_pid);
			bool made_init = status == 0 && c->init_pid > 0;

			close_fd(&c->outer_pidfd);
			c->outer_pid = 0;
			if (made_init)
				continue;
			if (lacked_memory(c, status))
				return err_set(e, ENOMEM, LACKED_MEMORY, "the process that makes the first one");
			return err_set(e, ECHILD,
				       "the process that makes the container's first one ended with status %#x",
				       status);
		}
		return describe_death(c, &c->init_pid, "the container's first process", e);
	}
}

/* Init may be faster than outer, which says who it is. It waits for our answer, so the next word is outer's. */
static int await_init(struct container *c, struct err *e)
{
	struct sync_message m;
	int r;

	if (c->init_pid > 0)
		return 0;
	r = next_message(c, &m, e);
	if (r < 0)
		return r;
	if (m.type == SYNC_INIT)
		return container_adopt(c, m.value, e);
	if (m.type != SYNC_ERROR)
		return err_set(e, EBADMSG, "unexpected message %d from the container", (int)m.type);
	*e = m.err;
	return -(e->num ? e->num : EIO);
}

static int serve_call(struct container *c, int stage, struct err *e)
{
	int r;

	if (stage == STAGE_FOR_OUTER && c->outer_pid > 0)
		return container_serve_stage(c, STAGE_FOR_OUTER, c->outer_pid, e);
	if (stage != STAGE_DEVICES && stage != STAGE_HOOKS)
		return err_set(e, EBADMSG, "unexpected call of stage %d", stage);
	r = await_init(c, e);
	return r < 0 ? r : container_serve_stage(c, (enum plan_stage)stage, c->init_pid, e);
}

int container_serve(struct container *c, struct err *e)
{
	struct sync_message m;
	int r;

	for (;;) {
		r = next_message(c, &m, e);
		if (r < 0)
			return r;
		switch (m.type) {
		case SYNC_CALL:
			r = serve_call(c, m.value, e);
			if (r < 0)
				return r;
			break;
		case SYNC_INIT:
			r = container_adopt(c, m.value, e);
			if (r < 0)
				return r;
			break;
		case SYNC_READY:
			return await_init(c, e);
		case SYNC_ERROR:
			*e = m.err;
			return -(e->num ? e->num : EIO);
		case SYNC_DONE:
		case SYNC_RELEASE:
		case SYNC_START:
			return err_set(e, EBADMSG, "unexpected message %d from the container", (int)m.type);
		}
	}
}
