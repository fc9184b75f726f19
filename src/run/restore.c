/*
 * Why: `restore`. The record, the cgroup and the mounts' sources are the runtime's, as with create; the processes,
 * their namespaces and the mounts in them come out of criu's images. criu is born in the container's cgroup, so what
 * it makes is in there from the beginning: killed at any moment, `delete --force` finds it.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/cgroup.h"
#include "apply/hook.h"
#include "apply/rootfs.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "plan/checkpoint.h"
#include "run/container.h"
#include "run/criu.h"
#include "run/follow.h"
#include "run/pid_file.h"
#include "run/start.h"
#include "state/process.h"
#include "sys/mount.h"
#include "sys/namespace.h"
#include "sys/path.h"
#include "sys/process.h"
#include "sys/socket.h"

enum { NAMES_MAX = 64 * 1024, PROC_MAX = 64 << 20 };

struct restore {
	struct criu_job job;
	struct container container;
	struct checkpoint_wanted wanted;
	const char *rootfs;
	char *names[3];
	pid_t pid;                    /* the first process, once criu has made it */
};

/* ["pipe:[1]","file[1a:2b]","/dev/pts/0"]: strings whose only escapes are of quotes and backslashes. */
static int parse_names(char *text, char *ret[static 3])
{
	for (int i = 0; i < 3; i++) {
		char *out = strchr(text, '"');

		if (!out)
			return -EBADMSG;
		ret[i] = ++out;
		for (text = out; *text && *text != '"'; text++) {
			if (*text == '\\' && text[1])
				text++;
			*out++ = *text;
		}
		if (!*text)
			return -EBADMSG;
		text++;
		*out = '\0';
	}
	return 0;
}

static int read_names(struct restore *x, struct err *e)
{
	char *text;
	int r = io_read_file(x->job.context->arena, x->job.images_fd, CHECKPOINT_DESCRIPTORS, NAMES_MAX, &text,
		NULL, e);

	if (r == 0 && parse_names(text, x->names) < 0)
		r = err_set(e, EBADMSG, CHECKPOINT_DESCRIPTORS " is not an array of three names");
	return r < 0 ? err_prefix(e, "the checkpoint %s", x->job.options->image_path) : 0;
}

/* ---- the root file system ---- */

/* What lies in another mount is criu's to make, or there. */
static bool is_in_mount(const struct restore *x, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (path_is_below(x->wanted.mounts[index].dest, x->wanted.mounts[i].dest))
			return true;
	return false;
}

/* Where the path leads, as the container sees it: criu knows mounts by that. */
static int resolve(struct restore *x, int fd, const char **ret, struct err *e)
{
	char link[64], path[PATH_MAX];
	size_t len = strlen(x->rootfs);
	ssize_t n;

	snprintf(link, sizeof link, "self/fd/%d", fd);
	n = readlinkat(x->job.context->proc_fd, link, path, sizeof path - 1);
	if (n < 0)
		return err_sys(e, errno, "read /proc/%s", link);
	path[n] = '\0';
	if (!path_is_below(path, x->rootfs) || !path[len])
		return 0;
	*ret = arena_strdup(x->job.context->arena, path + len);
	return *ret ? 0 : err_oom(e);
}

static int make_point(struct restore *x, struct checkpoint_mount *m, struct err *e)
{
	struct apply *ctx = &x->container.apply;
	bool directory = !m->source;
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (m->source && stat(m->source, &st) == 0)
		directory = S_ISDIR(st.st_mode);
	if (m->mask) {
		fd = rootfs_open(ctx, m->dest, false);
		return fd < 0 ? 0 : resolve(x, fd, &m->dest, e);
	}
	int r = rootfs_mount_point(ctx, m->dest, directory, false, &fd, e);
	return r < 0 ? r : resolve(x, fd, &m->dest, e);
}

static int make_points(struct restore *x, struct err *e)
{
	char real[PATH_MAX];
	int r = 0;

	if (!realpath(x->container.record.rootfs, real))
		return err_sys(e, errno, "the root file system %s", x->container.record.rootfs);
	x->rootfs = arena_strdup(x->job.context->arena, real);
	x->container.apply.root_fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!x->rootfs || x->container.apply.root_fd < 0)
		return err_sys(e, errno, "open the root file system %s", real);
	for (size_t i = 0; r == 0 && i < x->wanted.len; i++)
		if (!is_in_mount(x, i))
			r = make_point(x, &x->wanted.mounts[i], e);
	close_fd(&x->container.apply.root_fd);
	return r;
}

/* ---- in the child that becomes criu ---- */

/* criu wants the root to be a mount. Nobody else gets to see this one, and it ends with criu. */
static int mount_root(const char *rootfs, struct err *e)
{
	_cleanup_close_ int top = -1, tree = -1, dir = -1;
	int r = sys_unshare(CLONE_NEWNS);

	if (r == 0)
		r = top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r >= 0)
		r = sys_mount_setattr(top, true, 0, 0, MS_PRIVATE);
	if (r == 0)
		r = tree = sys_clone_tree(AT_FDCWD, rootfs, true, false);
	if (r >= 0)
		r = dir = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r >= 0)
		r = sys_attach(tree, dir);
	return r < 0 ? err_sys(e, -r, "mount the root file system %s for criu", rootfs) : 0;
}

static int give_fd(int fd, int number, struct err *e)
{
	if (fd < 0 || dup2(fd, number) < 0)
		return err_sys(e, errno, "hand descriptor %d to criu", number);
	return 0;
}

static int give_namespace(const struct oci_spec *spec, enum oci_namespace_type type, int number, struct err *e)
{
	const char *path = checkpoint_joined(spec, type);
	_cleanup_close_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (path && fd < 0)
		return err_sys(e, errno, "linux.namespaces: open %s", path);
	return path ? give_fd(fd, number, e) : 0;
}

/* Where systemd makes the cgroup, it does so around a process. */
static int place(struct criu_job *job, struct err *e)
{
	struct restore *x = job->data;

	x->container.apply.target = job->pid;
	return apply_stage(&x->container.apply, STAGE_FOR_OUTER, e);
}

static int prepare(struct criu_job *job, struct err *e)
{
	struct restore *x = job->data;
	int r = 0;

	state_close(&x->container.dir);
	for (int i = 0; r == 0 && i < 3; i++)
		r = give_fd(i, CRIU_FD_STREAMS + i, e);
	if (r == 0)
		r = give_namespace(x->container.spec, OCI_NAMESPACE_TYPE_NETWORK, CRIU_FD_NET, e);
	if (r == 0)
		r = give_namespace(x->container.spec, OCI_NAMESPACE_TYPE_PID, CRIU_FD_PID, e);
	return r < 0 ? r : mount_root(x->rootfs, e);
}

/* ---- while criu waits ---- */

static int run_hooks(struct container *c, pid_t pid, struct err *e)
{
	const struct oci_hooks *h = c->spec->hooks;
	const char *state = h ? container_state_json(c, OCI_STATUS_CREATING, pid) : NULL;
	int r;

	if (!h)
		return 0;
	if (!state)
		return err_oom(e);
	r = hook_run_all(h->prestart, h->prestart_len, state, NULL, e);
	if (r == 0)
		r = hook_run_all(h->create_runtime, h->create_runtime_len, state, NULL, e);
	return r < 0 ? err_prefix(e, "hooks") : 0;
}

static int read_proc(struct restore *x, const char *file, const char **ret, struct err *e)
{
	struct run_context *c = x->job.context;
	char path[64], *text;
	int r;

	snprintf(path, sizeof path, "%ld/%s", (long)x->pid, file);
	_cleanup_close_ int fd = openat(c->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "open /proc/%s", path);
	r = io_read_fd(c->arena, fd, path, PROC_MAX, &text, NULL, e);
	*ret = text;
	return r;
}

/* All is as it will be, and nothing runs yet. What is not as it should be never does: it dies before it is let go. */
static int check(struct restore *x, struct err *e)
{
	const char *status, *mountinfo;
	int r = read_proc(x, "status", &status, e);

	if (r == 0)
		r = read_proc(x, "mountinfo", &mountinfo, e);
	if (r == 0)
		r = checkpoint_check(x->job.context->arena, &x->wanted, status, mountinfo, e);
	if (r < 0)
		kill(x->pid, SIGKILL);
	return r;
}

static int notified(struct criu_job *job, const struct criu_answer *answer, int fd, struct err *e)
{
	struct restore *x = job->data;
	struct container *c = &x->container;
	int r;

	if (!answer->script)
		return 0;
	if (answer->pid > 0)
		x->pid = answer->pid;
	if (strcmp(answer->script, "pre-resume") == 0)
		return x->pid > 0 ? check(x, e) : err_set(e, EBADMSG, "criu does not say which process it restores");
	/* The namespaces are there, and no process runs in them yet: as it is for these hooks in create. */
	if (strcmp(answer->script, "setup-namespaces") == 0)
		return run_hooks(c, answer->pid, e);
	if (strcmp(answer->script, "orphan-pts-master") == 0 && fd >= 0) {
		if (c->apply.console_fd < 0)
			return err_set(e, EINVAL, "the checkpoint has a terminal, and process.terminal is false");
		r = sys_socket_send_fd(c->apply.console_fd, "/dev/pts/0", fd);
		return r < 0 ? err_sys(e, -r, "send the terminal") : 0;
	}
	return 0;
}

/* ---- the command ---- */

static int ask_criu(struct restore *x, pid_t *ret, struct err *e)
{
	struct criu_job *job = &x->job;
	struct criu_answer answer;
	int r;

	r = checkpoint_plan_restore(job->context->arena, x->container.spec, job->options, &x->wanted,
	x->names,
				    x->rootfs, &job->request, e);
	if (r < 0)
		return r;
	criu_number(&job->request, CRIU_IMAGES_DIR, (uint64_t)job->images_fd);
	criu_number(&job->request, CRIU_WORK_DIR, (uint64_t)job->work_fd);
	job->cgroup_fd = x->container.apply.cgroup_fd;
	job->dies_with_us = true;
	job->place = place;
	job->prepare = prepare;
	job->notified = notified;
	job->data = x;
	r = criu_run(job, &answer, e);
	if (r == 0 && answer.pid <= 0)
		r = err_set(e, EBADMSG, "criu does not say which process it has restored");
	*ret = answer.pid;
	return r;
}

static int record_it(struct container *c, pid_t pid, struct err *e)
{
	int r;

	c->init_pid = pid;
	c->init_pidfd = sys_pidfd_open(pid);
	if (c->init_pidfd < 0)
		return err_sys(e, -c->init_pidfd, "open the restored process");
	r = state_process_start_time(c->context->proc_fd, pid, &c->record.pid_start_time, e);
	/* It may have gone on to its end by now: then no process has started at 0, and it counts as stopped. */
	if (r == -ESRCH)
		r = 0;
	c->record.pid = pid;
	c->record.has_pid = c->record.has_pid_start_time = true;
	if (c->apply.cgroup_fd < 0)
		c->record.cgroup_path = NULL;
	c->record.status = OCI_STATUS_RUNNING;
	c->apply.target = pid;
	if (r == 0)
		r = apply_stage(&c->apply, STAGE_READY, e);
	if (r == 0)
		r = state_write_config(&c->dir, c->spec, e);
	if (r == 0)
		r = state_write(&c->dir, &c->record, e);
	if (r == 0 && c->options->pid_file)
		r = pid_file_write(c->options->pid_file, pid, e);
	return r;
}

static int restore(struct restore *x, struct err *e)
{
	struct container *c = &x->container;
	const struct cgroup_owner owner = { c->context->root, c->options->id };
	struct err ignored;
	pid_t pid = 0;
	int r = container_prepare(c, e);

	if (r == 0)
		r = make_points(x, e);
	if (r == 0)
		r = ask_criu(x, &pid, e);
	if (r == 0)
		r = record_it(c, pid, e);
	/* Before our children are waited for: what criu has left half made may wait for criu. */
	if (r < 0 && x->pid > 0)
		kill(x->pid, SIGKILL);
	if (r < 0 && c->plan.cgroup_path)
		cgroup_destroy(c->plan.cgroup_path, &owner, &ignored);
	return r;
}

static int load(struct restore *x, struct err *e)
{
	struct container *c = &x->container;
	int r = container_load(c, x->job.context, c->options, e);

	if (r < 0)
		return r;
	if (!c->spec->root)
		return err_set(e, EINVAL, "root: is missing: it names the container's root file system");
	if (c->options->detach && c->spec->process && c->spec->process->terminal && !c->options->console_socket)
		return err_set(e, EINVAL, "process.terminal: --detach needs --console-socket, over which it sends "
			"the terminal");
	c->start_over_sync = true;
	r = checkpoint_reduce(&c->plan, &x->wanted, e);
	if (r == 0)
		r = criu_open(&x->job, false, e);
	if (r == 0)
		r = read_names(x, e);
	return r;
}

static int launch(struct restore *x, int *ret_status, struct err *e)
{
	struct container *c = &x->container;
	int r = container_fill_record(c, e);

	if (r == 0)
		r = state_create(c->context->root, c->options->id, &c->dir, e);
	if (r < 0)
		return r;
	r = state_write(&c->dir, &c->record, e);
	if (r == 0)
		r = restore(x, e);
	if (r < 0) {
		container_abort(c);
		return r;
	}
	struct opened o = { .dir = c->dir, .record = &c->record, .status = OCI_STATUS_RUNNING };
	r = start_run_hooks(c->context, &o, e);
	return container_follow(c, &o, r, ret_status, e);
}

int run_restore(struct run_context *c, const struct run_create_options *o, const struct checkpoint_options *checkpoint,
		int *ret_status, struct err *e)
{
	struct restore x = { .container = { .options = o } };
	sigset_t old;
	int r;

	*ret_status = 0;
	x.job = (struct criu_job){ .context = c, .options = checkpoint, .log_name = "restore.log", .images_fd = -1,
				   .work_fd = -1, .pidfd = -1, .cgroup_fd = -1 };
	r = load(&x, e);
	if (r == 0) {
		if (!o->detach && !o->no_subreaper)
			sys_set_subreaper();
		follow_block_signals(&old);
		r = launch(&x, ret_status, e);
		sigprocmask(SIG_SETMASK, &old, NULL);
	}
	criu_close(&x.job);
	return r;
}
