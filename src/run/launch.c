/*
 * Why: the way from a plan to a created container, in an order in which a kill at any instruction leaves something that
 * `delete --force` cleans up (R2): the record with the planned cgroup is written before the first side effect, and init
 * dies with the runtime until the record names it.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/rdt.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "run/container.h"
#include "run/helper.h"
#include "run/open.h"
#include "run/systemd.h"
#include "run/sync.h"
#include "sys/process.h"
#include "sys/socket.h"

static const char *state_for_hook(struct apply *ctx, enum hook_kind kind)
{
	struct container *c = ctx->run;

	(void)kind;
	return container_state_json(c, OCI_STATUS_CREATING, c->init_pid);
}

/* Descriptor-relative, since the path of a state directory may be longer than sun_path. */
static int listen_for_start(struct container *c, struct err *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/%s", c->dir.fd, STATE_FILE_SOCKET);
	c->start_socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->start_socket < 0 || bind(c->start_socket, (struct sockaddr *)&addr, sizeof addr) < 0 ||
	    listen(c->start_socket, 1) < 0)
		return err_sys(e, errno, "make the socket for start");
	return 0;
}

/* A plan with many slots needs many descriptors at once; init gets the caller's limit back before it starts. */
static void raise_file_limit(struct container *c)
{
	struct rlimit l;

	if (c->plan.slots < 256 || getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur >= l.rlim_max)
		return;
	c->soft_files = l.rlim_cur;
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
}

int container_prepare(struct container *c, struct err *e)
{
	struct apply *ctx = &c->apply;
	int r;

	*ctx = (struct apply){
		.arena = c->context->arena,
		.plan = &c->plan,
		.id = c->options->id,
		.bundle = c->bundle,
		.state_root = c->context->root,
		.proc_fd = c->context->proc_fd,
		.systemd_helper = c->plan.unit ? run_helper_path(RUN_HELPER_SYSTEMD) : NULL,
		.root_fd = -1,
		.dir_fd = -1,
		.group_fd = -1,
		.cgroup_fd = -1,
		.console_fd = -1,
		.listener_fd = -1,
		.mask_fd = -1,
		.nodes_fd = -1,
		.slots = arena_array(c->context->arena, c->plan.slots, sizeof(int)),
		.state_json = state_for_hook,
		.run = c,
	};
	if (!ctx->slots)
		return err_oom(e);
	for (size_t i = 0; i < c->plan.slots; i++)
		ctx->slots[i] = -1;
	raise_file_limit(c);
	r = sync_pair(c->sync);
	if (r < 0)
		return err_sys(e, -r, "make a socket pair");
	if (!c->start_over_sync) {
		r = listen_for_start(c, e);
		if (r < 0)
			return r;
	}
	if (c->options->console_socket) {
		ctx->console_fd = sys_socket_connect(c->options->console_socket);
		if (ctx->console_fd < 0)
			return err_sys(e, -ctx->console_fd, "connect to the console socket %s",
				       c->options->console_socket);
	} else if (c->record.terminal) {
		r = sys_socket_pair(c->console);
		if (r < 0)
			return err_sys(e, -r, "make a socket pair");
		ctx->console_fd = c->console[1];
	}
	return apply_stage(ctx, STAGE_RUNTIME, e);
}

static int make_process(struct container *c, struct err *e)
{
	bool outer = c->plan.has_outer;
	/*
	 * Outer is put into the cgroup as well, for init to be born there: as the container's root it could not do
	 * it.
	 */
	struct sys_clone how = { .flags = outer ? c->plan.outer_flags : c->plan.init_flags,
				 .cgroup_fd = c->apply.cgroup_fd };
	int pidfd = -1;
	pid_t pid;

	c->runtime_pid = getpid();
	pid = sys_clone(&how, &pidfd);

	if (pid == -EPERM || pid == -ENOSPC)
		return err_sys(e, -pid, "make the container's namespaces (are user namespaces allowed here? see "
			       "user.max_user_namespaces and kernel.unprivileged_userns_clone)");
	if (pid < 0)
		return err_sys(e, -pid, "make the container's first process");
	if (pid == 0)
		outer ? container_outer(c) : container_init(c);
	close_fd(&c->sync[1]);
	/* The one at the other end must see init's end close. */
	close_fd(&c->apply.listener_fd);
	if (!outer) {
		c->init_pidfd = pidfd;
		return container_adopt(c, pid, e);
	}
	c->outer_pid = pid;
	c->outer_pidfd = pidfd;
	if (!c->plan.outer_flags)
		return 0;
	int r = container_serve_stage(c, STAGE_FOR_OUTER, pid, e);
	/* As in container_adopt: outer may have failed and ended, and its last words say why. */
	return r == -ESRCH || r == -EPIPE ? 0 : r;
}

/* Whoever has become us by exec may have left us children, which never end on our account. */
static bool has_children(void)
{
	siginfo_t ignored;

	return waitid(P_ALL, 0, &ignored, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static int launch(struct container *c, struct err *e)
{
	int r;

	c->foreign_children = has_children();
	r = container_prepare(c, e);

	if (r == 0)
		r = make_process(c, e);
	/* For `exec`. Now, because the container's processes are at work meanwhile. */
	if (r == 0)
		r = state_write_config(&c->dir, c->spec, e);
	if (r == 0)
		r = container_serve(c, e);
	if (r < 0 || c->released)
		return r;
	r = container_release(c, e);
	/* It has ended, and perhaps said why. */
	return r == -EPIPE ? sync_expect(c->sync[0], SYNC_RELEASE, e) : r;
}

static void end_process(pid_t *pid, int *pidfd)
{
	if (*pidfd >= 0)
		sys_pidfd_kill(*pidfd, SIGKILL);
	if (*pid > 0)
		sys_wait(*pid);
	*pid = 0;
	close_fd(pidfd);
}

void container_abort(struct container *c)
{
	const struct opened o = { .record = &c->record };
	bool began = c->init_pid > 0;
	struct err e;

	/*
	 * Outer first: it could still make init. If it had made one that we were not told of, that one sees our end
	 * close.
	 */
	end_process(&c->outer_pid, &c->outer_pidfd);
	close_fd(&c->sync[0]);
	close_fd(&c->sync[1]);
	end_process(&c->init_pid, &c->init_pidfd);
	while (!c->foreign_children && (waitpid(-1, NULL, 0) > 0 || errno == EINTR))
		;
	/* One that was refused is not ours, and whoever made it may want it still. */
	c->record.cgroup_path = (char *)c->apply.cgroup_path;
	if (!c->apply.unit_asked)
		c->record.systemd_unit = NULL;
	if (systemd_destroy_cgroup(c->context->root, &c->record, &e) < 0)
		log_warning("%s", e.text);
	if (c->apply.rdt_made && rdt_destroy(c->plan.rdt_path, &e) < 0)
		log_warning("%s", e.text);
	/* runtime.md, "Lifecycle" 4 to 6: after a failed hook, what was begun is undone, hooks included. */
	if (began)
		container_poststop(c->context, &o);
	if (c->options->pid_file && c->record.has_pid)
		unlink(c->options->pid_file);
	if (state_remove(&c->dir, &e) < 0)
		log_warning("%s", e.text);
}

int container_launch(struct container *c, bool start_over_sync, struct err *e)
{
	const struct run_create_options *o = c->options;
	int r;

	if (o->preserve_fds > c->context->inherited_fds)
		return err_set(e, EBADF, "--preserve-fds %u: descriptor %u is not open", o->preserve_fds,
			       3 + c->context->inherited_fds);
	c->start_over_sync = start_over_sync;
	r = container_fill_record(c, e);
	if (r == 0)
		r = state_create(c->context->root, o->id, &c->dir, e);
	if (r < 0)
		return r;
	r = state_write(&c->dir, &c->record, e);
	if (r == 0)
		r = launch(c, e);
	if (r < 0)
		container_abort(c);
	return r;
}
