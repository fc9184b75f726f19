/*
 * Why: criu is asked by its RPC and not by its command line, because only so it hands over the other end of the
 * container's terminal, and makes the restored process our child. `criu swrk` serves one caller over one socket.
 */
#include "run/criu.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "plan/checkpoint.h"
#include "run/sync.h"
#include "sys/exec.h"
#include "sys/process.h"

enum { CRIU_SOCKET_FD = 3, MESSAGE_MAX = 64 * 1024, LOG_MAX = 256 << 20 };

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The caller's PATH, which engines often leave out. */
static const char *search_path(void)
{
	const char *path = getenv("PATH");

	return path && *path ? path : DEFAULT_PATH;
}

static char *find_criu(struct arena *a)
{
	for (const char *dir = search_path(); *dir; dir += strcspn(dir, ":") + (dir[strcspn(dir, ":")] == ':')) {
		char *path = arena_printf(a, "%.*s/criu", (int)strcspn(dir, ":"), dir);

		if (path && *path == '/' && sys_can_execute(path) == 0)
			return path;
	}
	return NULL;
}

static int open_dir(const char *what, const char *path, bool make, int *ret, struct err *e)
{
	/* criu also opens what is in it as the container's root. */
	if (make && mkdir(path, 0711) < 0 && errno != EEXIST)
		return err_sys(e, errno, "option --%s: make %s", what, path);
	*ret = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 ? err_sys(e, errno, "option --%s: %s", what, path) : 0;
}

int criu_open(struct criu_job *job, bool make, struct err *e)
{
	const struct checkpoint_options *o = job->options;
	int r;

	job->images_fd = job->work_fd = job->pidfd = -1;
	if (geteuid() != 0)
		return err_set(e, EPERM, "checkpoint and restore need root: criu must read and write what the "
			"kernel keeps "
			       "about processes");
	r = open_dir("image-path", o->image_path, make, &job->images_fd, e);
	if (r == 0)
		r = open_dir("work-path", o->work_path ? o->work_path : o->image_path, make, &job->work_fd, e);
	return r;
}

void criu_close(struct criu_job *job)
{
	close_fd(&job->images_fd);
	close_fd(&job->work_fd);
	close_fd(&job->pidfd);
	criu_free(&job->request);
}

static void silence(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
}

static _Noreturn void child(struct criu_job *job, const char *program, int socket, int report)
{
	char *argv[] = { "criu", "swrk", "3", NULL }, *path = arena_printf(job->context->arena, "PATH=%s",
		search_path());
	char *envp[] = { path, NULL };
	struct err e = { 0 };
	int r;

	if (job->dies_with_us)
		sys_die_with_parent(true);
	r = sync_expect(report, SYNC_RELEASE, &e);
	if (r == 0 && job->prepare)
		r = job->prepare(job, &e);
	/* A key that is typed is for the caller: criu in the middle of its work must not be stopped by it. */
	sys_new_session();
	sys_reset_signals();
	if (r == 0) {
		silence();
		if (dup2(socket, CRIU_SOCKET_FD) < 0 || !path)
			r = err_sys(&e, errno, "prepare for criu");
	}
	if (r == 0) {
		r = sys_execve(program, argv, envp);
		err_sys(&e, -r, "run %s", program);
	}
	sync_send_error(report, &e);
	_exit(127);
}

/* Above what the child's descriptors are moved to. */
static int high_fd(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, 64);

	close(*fd);
	*fd = high;
	return high < 0 ? -errno : 0;
}

static int start(struct criu_job *job, int *ret_socket, struct err *e)
{
	struct sys_clone how = { .cgroup_fd = job->cgroup_fd };
	const char *program = find_criu(job->context->arena);
	int pair[2], report[2], r;
	struct sync_message m;

	if (!program)
		return err_set(e, ENOENT, "the program criu is not installed: there is none in %s", search_path());
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, errno, "make a socket pair");
	r = sync_pair(report);
	if (r < 0 || high_fd(&pair[1]) < 0 || high_fd(&report[1]) < 0)
		return err_sys(e, r < 0 ? -r : errno, "make a socket pair");
	job->pid = sys_clone(&how, &job->pidfd);
	if (job->pid == 0)
		child(job, program, pair[1], report[1]);
	close(pair[1]);
	close(report[1]);
	*ret_socket = pair[0];
	if (job->pid < 0) {
		r = err_sys(e, -job->pid, "make a process for criu");
		job->pid = 0;
	} else {
		r = job->place ? job->place(job, e) : 0;
		if (r == 0)
			sync_send(report[0], SYNC_RELEASE, 0);
		if (r == 0 && sync_recv(report[0], &m) == 1) {
			*e = m.err;
			r = -(e->num ? e->num : EIO);
		}
	}
	close(report[0]);
	return r;
}

static int send_message(int socket, const struct str *text, struct err *e)
{
	ssize_t n;

	if (text->failed)
		return err_oom(e);
	do
		n = send(socket, str_text(text), text->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(e, errno, "ask criu") : 0;
}

/* One message, and the descriptor that may come with it. */
static int receive(struct criu_job *job, int socket, struct criu_answer *ret, int *ret_fd, struct err *e)
{
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	char *bytes = arena_alloc(job->context->arena, MESSAGE_MAX);
	struct iovec iov = { bytes, MESSAGE_MAX };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control };
	struct cmsghdr *c;
	ssize_t n;

	*ret_fd = -1;
	if (!bytes)
		return err_oom(e);
	do
		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, errno, "hear from criu");
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	if (n == 0)
		return err_set(e, ECONNRESET, "criu ended without an answer");
	if ((m.msg_flags & MSG_TRUNC) || criu_decode(job->context->arena, bytes, (size_t)n, ret) < 0)
		return err_set(e, EBADMSG, "criu gave an answer that is none");
	return 0;
}

static int converse(struct criu_job *job, int socket, struct criu_answer *ret, struct err *e)
{
	for (;;) {
		_cleanup_str_ struct str text = STR_INIT;
		_cleanup_close_ int fd = -1;
		int r = receive(job, socket, ret, &fd, e);

		if (r < 0 || ret->type != CRIU_NOTIFY)
			return r;
		if (job->notified)
			r = job->notified(job, ret, fd, e);
		/* Without an answer it goes no further, and what failed is ours to say. */
		if (r < 0)
			return r;
		criu_encode_notified(&text, true);
		r = send_message(socket, &text, e);
		if (r < 0)
			return r;
	}
}

/* Without CAP_SYS_RESOURCE it cannot raise its own limit, and goes on. */
#define HARMLESS "RLIMIT_NOFILE for self"

/* "(00.012) pid: Error (criu/file.c:12): WHAT" of the log: the first tells what the others follow from. */
static const char *first_error(struct criu_job *job)
{
	struct err ignored;
	char *text, *line, *what;
	int fd = openat(job->work_fd, job->log_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_close_ int log = fd;

	if (fd < 0 || io_read_fd(job->context->arena, log, job->log_name, LOG_MAX, &text, NULL, &ignored) < 0)
		return NULL;
	for (line = strstr(text, "Error ("); line; line = strstr(line + strlen(line) + 1, "Error (")) {
		size_t len = strcspn(line, "\n");

		/* The text ends with a NUL of its own. */
		if (!line[len])
			break;
		line[len] = '\0';
		if (!strstr(line, HARMLESS))
			break;
	}
	if (!line || strstr(line, HARMLESS))
		return NULL;
	what = strstr(line, "): ");
	return what ? what + 3 : line;
}

static int explain(struct criu_job *job, const struct criu_answer *answer, struct err *e)
{
	const struct checkpoint_options *o = job->options;
	const char *why = first_error(job);

	if (!why)
		why = answer->message ? answer->message : answer->number ? err_name(answer->number) : "it does not "
			"say why";
	return err_set(e, EIO, "criu could not do it: %s: see %s/%s", why, o->work_path ? o->work_path : o->image_path,
		       job->log_name);
}

int criu_run(struct criu_job *job, struct criu_answer *ret, struct err *e)
{
	_cleanup_close_ int socket = -1;
	_cleanup_str_ struct str message = STR_INIT;
	int r = start(job, &socket, e);

	criu_encode(&job->request, &message);
	if (r == 0)
		r = send_message(socket, &message, e);
	if (r == 0)
		r = converse(job, socket, ret, e);
	if (r == 0 && !ret->success)
		r = explain(job, ret, e);
	close_fd(&socket);
	if (r < 0 && job->dies_with_us && job->pidfd >= 0)
		sys_pidfd_kill(job->pidfd, SIGKILL);
	if (job->pid > 0)
		sys_wait(job->pid);
	job->pid = 0;
	return r;
}
