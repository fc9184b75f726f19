/*
 * Why: the way from a plan to a created container, in an order in which a kill at any instruction leaves something that
 * `delete --force` cleans up (R2): the record with the planned cgroup is written before the first side effect, and init
 * dies with the runtime until the record names it.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apply/cgroup.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "libocispec/field/write.h"
#include "run/container.h"
#include "run/open.h"
#include "run/sync.h"
#include "state/codec.h"
#include "state/process.h"
#include "sys/process.h"
#include "sys/socket.h"

static int fill_record(struct container *c, struct err *e)
{
	struct arena *a = c->context->arena;
	struct oci_record *rec = &c->record;
	char now[64];
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S", &tm);
	*rec = (struct oci_record){
		.version = STATE_RECORD_VERSION,
		.id = (char *)c->options->id,
		.oci_version = c->spec->oci_version,
		.bundle = (char *)c->bundle,
		.rootfs = c->spec->root ? c->spec->root->path : NULL,
		.created = arena_printf(a, "%s.%09ldZ", now, ts.tv_nsec),
		.status = OCI_STATUS_CREATING,
		.cgroup_path = (char *)c->plan.cgroup_path,
		.rootless = !(c->facts.euid == 0 && c->facts.initial_userns),
		.has_rootless = true,
		.terminal = c->spec->process && c->spec->process->terminal,
		.has_terminal = true,
		.annotations = c->spec->annotations,
		.hooks = c->spec->hooks,
	};
	if (rec->rootfs && rec->rootfs[0] != '/')
		rec->rootfs = arena_printf(a, "%s/%s", c->bundle, rec->rootfs);
	return arena_failed(a) ? err_oom(e) : 0;
}

const char *container_state_json(struct container *c, enum oci_status status, pid_t pid)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_record rec = c->record;
	struct oci_state state;

	rec.pid = pid;
	rec.has_pid = true;
	state_describe(&rec, status, &state);
	if (oci_write(&text, &oci_state_type, &state, OCI_COMPACT) < 0 || text.failed)
		return NULL;
	return arena_strdup(c->context->arena, text.text);
}

const char *container_process_state_json(struct container *c, const char *metadata, pid_t pid)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_record rec = c->record;
	struct oci_container_process_state process;
	struct oci_state state;
	char *fds[] = { "seccompFd" };

	rec.pid = pid;
	rec.has_pid = true;
	state_describe(&rec, OCI_STATUS_CREATED, &state);
	process = (struct oci_container_process_state){
		.oci_version = state.oci_version, .fds = fds, .fds_len = 1, .pid = pid, .metadata = (char *)metadata,
		.state = &state,
	};
	if (oci_write(&text, &oci_container_process_state_type, &process, OCI_COMPACT) < 0 || text.failed)
		return NULL;
	return arena_strdup(c->context->arena, text.text);
}

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

static int prepare(struct container *c, struct err *e)
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
		.root_fd = -1,
		.dir_fd = -1,
		.group_fd = -1,
		.cgroup_fd = -1,
		.console_fd = -1,
		.listener_fd = -1,
		.mask_fd = -1,
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
			return err_sys(e, -ctx->console_fd, "connect to the console socket %s", c->options->console_socket);
	} else if (c->record.terminal) {
		r = sys_socket_pair(c->console);
		if (r < 0)
			return err_sys(e, -r, "make a socket pair");
		ctx->console_fd = c->console[1];
	}
	return apply_stage(ctx, STAGE_RUNTIME, e);
}

static int write_pid_file(const struct container *c, struct err *e)
{
	const char *path = c->options->pid_file, *name;
	char text[24], dir[PATH_MAX];

	if (!path)
		return 0;
	if ((size_t)snprintf(dir, sizeof dir, "%s", path) >= sizeof dir)
		return err_sys(e, ENAMETOOLONG, "--pid-file %s", path);
	name = strrchr(path, '/');
	strcpy(dir + (name ? (size_t)(name - path) + (name == path) : 0), "");
	_cleanup_close_ int fd = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "--pid-file %s", path);
	/* No newline: containerd takes the whole file for a number. */
	snprintf(text, sizeof text, "%ld", (long)c->init_pid);
	if (io_write_file_atomic(fd, name ? name + 1 : path, text, strlen(text), 0644, e) < 0)
		return err_prefix(e, "--pid-file %s", path);
	return 0;
}

/* The record names init, whose creation may be still under way: from here on delete --force finds it. */
static int release_init(struct container *c, struct err *e)
{
	int r = state_process_start_time(c->context->proc_fd, c->init_pid, &c->record.pid_start_time, e);

	if (r < 0)
		return r;
	c->record.pid = c->init_pid;
	c->record.has_pid = c->record.has_pid_start_time = true;
	if (!c->start_over_sync)
		c->record.status = OCI_STATUS_CREATED;
	c->apply.target = c->init_pid;
	r = apply_stage(&c->apply, STAGE_READY, e);
	if (r == 0)
		r = state_write(&c->dir, &c->record, e);
	if (r == 0)
		r = write_pid_file(c, e);
	if (r < 0)
		return r;
	r = sync_send(c->sync[0], SYNC_RELEASE, 0);
	return r < 0 ? err_sys(e, -r, "release the first process") : 0;
}

/* Runs a stage for a process that waits for it, if it does. */
static int serve_stage(struct container *c, enum plan_stage stage, pid_t target, struct err *e)
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

/* `run` lets init go at once: it then never waits for us, unless a hook of ours comes before the start. */
static bool releases_early(const struct container *c)
{
	return c->start_over_sync && !plan_calls(&c->plan, STAGE_HOOKS);
}

static int adopt_init(struct container *c, pid_t pid, struct err *e)
{
	int r = 0;

	c->init_pid = pid;
	if (c->init_pidfd < 0)
		c->init_pidfd = sys_pidfd_open(pid);
	if (c->init_pidfd < 0)
		return err_sys(e, -c->init_pidfd, "open the first process");
	if (!c->plan.outer_userns)
		r = serve_stage(c, STAGE_FOR_INIT, pid, e);
	if (r == 0 && releases_early(c))
		r = release_init(c, e);
	/* It may have failed and ended by now. Then its last words are still to be read, and say why. */
	return r == -ESRCH || r == -EPIPE ? 0 : r;
}

static int make_process(struct container *c, struct err *e)
{
	bool outer = c->plan.has_outer;
	/* Outer is put into the cgroup as well, for init to be born there: as the container's root it could not do it. */
	struct sys_clone how = { .flags = outer ? c->plan.outer_flags : c->plan.init_flags, .cgroup_fd = c->apply.cgroup_fd };
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
		return adopt_init(c, pid, e);
	}
	c->outer_pid = pid;
	c->outer_pidfd = pidfd;
	return c->plan.outer_flags ? serve_stage(c, STAGE_FOR_OUTER, pid, e) : 0;
}

static int describe_death(pid_t *pid, const char *who, struct err *e)
{
	int status = sys_wait(*pid);

	*pid = 0;
	if (status >= 0 && WIFSIGNALED(status))
		return err_set(e, ECHILD, "%s was killed by signal %d before the container was created", who, WTERMSIG(status));
	return err_set(e, ECHILD, "%s ended before the container was created", who);
}

/*
 * A message, or the death of outer without one. Outer's last message is in the socket before its death is seen, so the
 * socket is asked first.
 */
static int next_message(struct container *c, struct sync_message *m, struct err *e)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = c->sync[0], .events = POLLIN }, { .fd = c->outer_pidfd, .events = POLLIN } };
		int r = poll(fds, 2, -1);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, errno, "wait for the container's processes");
		r = fds[0].revents ? sync_recv(c->sync[0], m) : 0;
		if (r > 0)
			return 0;
		if (r < 0)
			return err_sys(e, -r, "read from the container's processes");
		if (c->outer_pid > 0) {
			/* Outer has ended, as it should once init exists. */
			int status = sys_wait(c->outer_pid);
			bool made_init = status == 0 && c->init_pid > 0;

			close_fd(&c->outer_pidfd);
			c->outer_pid = 0;
			if (made_init)
				continue;
			return err_set(e, ECHILD, "the process that makes the container's first one ended with status %#x", status);
		}
		return describe_death(&c->init_pid, "the container's first process", e);
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
		return adopt_init(c, m.value, e);
	if (m.type != SYNC_ERROR)
		return err_set(e, EBADMSG, "unexpected message %d from the container", (int)m.type);
	*e = m.err;
	return -(e->num ? e->num : EIO);
}

static int serve_call(struct container *c, int stage, struct err *e)
{
	int r;

	if (stage == STAGE_FOR_OUTER && c->outer_pid > 0)
		return serve_stage(c, STAGE_FOR_OUTER, c->outer_pid, e);
	if (stage != STAGE_HOOKS)
		return err_set(e, EBADMSG, "unexpected call of stage %d", stage);
	r = await_init(c, e);
	return r < 0 ? r : serve_stage(c, STAGE_HOOKS, c->init_pid, e);
}

static int serve(struct container *c, struct err *e)
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
			r = adopt_init(c, m.value, e);
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

static int launch(struct container *c, struct err *e)
{
	int r = prepare(c, e);

	if (r == 0)
		r = make_process(c, e);
	if (r == 0)
		r = serve(c, e);
	if (r == 0 && !releases_early(c))
		r = release_init(c, e);
	return r;
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
	const struct cgroup_owner owner = { c->context->root, c->options->id };
	const struct opened o = { .record = &c->record };
	bool began = c->init_pid > 0;
	struct err e;

	/* Outer first: it could still make init. If it had made one that we were not told of, that one sees our end close. */
	end_process(&c->outer_pid, &c->outer_pidfd);
	close_fd(&c->sync[0]);
	close_fd(&c->sync[1]);
	end_process(&c->init_pid, &c->init_pidfd);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	if (c->plan.cgroup_path && cgroup_destroy(c->plan.cgroup_path, &owner, &e) < 0)
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
	r = fill_record(c, e);
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
