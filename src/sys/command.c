/*
 * Why: hooks are other people's programs. They may not read their input, write without end, hang, or leave a daemon
 * behind, and none of that may hang or kill the runtime.
 */
#include "sys/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/exec.h"

struct pipes {
	int in[2], out[2], text[2], error[2];  /* [0] is read from; error carries the errno of a failed exec */
};

#define PIPES_INIT { { -1, -1 }, { -1, -1 }, { -1, -1 }, { -1, -1 } }

static void close_pipes(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->in[i]);
		close_fd(&p->out[i]);
		close_fd(&p->text[i]);
		close_fd(&p->error[i]);
	}
}
#define _cleanup_pipes_ __attribute__((cleanup(close_pipes)))

static int open_pipes(struct pipes *p, bool text)
{
	if (pipe2(p->in, O_CLOEXEC) < 0 || pipe2(p->out, O_CLOEXEC) < 0 || pipe2(p->error, O_CLOEXEC) < 0 ||
	    (text && pipe2(p->text, O_CLOEXEC) < 0))
		return -errno;
	/* Only our ends: the program expects blocking streams. */
	if (fcntl(p->in[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(p->out[0], F_SETFL, O_NONBLOCK) < 0 ||
	    (text && fcntl(p->text[0], F_SETFL, O_NONBLOCK) < 0))
		return -errno;
	return 0;
}

/* Moves fd out of the way of the standard streams. */
static int above_standard(int fd)
{
	return fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static int child(const struct sys_command *command, struct pipes *p)
{
	int in = above_standard(p->in[0]), out = above_standard(p->out[1]);
	int text = command->text ? above_standard(p->text[1]) : out, error = above_standard(p->error[1]);
	int num = 0;

	/* A group of its own, so that what it started can be killed with it. */
	if (in < 0 || out < 0 || text < 0 || error < 0 || setpgid(0, 0) < 0)
		num = errno;
	else if (dup2(in, 0) < 0 || dup2(text, 1) < 0 || dup2(out, 2) < 0)
		num = errno;
	else
		num = -sys_cloexec_from(3);
	if (num == 0)
		num = -sys_reset_signals();
	if (num == 0 && command->dir && chdir(command->dir) < 0 && chdir("/") < 0)
		num = errno;
	if (num == 0)
		num = -sys_execve(command->path, command->argv, command->envp ? command->envp : environ);
	io_write_all(error, &num, sizeof num);
	_exit(127);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keeps the last bytes of what was written so far. Returns false at the end of the stream. */
static bool keep_output(int fd, struct sys_command_result *ret)
{
	size_t len = strlen(ret->output), room = sizeof ret->output - 1;
	char buf[256];
	ssize_t n = read(fd, buf, sizeof buf);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == 0)
			buf[i] = ' ';
	if (len + (size_t)n > room) {
		size_t drop = len + (size_t)n - room;

		memmove(ret->output, ret->output + drop, len - drop);
		len -= drop;
	}
	memcpy(ret->output + len, buf, (size_t)n);
	ret->output[len + (size_t)n] = 0;
	return true;
}

/* 1: there may be more; 0: the end of the stream, or nothing now. -EFBIG: it is too much. */
static int keep_text(int fd, const struct sys_command *command)
{
	char buf[16 * 1024];
	ssize_t n = read(fd, buf, sizeof buf);

	if (n < 0)
		return errno == EINTR;
	str_addn(command->text, buf, (size_t)n);
	if (command->text->failed)
		return -ENOMEM;
	return command->text->len > command->text_max ? -EFBIG : n > 0;
}

/* Sends what the pipe takes. Returns false when all is sent, or the program does not want it. */
static bool send_input(int fd, const char **input, size_t *len)
{
	ssize_t n = write(fd, *input, *len);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	*input += n;
	*len -= (size_t)n;
	return *len > 0;
}

/* Serves the streams until the program ends. -ETIME: it did not in time. */
static int serve(const struct sys_command *command, struct pipes *p, int pidfd, struct sys_command_result *ret)
{
	int64_t end = command->timeout > 0 ? now_ms() + (int64_t)command->timeout * 1000 : -1;
	const char *input = command->input;
	size_t left = command->input_len;

	if (left == 0)
		close_fd(&p->in[1]);
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = p->out[0], .events = POLLIN },
			{ .fd = p->in[1], .events = POLLOUT },
			{ .fd = p->text[0], .events = POLLIN },
		};
		int r;
		int64_t wait = end < 0 ? -1 : end - now_ms();

		if (end >= 0 && wait <= 0)
			return -ETIME;
		if (poll(fds, 4, wait > INT32_MAX ? INT32_MAX : (int)wait) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents && !keep_output(p->out[0], ret))
			close_fd(&p->out[0]);
		if (fds[2].revents && !send_input(p->in[1], &input, &left))
			close_fd(&p->in[1]);
		r = fds[3].revents ? keep_text(p->text[0], command) : 0;
		if (r < 0)
			return r;
		if (r == 0 && (fds[3].revents & POLLHUP))
			close_fd(&p->text[0]);
		if (fds[0].revents)
			break;
	}
	/* What is still in the pipe, and no more: a daemon may go on writing. */
	for (int i = 0; i < 256 && p->out[0] >= 0; i++) {
		struct pollfd out = { .fd = p->out[0], .events = POLLIN };

		if (poll(&out, 1, 0) <= 0 || !keep_output(p->out[0], ret))
			break;
	}
	for (int i = 0, r = 1; i < 256 && p->text[0] >= 0 && r > 0; i++) {
		r = keep_text(p->text[0], command);
		if (r < 0)
			return r;
	}
	return 0;
}

static int run_child(const struct sys_command *command, struct pipes *p, pid_t pid, struct sys_command_result *ret)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int r = pidfd < 0 ? -errno : 0;

	close_fd(&p->in[0]);
	close_fd(&p->out[1]);
	close_fd(&p->text[1]);
	close_fd(&p->error[1]);
	/* Ends at the exec, or tells why there was none. */
	if (r == 0 && io_read_full(p->error[0], &ret->exec_error, sizeof(int)) != sizeof(int))
		ret->exec_error = 0;
	if (r == 0)
		r = serve(command, p, pidfd, ret);
	if (r < 0) {
		ret->timed_out = r == -ETIME;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &ret->status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return r == -ETIME ? 0 : r;
}

int sys_command_run(const struct sys_command *command, struct sys_command_result *ret)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, before;
	_cleanup_pipes_ struct pipes p = PIPES_INIT;
	pid_t pid;
	int r;

	*ret = (struct sys_command_result){ 0 };
	r = open_pipes(&p, command->text);
	if (r < 0)
		return r;
	sigaction(SIGPIPE, &ignore, &before);
	pid = fork();
	if (pid == 0)
		child(command, &p);
	r = pid < 0 ? -errno : run_child(command, &p, pid, ret);
	/* Where the caller blocks it, an ignored SIGPIPE is pending nevertheless; to ignore it once more drops it. */
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGPIPE, &before, NULL);
	return r;
}

static _Noreturn void become(char *const *argv, int out, int error)
{
	int num;

	if (dup2(out, 1) >= 0)
		execvp(argv[0], argv);
	num = errno;
	io_write_all(error, &num, sizeof num);
	_exit(127);
}

int sys_command_read(char *const *argv, struct str *out)
{
	_cleanup_pipes_ struct pipes p = PIPES_INIT;
	char buf[4096];
	int num = 0, status;
	ssize_t n;
	pid_t pid;

	if (pipe2(p.out, O_CLOEXEC) < 0 || pipe2(p.error, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		become(argv, p.out[1], p.error[1]);
	if (pid < 0)
		return -errno;
	close_fd(&p.out[1]);
	close_fd(&p.error[1]);
	while ((n = io_read_full(p.out[0], buf, sizeof buf)) > 0)
		str_addn(out, buf, (size_t)n);
	if (io_read_full(p.error[0], &num, sizeof num) != sizeof num)
		num = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return num ? -num : n < 0 ? (int)n : status;
}
