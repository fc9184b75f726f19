/*
 * Why: a hook has to end, and the network has to stay; and it must go when the container goes, however that ends. pasta
 * sees to it itself. slirp4netns ends when a pipe closes: a process holds that and waits for the container's first one.
 *
 * Both are told that the host's loopback is out of reach: not by an address of its own, not by a forwarded port.
 */
#include "bundle/network_hook.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "derivation/json_tree.h"

enum { STATE_MAX = 1 << 20, ARGS_MAX = 20 };

static int read_pid(struct arena *a, pid_t *ret, struct err *e)
{
	struct json_tree *state, *pid;
	unsigned long long number;
	size_t len;
	char *text;
	int r = io_read_fd(a, STDIN_FILENO, "standard input", STATE_MAX, &text, &len, e);

	if (r == 0)
		r = json_tree_read(a, "state", text, len, &state, e);
	if (r < 0)
		return r;
	pid = json_member(state, "pid");
	if (!pid || pid->type != JSON_NUMBER || parse_u64(pid->text, 1 << 30, &number) < 0 || number == 0)
		return err_set(e, EINVAL, "state: there is no \"pid\": this is for a runtime to call");
	*ret = (pid_t)number;
	return 0;
}

struct helper {
	const char *program;
	pid_t pid;
	int errors;  /* what it says on standard error; a file, since it may live for long and nobody reads then */
};

static int start(struct helper *h, char **args, struct err *e)
{
	h->errors = memfd_create("errors", MFD_CLOEXEC);
	h->pid = h->errors < 0 ? -1 : fork();
	if (h->pid < 0)
		return err_sys(e, errno, "start %s", h->program);
	if (h->pid > 0)
		return 0;
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(h->errors, STDERR_FILENO) < 0)
		_exit(126);
	execv(h->program, args);
	_exit(127);
}

/* The last line of what the helper said, which is why it failed. */
static const char *last_line(const struct helper *h, char *buf, size_t size)
{
	off_t end = lseek(h->errors, 0, SEEK_END);
	ssize_t n;
	char *line;

	n = pread(h->errors, buf, size - 1, end > (off_t)size - 1 ? end - (off_t)size + 1 : 0);
	if (n <= 0)
		return "it says nothing";
	while (n > 0 && (buf[n - 1] == '\n' || buf[n - 1] == ' '))
		n--;
	buf[n] = '\0';
	line = strrchr(buf, '\n');
	return line ? line + 1 : buf;
}

static int wait_for(const struct helper *h, struct err *e)
{
	char said[512];
	int status;

	while (waitpid(h->pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "wait for %s", h->program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, EIO, "network of the sandbox: %s failed: %s", h->program, last_line(h, said, sizeof said));
}

/* Goes into the background by itself once all is done, and ends with the namespace. */
static int run_pasta(struct arena *a, const char *program, pid_t pid, struct err *e)
{
	struct helper h = { .program = program, .errors = -1 };
	char *args[ARGS_MAX] = {
		(char *)program, (char *)"--quiet", (char *)"--config-net", (char *)"--no-map-gw",
		(char *)"--dns-forward", (char *)"169.254.1.53", (char *)"-t", (char *)"none", (char *)"-u",
		(char *)"none", (char *)"-T", (char *)"none", (char *)"-U", (char *)"none",
	};
	size_t n = 14;
	int r;

	/* As root it would become nobody, who may not enter the container's namespaces. */
	if (geteuid() == 0) {
		args[n++] = (char *)"--runas";
		args[n++] = (char *)"0";
	}
	args[n++] = arena_printf(a, "%d", (int)pid);
	if (arena_failed(a))
		return err_oom(e);
	r = start(&h, args, e);
	if (r == 0)
		r = wait_for(&h, e);
	close_fd(&h.errors);
	return r;
}

/* Away from the hook's session and streams: whoever waits for these to close must not wait for the network's end. */
static void guard(int container, int keep)
{
	struct pollfd p = { .fd = container, .events = POLLIN };
	int null;

	setsid();
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd <= 2; fd++)
		dup2(null, fd);
	if (chdir("/") == 0)
		while (poll(&p, 1, -1) < 0 && errno == EINTR)
			;
	close(keep);
	_exit(0);
}

/* A byte says that the network is there; without one it has failed. */
static int wait_ready(const struct helper *h, int fd, struct err *e)
{
	char byte;

	if (io_read_full(fd, &byte, 1) == 1)
		return 0;
	kill(h->pid, SIGKILL);
	return wait_for(h, e) < 0 ? -e->num : err_set(e, EIO, "network of the sandbox: %s ended", h->program);
}

static int slirp_args(struct arena *a, const char *program, pid_t pid, int ready, int life, char **ret, struct err *e)
{
	size_t n = 0;

	ret[n++] = (char *)program;
	ret[n++] = (char *)"--configure";
	ret[n++] = (char *)"--mtu=65520";
	ret[n++] = (char *)"--disable-host-loopback";
	ret[n++] = arena_printf(a, "--ready-fd=%d", ready);
	ret[n++] = arena_printf(a, "--exit-fd=%d", life);
	ret[n++] = arena_printf(a, "--userns-path=/proc/%d/ns/user", (int)pid);
	ret[n++] = (char *)"--netns-type=path";
	ret[n++] = arena_printf(a, "/proc/%d/ns/net", (int)pid);
	ret[n++] = (char *)"tap0";
	ret[n] = NULL;
	return arena_failed(a) ? err_oom(e) : 0;
}

static int run_slirp(struct arena *a, const char *program, pid_t pid, struct err *e)
{
	_cleanup_close_ int container = pidfd_open(pid, 0);
	struct helper h = { .program = program, .errors = -1 };
	int ready[2] = { -1, -1 }, life[2] = { -1, -1 }, r;
	pid_t guardian = -1;
	char *args[ARGS_MAX];

	if (container < 0)
		return err_sys(e, errno, "the container's process %d", (int)pid);
	if (pipe(ready) < 0 || pipe(life) < 0)
		return err_sys(e, errno, "make a pipe");
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	fcntl(life[1], F_SETFD, FD_CLOEXEC);
	r = slirp_args(a, program, pid, ready[1], life[0], args, e);
	if (r == 0)
		r = start(&h, args, e);
	close_fd(&ready[1]);
	close_fd(&life[0]);
	if (r == 0)
		r = wait_ready(&h, ready[0], e);
	if (r == 0)
		guardian = fork();
	if (guardian == 0)
		guard(container, life[1]);
	if (r == 0 && guardian < 0)
		r = err_sys(e, errno, "start a process that waits for the container");
	/* Without a guardian this closes the last end of the pipe, and the helper goes. */
	close_fd(&life[1]);
	close_fd(&ready[0]);
	close_fd(&h.errors);
	return r;
}

int network_hook_run(struct arena *a, const char *helper, const char *program, struct err *e)
{
	pid_t pid = 0;
	int r = read_pid(a, &pid, e);

	if (r < 0)
		return r;
	if (strcmp(helper, "pasta") == 0)
		return run_pasta(a, program, pid, e);
	if (strcmp(helper, "slirp4netns") == 0)
		return run_slirp(a, program, pid, e);
	return err_set(e, EINVAL, "'%s' is neither pasta nor slirp4netns", helper);
}
