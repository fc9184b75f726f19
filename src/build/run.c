/*
 * Why: a builder may do anything, so it is watched from outside the sandbox: what it prints, for how long, and how
 * much. To end it, its container is deleted: process 1 of its namespace dies, and with it every process that it ever
 * made.
 */
#include "build/run.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "derivation/json_tree.h"

enum { LINE_MAX_BYTES = 1000 };

enum { ID_MAX = 100 };

struct runner {
	const struct build_run *run;
	char state[PATH_MAX], errors[PATH_MAX], id[ID_MAX + 1];
	pid_t pid;              /* of `cloister run`; 0: it has ended */
	int status;             /* as wait(2) gives it */
	int output, signals;    /* descriptors; output is -1 after its end */
	time_t begin, last;     /* of CLOCK_MONOTONIC: the start, and the last output */
	uint64_t bytes;
	struct str line;
	bool return_pending;    /* a '\r' that may belong to a line's end */
	struct err *e;
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* argv[0] with nothing of ours but the descriptors given (-1: /dev/null). A descriptor may be its own copy. */
static int spawn(char *const *argv, int out, int err_fd, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	if (out >= 0)
		posix_spawn_file_actions_adddup2(&actions, out, 1);
	else
		posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	if (err_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, err_fd, 2);
	else
		posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = posix_spawn(ret, argv[0], &actions, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return -r;
}

/*
 * The container's name, which its cgroup has too, and so must be its own on the machine: the end of the folder's path.
 */
static void make_id(const char *work, char ret[static ID_MAX + 1])
{
	size_t len = strlen(work);

	snprintf(ret, ID_MAX + 1, "build%s", len > ID_MAX - 5 ? work + len - (ID_MAX - 5) : work);
	for (char *p = ret; *p; p++)
		if (*p == '/')
			*p = '-';
}

static void delete_container(const char *cloister, const char *state, const char *id)
{
	char *argv[] = { (char *)cloister, (char *)"--root", (char *)state, (char *)"delete", (char *)"--force",
			 (char *)id, NULL };
	pid_t pid;

	if (spawn(argv, -1, -1, &pid) == 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
}

static int set_paths(struct runner *n)
{
	if (snprintf(n->state, sizeof n->state, "%s/state", n->run->work) >= (int)sizeof n->state ||
	    snprintf(n->errors, sizeof n->errors, "%s/errors", n->run->work) >= (int)sizeof n->errors)
		return err_sys(n->e, ENAMETOOLONG, "%s", n->run->work);
	make_id(n->run->work, n->id);
	return 0;
}

/*
 * Both ends of what the builder writes to: a terminal that translates nothing and that nobody is controlled by, or a
 * pipe.
 */
static int open_output(struct runner *n, int ret[static 2])
{
	struct termios raw;

	if (!n->run->terminal)
		return pipe2(ret, O_CLOEXEC) < 0 ? err_sys(n->e, errno, "pipe") : 0;
	ret[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[0] < 0 || unlockpt(ret[0]) < 0)
		return err_sys(n->e, errno, "open a terminal");
	ret[1] = ioctl(ret[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[1] < 0 || tcgetattr(ret[1], &raw) < 0)
		return err_sys(n->e, errno, "open a terminal");
	cfmakeraw(&raw);
	return tcsetattr(ret[1], TCSANOW, &raw) < 0 ? err_sys(n->e, errno, "set a terminal") : 0;
}

static int start(struct runner *n)
{
	char *argv[] = { (char *)n->run->cloister, (char *)"--root", n->state, (char *)"--log", n->errors,
			 (char *)"--log-format", (char *)"json", (char *)"run", (char *)"--bundle",
			 (char *)n->run->bundle, n->id, NULL };
	int fds[2] = { -1, -1 }, r = n->run->own_output ? 0 : open_output(n, fds);

	if (r < 0) {
		close_fd(&fds[0]);
		close_fd(&fds[1]);
		return r;
	}
	r = n->run->own_output ? spawn(argv, STDOUT_FILENO, STDERR_FILENO, &n->pid) :
				 spawn(argv, fds[1], fds[1], &n->pid);
	close_fd(&fds[1]);
	if (r < 0) {
		close_fd(&fds[0]);
		n->pid = 0;
		return err_sys(n->e, -r, "run %s", n->run->cloister);
	}
	n->output = fds[0];
	n->begin = n->last = now();
	return 0;
}

static void end_line(struct runner *n)
{
	n->run->line(n->run->data, str_text(&n->line));
	n->line.len = 0;
}

/* A terminal ends lines with "\r\n"; in a log that is "\n". */
static void take_lines(struct runner *n, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n')
			end_line(n);
		else if (n->line.len < LINE_MAX_BYTES && bytes[i] && bytes[i] != '\r')
			str_addc(&n->line, bytes[i]);
	}
}

static int write_log(struct runner *n, const char *bytes, size_t len)
{
	char plain[64 * 1024 + 1];
	size_t used = 0;
	int r;

	for (size_t i = 0; i < len; i++) {
		if (n->return_pending && bytes[i] != '\n')
			plain[used++] = '\r';
		n->return_pending = bytes[i] == '\r';
		if (!n->return_pending)
			plain[used++] = bytes[i];
	}
	r = n->run->log_fd < 0 ? 0 : io_write_all(n->run->log_fd, plain, used);
	return r < 0 ? err_sys(n->e, -r, "write the log") : 0;
}

/* One piece of output. */
static int take_output(struct runner *n)
{
	char bytes[32 * 1024];
	ssize_t len = read(n->output, bytes, sizeof bytes);

	/* The end of a terminal: nobody has the other side open. */
	if (len < 0 && errno == EIO && n->run->terminal)
		len = 0;
	if (len < 0)
		return errno == EINTR ? 0 : err_sys(n->e, errno, "read the builder's output");
	if (len == 0) {
		close_fd(&n->output);
		return 0;
	}
	n->last = now();
	n->bytes += (uint64_t)len;
	take_lines(n, bytes, (size_t)len);
	if (n->run->max_log && n->bytes > n->run->max_log)
		return err_set(n->e, EFBIG, "it was killed, since it printed more than %llu bytes (--max-log-size)",
			       (unsigned long long)n->run->max_log);
	return write_log(n, bytes, (size_t)len);
}

static int take_signals(struct runner *n)
{
	struct signalfd_siginfo info;

	while (read(n->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo != SIGCHLD)
			return err_set(n->e, EINTR, "interrupted");
		if (n->pid && waitpid(n->pid, &n->status, WNOHANG) == n->pid)
			n->pid = 0;
	}
	return 0;
}

/* Milliseconds until a limit is reached, -1 for never. */
static int check_time(struct runner *n, int *ret_wait)
{
	time_t t = now();
	long left = LONG_MAX;

	if (n->run->timeout) {
		left = n->begin + (long)n->run->timeout - t;
		if (left <= 0)
			return err_set(n->e, ETIMEDOUT, "it was killed after %u seconds (--timeout)", n->run->timeout);
	}
	if (n->run->max_silent) {
		long silent = n->last + (long)n->run->max_silent - t;

		if (silent <= 0)
			return err_set(n->e, ETIMEDOUT, "it was killed after %u seconds without output "
				       "(--max-silent-time)", n->run->max_silent);
		left = silent < left ? silent : left;
	}
	*ret_wait = left > 3600 ? left == LONG_MAX ? -1 : 3600 * 1000 : (int)left * 1000;
	return 0;
}

static int follow(struct runner *n)
{
	int r = 0;

	/* When `cloister run` has ended, so has all of the builder; what is left in the pipe is its last words. */
	while (r == 0 && (n->pid || n->output >= 0)) {
		struct pollfd fds[] = {
			{ .fd = n->output, .events = POLLIN },
			{ .fd = n->signals, .events = POLLIN },
		};
		int wait;

		r = check_time(n, &wait);
		if (r < 0 || (poll(fds, 2, n->pid ? wait : 0) == 0 && !n->pid))
			break;
		if (fds[1].revents)
			r = take_signals(n);
		if (r == 0 && fds[0].revents)
			r = take_output(n);
	}
	if (n->line.len)
		end_line(n);
	return r;
}

/* The message of a line of the runtime's log; NULL if it is no error. */
static const char *error_of(struct arena *a, const char *line, size_t len)
{
	const struct json_tree *level, *message;
	struct json_tree *t;
	struct err ignored;

	if (json_tree_read(a, "log", line, len, &t, &ignored) < 0)
		return NULL;
	level = json_member(t, "level");
	message = json_member(t, "msg");
	return level && message && level->type == JSON_STRING && message->type == JSON_STRING &&
	       strcmp(level->text, "error") == 0 ? message->text : NULL;
}

/* What the runtime has to say, if it failed itself: the last error in its log. */
static int runtime_error(struct runner *n)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *message = NULL;
	struct err ignored;
	char *text;

	if (!a || io_read_file(a, AT_FDCWD, n->errors, 1024 * 1024, &text, NULL, &ignored) < 0)
		return 0;
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *error = error_of(a, text, len);

		message = error ? error : message;
		text += len + (text[len] == '\n');
	}
	return message ? err_set(n->e, EIO, "%s", message) : 0;
}

static void stop(struct runner *n)
{
	if (!n->pid)
		return;
	delete_container(n->run->cloister, n->state, n->id);
	/* It follows the container, which is gone; unless it had not made one yet. */
	for (int i = 0; i < 100 && n->pid; i++) {
		if (waitpid(n->pid, &n->status, WNOHANG) == n->pid)
			n->pid = 0;
		else
			usleep(20 * 1000);
	}
	if (n->pid) {
		kill(n->pid, SIGKILL);
		waitpid(n->pid, &n->status, 0);
		delete_container(n->run->cloister, n->state, n->id);
	}
}

int build_run(const struct build_run *run, int *ret_status, struct err *e)
{
	struct runner n = { .run = run, .output = -1, .signals = -1, .e = e };
	sigset_t mask;
	int r = set_paths(&n);

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	if (r == 0)
		n.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r == 0)
		r = n.signals < 0 ? err_sys(e, errno, "signalfd") : start(&n);
	if (r == 0)
		r = follow(&n);
	stop(&n);
	close_fd(&n.output);
	close_fd(&n.signals);
	str_free(&n.line);
	if (r < 0)
		return r;
	*ret_status = WIFSIGNALED(n.status) ? 128 + WTERMSIG(n.status) : WEXITSTATUS(n.status);
	return *ret_status ? runtime_error(&n) : 0;
}

void build_run_clean(const char *cloister, const char *work)
{
	char state[PATH_MAX], id[ID_MAX + 1];

	make_id(work, id);
	if (snprintf(state, sizeof state, "%s/state", work) < (int)sizeof state && access(state, F_OK) == 0)
		delete_container(cloister, state, id);
}
