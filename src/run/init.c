/*
 * Why: the bodies of the two processes that the runtime makes. Both are forks of it: they share its memory image and
 * nothing of it needs to be passed on. What goes wrong is sent to the runtime as the last message.
 *
 * Neither may outlive the runtime before the container's state is durable: the kernel kills them with their parent
 * (PR_SET_PDEATHSIG, which a change of credentials takes away), and each wait for a message ends when the runtime's
 * end of the socket closes.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "run/container.h"
#include "run/sync.h"
#include "sys/creds.h"
#include "sys/exec.h"
#include "sys/process.h"

static _Noreturn void fail(int fd, const struct err *e)
{
	sync_send_error(fd, e);
	_exit(1);
}

/* The stage is run by the process at the other end of the pair: the runtime, or outer for init's id maps. */
static int call(struct apply *ctx, enum plan_stage stage, struct err *e)
{
	struct container *c = ctx->run;
	/*
	 * Who makes a user namespace knows that its maps are due. Outer, with namespaces to join first, unshares
	 * later.
	 */
	bool ask = stage == STAGE_DEVICES || stage == STAGE_HOOKS || (stage == STAGE_FOR_OUTER && !c->plan.outer_flags);
	int r = ask ? sync_send(c->sync[1], SYNC_CALL, (int)stage) : 0;

	if (r < 0)
		return err_sys(e, -r, "ask the runtime for the stage %s", plan_stage_name(stage));
	return sync_expect(c->sync[1], SYNC_DONE, e);
}

static int make_init(struct container *c, struct err *e)
{
	struct sys_clone how = { .flags = c->plan.init_flags | CLONE_PARENT, .cgroup_fd = -1 };
	pid_t pid;
	int r;

	/*
	 * Becoming another user has made us, and would make init, root's in /proc: then we could not write its id
	 * maps.
	 */
	if (c->plan.outer_userns) {
		r = sys_set_dumpable(true);
		if (r < 0)
			return err_sys(e, -r, "own the first process's files in /proc");
	}
	pid = sys_clone(&how, &c->init_pidfd);
	if (pid < 0)
		return err_sys(e, -pid, "make the container's first process");
	if (pid == 0)
		container_init(c);
	if (c->plan.outer_userns) {
		c->apply.target = pid;
		r = apply_stage(&c->apply, STAGE_FOR_INIT, e);
		/* To init's end, which ours of the runtime's leads to. */
		if (r == 0 && plan_calls(&c->plan, STAGE_FOR_INIT))
			r = sync_send(c->sync[0], SYNC_DONE, 0);
		if (r < 0)
			return r;
	}
	r = sync_send(c->sync[1], SYNC_INIT, pid);
	return r < 0 ? err_sys(e, -r, "tell the runtime about the first process") : 0;
}

_Noreturn void container_outer(struct container *c)
{
	struct err e = { 0 };
	int r;

	state_close(&c->dir);
	/* It may have died before we asked; and as long as we hold its end of the socket, no wait of ours would end. */
	if (sys_die_with_parent(true) < 0 || getppid() != c->runtime_pid)
		_exit(1);
	sys_set_name("cloister:outer");
	umask(022);
	c->apply.run = c;
	c->apply.call = call;
	c->apply.target = 0;
	r = apply_stage(&c->apply, STAGE_OUTER, &e);
	if (r == 0)
		r = make_init(c, &e);
	if (r < 0 && !e.num)
		err_sys(&e, -r, "make the container's first process");
	if (r < 0)
		fail(c->sync[1], &e);
	_exit(0);
}

/* A starter that goes away without a word has started nothing: the next one may. */
static int wait_for_start(struct container *c, struct err *e)
{
	for (;;) {
		struct sync_message m;
		int fd, r;

		do
			fd = accept4(c->start_socket, NULL, NULL, SOCK_CLOEXEC);
		while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
		if (fd < 0)
			return err_sys(e, errno, "wait for start");
		r = sync_recv(fd, &m);
		if (r == 1 && m.type == SYNC_START) {
			close_fd(&c->start_socket);
			return fd;
		}
		close(fd);
	}
}

static void restore_file_limit(const struct container *c)
{
	struct rlimit l;

	if (!c->soft_files || getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	l.rlim_cur = c->soft_files;
	setrlimit(RLIMIT_NOFILE, &l);
}

static const char *state_for_hook(struct apply *ctx, enum hook_kind kind)
{
	struct container *c = ctx->run;

	/* In the container's namespaces the pid is the one seen there (runtime.md, "State"). */
	return container_state_json(c, kind == HOOK_START_CONTAINER ? OCI_STATUS_CREATED : OCI_STATUS_CREATING,
				    getpid());
}

static const char *process_state(struct apply *ctx, const char *metadata)
{
	struct container *c = ctx->run;

	return container_process_state_json(c, metadata, c->init_pid);
}

/* Our pid as the runtime sees it: nobody has told us, and the host's /proc will be out of reach. */
static void note_pid(struct container *c)
{
	char self[32];
	ssize_t n = readlinkat(c->apply.proc_fd, "self", self, sizeof self - 1);

	self[n > 0 ? n : 0] = '\0';
	c->init_pid = (pid_t)strtol(self, NULL, 10);
}

/*
 * What led to the host is closed for good, before the container's own files are looked at: a path of the container
 * such as /proc/self/fd/5/.. would lead there as well (CVE-2024-21626).
 */
static int close_descriptors(struct container *c, struct err *e)
{
	int keep[] = { c->sync[1], c->start_socket, c->apply.listener_fd, log_fd() };
	int r = sys_close_all_but(3 + c->options->preserve_fds, keep, sizeof keep / sizeof *keep);

	return r < 0 ? err_sys(e, -r, "close descriptors") : 0;
}

/* In a new user namespace the files in /proc must stay ours until the id maps are written. */
static bool awaits_maps(const struct container *c)
{
	return c->plan.outer_userns || (c->plan.init_flags & CLONE_NEWUSER);
}

/* Nobody in a joined pid namespace may trace us (I7). */
static int begin_init(struct container *c, struct err *e)
{
	int r = sys_die_with_parent(true);

	sys_set_name("cloister:init");
	if (r == 0 && setsid() < 0)
		r = -errno;
	if (r == 0 && !awaits_maps(c))
		r = sys_set_dumpable(false);
	return r < 0 ? err_sys(e, -r, "become the first process of a container") : 0;
}

/* Up to "created", and the runtime's word that the state says so. */
static int be_created(struct container *c, struct err *e)
{
	int r = awaits_maps(c) ? sys_set_dumpable(false) : 0;

	if (r < 0)
		return err_sys(e, -r, "forbid tracing");
	r = close_descriptors(c, e);
	if (r < 0)
		return r;
	r = apply_stage(&c->apply, STAGE_CREATED, e);
	if (r < 0)
		return r;
	/*
	 * From here on a dead runtime is seen by the end of the connection, and one that has ended well is no
	 * reason to die.
	 */
	r = sys_die_with_parent(false);
	if (r == 0)
		r = sync_send(c->sync[1], SYNC_READY, 0);
	if (r < 0)
		return err_sys(e, -r, "tell the runtime that the container is created");
	return sync_expect(c->sync[1], SYNC_RELEASE, e);
}

_Noreturn void container_init(struct container *c)
{
	int start = c->sync[1], r;
	struct err e = { 0 };
	mode_t mask;

	close_fd(&c->sync[0]);
	state_close(&c->dir);
	mask = umask(022);
	c->apply.run = c;
	c->apply.call = call;
	c->apply.state_json = state_for_hook;
	c->apply.process_state = process_state;
	c->apply.target = 0;
	if (c->apply.listener_fd >= 0)
		note_pid(c);
	r = begin_init(c, &e);
	if (r == 0)
		r = apply_stage(&c->apply, STAGE_INIT, &e);
	if (r == 0)
		r = be_created(c, &e);
	if (r < 0)
		fail(c->sync[1], &e);

	if (!c->start_over_sync) {
		close_fd(&c->sync[1]);
		start = wait_for_start(c, &e);
		if (start < 0)
			_exit(1);
	}
	umask(mask);
	restore_file_limit(c);
	apply_stage(&c->apply, STAGE_START, &e);
	fail(start, &e);
}
