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

/* Starts it with standard input from nowhere. Its errors go where the hook's go. */
static pid_t start(const char *program, char **args)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_RDWR);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	execv(program, args);
	_exit(127);
}

static int wait_for(pid_t pid, const char *program, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "wait for %s", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, EIO, "network of the sandbox: %s failed with status %d", program,
		       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Goes into the background by itself once all is done, and ends with the namespace. */
static int run_pasta(struct arena *a, const char *program, pid_t pid, struct err *e)
{
	char *args[] = {
		(char *)program, (char *)"--quiet", (char *)"--config-net", (char *)"--no-map-gw",
		(char *)"--dns-forward", (char *)"169.254.1.53", (char *)"-t", (char *)"none", (char *)"-u",
		(char *)"none", (char *)"-T", (char *)"none", (char *)"-U", (char *)"none",
		arena_printf(a, "%d", (int)pid), NULL,
	};
	pid_t child;

	if (arena_failed(a))
		return err_oom(e);
	child = start(program, args);
	return child < 0 ? err_sys(e, errno, "start %s", program) : wait_for(child, program, e);
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

static int wait_ready(int fd, pid_t child, const char *program, struct err *e)
{
	char byte;

	if (io_read_full(fd, &byte, 1) == 1)
		return 0;
	kill(child, SIGKILL);
	return wait_for(child, program, e) < 0 ? -e->num : err_set(e, EIO, "network of the sandbox: %s ended", program);
}

static int run_slirp(struct arena *a, const char *program, pid_t pid, struct err *e)
{
	_cleanup_close_ int container = pidfd_open(pid, 0);
	int ready[2] = { -1, -1 }, life[2] = { -1, -1 }, r = 0;
	pid_t child = -1, guardian;
	char *args[ARGS_MAX];
	size_t n = 0;

	if (container < 0)
		return err_sys(e, errno, "the container's process %d", (int)pid);
	if (pipe(ready) < 0 || pipe(life) < 0)
		return err_sys(e, errno, "make a pipe");
	fcntl(ready[0], F_SETFD, FD_CLOEXEC);
	fcntl(life[1], F_SETFD, FD_CLOEXEC);
	args[n++] = (char *)program;
	args[n++] = (char *)"--configure";
	args[n++] = (char *)"--mtu=65520";
	args[n++] = (char *)"--disable-host-loopback";
	args[n++] = arena_printf(a, "--ready-fd=%d", ready[1]);
	args[n++] = arena_printf(a, "--exit-fd=%d", life[0]);
	args[n++] = arena_printf(a, "--userns-path=/proc/%d/ns/user", (int)pid);
	args[n++] = (char *)"--netns-type=path";
	args[n++] = arena_printf(a, "/proc/%d/ns/net", (int)pid);
	args[n++] = (char *)"tap0";
	args[n] = NULL;
	if (arena_failed(a))
		r = err_oom(e);
	guardian = r == 0 ? fork() : -1;
	if (guardian == 0) {
		close(ready[0]), close(ready[1]), close(life[0]);
		guard(container, life[1]);
	}
	if (r == 0)
		child = guardian < 0 ? -1 : start(program, args);
	if (r == 0 && child < 0)
		r = err_sys(e, errno, "start %s", program);
	close_fd(&ready[1]);
	close_fd(&life[0]);
	close_fd(&life[1]);
	if (r == 0)
		r = wait_ready(ready[0], child, program, e);
	/* Without a guardian's pipe nothing of it stays. */
	if (r < 0 && guardian > 0)
		kill(guardian, SIGKILL);
	close_fd(&ready[0]);
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
