/*
 * Why: `exec`. The process is in the container's cgroup from birth, and in its namespaces before anything in there can
 * see it (plan/exec.c). Two processes are made: the helper, which does all that needs rights, and as its sibling, so
 * that both are our children, the one that the container sees. Whoever holds on to that one, by tracing it or by a
 * file system of his own, must not be able to hold up `kill`: so the container's lock is given up before.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/apply.h"
#include "apply/cgroup.h"
#include "base/cleanup.h"
#include "plan/seccomp.h"
#include "run/container.h"
#include "run/exec_process.h"
#include "run/facts.h"
#include "run/follow.h"
#include "run/listener.h"
#include "run/open.h"
#include "run/pid_file.h"
#include "run/start.h"
#include "run/sync.h"
#include "run/systemd.h"
#include "state/codec.h"
#include "sys/cgroup.h"
#include "sys/exec.h"
#include "sys/notify.h"
#include "sys/process.h"
#include "sys/socket.h"

struct exec {
	struct run_context *context;
	const struct run_exec_options *options;
	struct opened container;      /* locked until the helper exists */
	struct oci_spec *config;
	struct plan_facts facts;
	struct plan plan;
	struct apply apply;
	int sync[2];                  /* [0] ours; [1] closes at the exec */
	int console[2];               /* with a terminal in the foreground: where it arrives; else -1 */
	struct listener listener;
	pid_t runtime_pid, helper;
	int helper_pidfd;
	bool attach;                  /* systemd puts the helper into the cgroup, and it waits for that */
	pid_t *sibling;               /* shared with the helper, not with the sibling: its pid, 0 while there is none */
	pid_t pid;                    /* the process itself */
};

static int check_options(const struct run_exec_options *o, const struct oci_process *p, struct err *e)
{
	if (p->terminal && o->detach && !o->console_socket)
		return err_set(e, EINVAL, "a terminal with --detach needs --console-socket, over which it is sent");
	if (o->console_socket && !p->terminal)
		return err_set(e, EINVAL,
			       "--console-socket: no terminal is asked for (--tty), so there is none to send");
	if (o->console_socket && !o->detach)
		return err_set(e, EINVAL, "--console-socket: in the foreground the terminal is not sent: add --detach");
	return 0;
}

static int open_container(struct exec *x, struct err *e)
{
	const struct run_exec_options *o = x->options;
	struct opened *c = &x->container;
	int r = container_open(x->context, o->id, c, e);

	if (r == -ENODATA || (r == 0 && c->status == OCI_STATUS_CREATING))
		return err_set(e, EINVAL,
			       "cannot exec in container \"%s\": its creation was interrupted: delete --force "
			       "removes it",
			       o->id);
	if (r == 0 && c->status == OCI_STATUS_STOPPED)
		return err_set(e, EINVAL, "cannot exec in a container that has stopped");
	if (r < 0 || o->ignore_paused)
		return r;
	r = container_paused(x->context, c, e);
	return r > 0 ? err_set(e, EINVAL, "cannot exec in a paused container (use --ignore-paused to override)") : r;
}

static int load(struct exec *x, struct err *e)
{
	const struct run_exec_options *o = x->options;
	const struct oci_record *record = x->container.record;
	struct plan_options plan_options = {
		.id = o->id,
		.preserve_fds = o->preserve_fds,
		.new_keyring = !record->has_keyring || record->keyring,
	};
	struct arena *a = x->context->arena;
	int r = state_read_config(a, &x->container.dir, &x->config, e);

	if (r == 0)
		x->config->annotations = x->container.record->annotations;
	if (r == 0)
		r = exec_process(a, o, x->config, e);
	if (r == 0)
		r = check_options(o, x->config->process, e);
	if (r == 0)
		r = facts_read_exec(a, x->context->proc_fd, (pid_t)record->pid, &x->facts, e);
	if (r == -EACCES && x->container.status == OCI_STATUS_CREATED)
		return err_set(e, EACCES,
			       "cannot exec in container \"%s\": until it is started, only root may look into it",
			       o->id);
	if (r == 0)
		r = plan_build_exec(a, x->config, &x->facts, &plan_options, &x->plan, e);
	return r;
}

static int connect_console(struct exec *x, struct err *e)
{
	const char *path = x->options->console_socket;
	int r = 0;

	if (path) {
		r = x->apply.console_fd = sys_socket_connect(path);
		return r < 0 ? err_sys(e, -r, "connect to the console socket %s", path) : 0;
	}
	if (x->config->process->terminal) {
		r = sys_socket_pair(x->console);
		x->apply.console_fd = x->console[1];
	}
	return r < 0 ? err_sys(e, -r, "make a socket pair") : 0;
}

static int enter_cgroup(struct exec *x, struct err *e)
{
	const struct cgroup_owner owner = { x->context->root, x->options->id };
	const char *path = x->container.record->cgroup_path, *below = x->options->cgroup;
	int r = path ? cgroup_enter(path, &owner, below, &x->apply.cgroup_fd, e) : -ENOENT;

	/* A caller who may make none has a container without one. */
	if (r == -ENOENT && !below)
		return 0;
	if (r == -ENOENT && !path)
		return err_set(e, ENOENT, "--cgroup %s: the container has no cgroup of its own", below);
	return r < 0 && below ? err_prefix(e, "--cgroup") : r;
}

static int fork_sibling(struct apply *ctx, struct err *e);

/* Goes no further than to the runtime, which knows the rest. */
static const char *process_state(struct apply *ctx, const char *metadata)
{
	(void)ctx;
	(void)metadata;
	return LISTENER_TEXT;
}

static int prepare(struct exec *x, struct err *e)
{
	struct apply *ctx = &x->apply;
	int r;

	*ctx = (struct apply){
		.arena = x->context->arena,
		.plan = &x->plan,
		.id = x->options->id,
		.bundle = x->container.record->bundle,
		.state_root = x->context->root,
		.proc_fd = x->context->proc_fd,
		.root_fd = -1, .dir_fd = -1, .group_fd = -1, .cgroup_fd = -1, .console_fd = -1,
		.mask_fd = -1, .nodes_fd = -1,
		.listener_fd = -1,
		.process_state = process_state,
		.fork = fork_sibling,
		.run = x,
	};
	ctx->enter_fd = container_pidfd(x->context, &x->container, e);
	if (ctx->enter_fd == -ESRCH)
		return err_set(e, EINVAL, "cannot exec in a container that has stopped");
	if (ctx->enter_fd < 0)
		return ctx->enter_fd;
	r = enter_cgroup(x, e);
	if (r == 0)
		r = connect_console(x, e);
	if (r < 0)
		return r;
	r = sync_pair(x->sync);
	if (r < 0)
		return err_sys(e, -r, "make a socket pair");
	x->sibling = mmap(NULL, sizeof *x->sibling, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (x->sibling == MAP_FAILED)
		return err_sys(e, errno, "make shared memory");
	r = apply_stage(ctx, STAGE_RUNTIME, e);
	return r < 0 ? r : listener_prepare(&x->listener, ctx, e);
}

static _Noreturn void fail(int fd, const struct err *e)
{
	sync_send_error(fd, e);
	_exit(1);
}

/* The sibling's pid goes to shared memory, since the container's filter may forbid to send anything by now. */
static int fork_sibling(struct apply *ctx, struct err *e)
{
	struct exec *x = ctx->run;
	pid_t pid = sys_fork_sibling(x->sibling);

	if (pid < 0 && !x->config->process->no_new_privileges)
		return err_sys(e, -pid,
			       "make the process (without process.noNewPrivileges, linux.seccomp must allow clone)");
	if (pid < 0)
		return err_sys(e, -pid, "make the process");
	if (pid > 0)
		_exit(0);
	return 0;
}

static bool forks(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].type == OP_FORK)
			return true;
	return false;
}

/* Where the filter comes before the fork, the pid namespace of our children is another one by then. */
static int make_messenger(struct exec *x, struct err *e)
{
	int r = 0;

	if (x->apply.listener_fd >= 0 && forks(&x->plan) && !x->config->process->no_new_privileges)
		r = sys_messenger_start(LISTENER_TEXT, &x->apply.messenger);
	return r < 0 ? err_sys(e, -r, "make the process that tells who answers the filter's questions") : 0;
}

static _Noreturn void helper(struct exec *x)
{
	int keep[] = { x->sync[1], x->apply.listener_fd };
	struct err e = { 0 };
	int r;

	state_close(&x->container.dir);
	close_fd(&x->sync[0]);
	listener_close(&x->listener);
	sys_die_with_parent(true);
	if (getppid() != x->runtime_pid)
		_exit(1);
	sys_set_name("cloister:exec");
	r = madvise(x->sibling, sizeof *x->sibling, MADV_DONTFORK) < 0 ? -errno : 0;
	if (r < 0)
		err_sys(&e, -r, "keep shared memory to ourselves");
	if (r == 0 && x->attach)
		r = sync_expect(x->sync[1], SYNC_DONE, &e);
	if (r == 0)
		r = make_messenger(x, &e);
	if (r == 0)
		r = apply_stage(&x->apply, STAGE_OUTER, &e);
	/* What leads to the host, and the log, is closed for good, before the container's own files are looked at. */
	if (r == 0) {
		r = sys_close_all_but(3 + x->options->preserve_fds, keep, 2);
		if (r < 0)
			err_sys(&e, -r, "close descriptors");
	}
	/* From here on it is the program's process, or makes it; which outlives the runtime, as the container does. */
	if (r == 0) {
		sys_die_with_parent(false);
		apply_stage(&x->apply, STAGE_START, &e);
	}
	fail(x->sync[1], &e);
}

/*
 * A cgroup that has divided itself up, as an init system in the container does, takes no processes any more
 * (cgroup-v2.rst, "No Internal Process Constraint"): then the one of the container's first process does.
 */
static int cgroup_of_init(struct exec *x)
{
	const char *path = x->container.record->cgroup_path, *own, *below;
	struct err ignored;
	int fd;

	if (x->options->cgroup || sys_cgroup_of(x->context->arena, x->context->proc_fd, (pid_t)x->container.record->pid,
						 &own, &ignored) < 0 || !own || !path_is_below(own, path))
		return -EBUSY;
	below = own + strlen(path);
	while (*below == '/')
		below++;
	fd = *below ? sys_cgroup_open_below(x->apply.cgroup_fd, below) : -EBUSY;
	if (fd < 0)
		return fd;
	close(x->apply.cgroup_fd);
	x->apply.cgroup_fd = fd;
	return 0;
}

/* From outside of what was delegated to a user, not he but systemd may move his process there. */
static int attach(struct exec *x, const struct unit *unit, struct err *e)
{
	int r = unit_attach(unit, x->helper, e);

	if (r < 0)
		return err_prefix(e, "enter the container's cgroup");
	r = sync_send(x->sync[0], SYNC_DONE, 0);
	return r < 0 ? err_sys(e, -r, "tell the process that it is in the container's cgroup") : 0;
}

static int make_helper(struct exec *x, struct err *e)
{
	struct sys_clone how = { .cgroup_fd = x->apply.cgroup_fd };
	struct unit unit;
	int r = 0;

	x->runtime_pid = getpid();
	x->helper = sys_clone(&how, &x->helper_pidfd);
	if (x->helper == -EBUSY && cgroup_of_init(x) == 0) {
		how.cgroup_fd = x->apply.cgroup_fd;
		x->helper = sys_clone(&how, &x->helper_pidfd);
	}
	if (x->helper == -EACCES && systemd_unit(x->container.record, &unit) && !x->options->cgroup) {
		x->attach = true;
		how.cgroup_fd = -1;
		x->helper = sys_clone(&how, &x->helper_pidfd);
	}
	if (x->helper == 0)
		helper(x);
	if (x->helper > 0 && x->attach)
		r = attach(x, &unit, e);
	if (r < 0)
		return r;
	if (x->helper == -EACCES)
		return err_sys(
			e, EACCES,
			"enter the container's cgroup (the caller is in a part of the tree that is not his: run the "
			"command from where the container was created)");
	if (x->helper == -EBUSY)
		return err_sys(e, EBUSY,
			       "enter the container's cgroup (it has divided itself up: name a part by --cgroup)");
	if (x->helper < 0)
		return err_sys(e, (int)-x->helper, "make a process in the container's cgroup");
	close_fd(&x->sync[1]);
	close_fd(&x->console[1]);
	close_fd(&x->apply.enter_fd);
	close_fd(&x->apply.cgroup_fd);
	state_unlock(&x->container.dir);
	return 0;
}

/* Nothing is left of them. Both are our children, so these pids are theirs until they are waited for. */
static void end_processes(struct exec *x)
{
	int status;

	if (x->helper > 0) {
		sys_pidfd_kill(x->helper_pidfd, SIGKILL);
		sys_wait(x->helper);
	}
	if (x->sibling && *x->sibling > 0 && waitpid(*x->sibling, &status, WNOHANG) == 0) {
		kill(*x->sibling, SIGKILL);
		sys_wait(*x->sibling);
	}
	x->helper = x->pid = 0;
}

static const char *metadata_of(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].type == OP_SECCOMP)
			return p->ops[i].seccomp->metadata;
	return NULL;
}

/*
 * Without no_new_privs the filter comes before the fork, and until then there is no pid to tell. But the fork may be
 * what the filter asks about: then it is the helper that asks.
 */
static void await_sibling(const struct exec *x, int listener)
{
	struct pollfd fds[] = {
		{ .fd = listener, .events = POLLIN },
		{ .fd = x->helper_pidfd, .events = POLLIN },
		{ .fd = x->sync[0], .events = POLLIN },
	};

	while (forks(&x->plan) && *x->sibling <= 0 && poll(fds, 3, -1) < 0 && errno == EINTR)
		;
}

static int introduce(struct exec *x, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct oci_state state;
	const char *json;
	int r = listener_receive(&x->listener, &fd, e);

	if (r < 0 || fd < 0)
		return r;
	await_sibling(x, fd);
	state_describe(x->container.record, x->container.status, &state);
	json = process_state_json(x->context->arena, &state, metadata_of(&x->plan),
				  *x->sibling > 0 ? *x->sibling : x->helper);
	return json ? listener_send(&x->listener, fd, json, e) : err_oom(e);
}

/* Waits until the program runs. */
static int hear(struct exec *x, struct err *e)
{
	int r = introduce(x, e), status;

	if (r == 0)
		r = start_hear(x->sync[0], e);
	if (r < 0)
		return r;
	x->pid = x->helper;
	if (!forks(&x->plan))
		return 0;
	status = sys_wait(x->helper);
	x->helper = 0;
	x->pid = *x->sibling;
	if (x->pid > 0)
		return 0;
	if (status >= 0 && WIFSIGNALED(status))
		return err_set(e, ECHILD, "the process was killed by signal %d before it was in the container%s",
			       WTERMSIG(status),
			       WTERMSIG(status) == SIGSYS
				       ? ": without process.noNewPrivileges, linux.seccomp must allow clone"
				       : "");
	return err_set(e, ECHILD, "the process ended before it was in the container");
}

static int launch(struct exec *x, int *ret_status, struct err *e)
{
	_cleanup_close_ int pidfd = -1;
	int r = prepare(x, e);

	if (r == 0)
		r = make_helper(x, e);
	if (r == 0)
		r = hear(x, e);
	if (r == 0 && x->options->pid_file)
		r = pid_file_write(x->options->pid_file, x->pid, e);
	if (r < 0 || x->options->detach)
		return r;
	pidfd = sys_pidfd_open(x->pid);
	if (pidfd < 0)
		return err_sys(e, -pidfd, "open process %ld", (long)x->pid);
	r = follow_process(x->pid, pidfd, x->console[0], ret_status, e);
	if (r == 0)
		x->helper = x->pid = 0;
	return r;
}

int run_exec(struct run_context *context, const struct run_exec_options *options, int *ret_status, struct err *e)
{
	struct exec x = {
		.context = context, .options = options, .container.dir = STATE_DIR_INIT, .sync = { -1, -1 },
		.console = { -1, -1 }, .helper_pidfd = -1, .listener = LISTENER_INIT,
	};
	sigset_t old;
	int r = 0;

	*ret_status = 0;
	if (options->preserve_fds > context->inherited_fds)
		r = err_set(e, EBADF, "--preserve-fds %u: descriptor %u is not open", options->preserve_fds,
			    3 + context->inherited_fds);
	if (r == 0)
		r = open_container(&x, e);
	if (r == 0)
		r = load(&x, e);
	if (r == 0) {
		if (!options->console_socket)
			follow_fit_terminal(&x.plan);
		follow_block_signals(&old);
		r = launch(&x, ret_status, e);
		if (r < 0)
			end_processes(&x);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	state_close(&x.container.dir);
	return r;
}
