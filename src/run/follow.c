/* Why: see follow.h. */
#include "run/follow.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/terminal.h"
#include "sys/process.h"
#include "sys/pty.h"

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void follow_block_signals(sigset_t *ret_old)
{
	sigset_t all;

	/* A caller that ignores it has passed that on to us, and then the kernel keeps no exit status. */
	signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, ret_old);
}

/* Hands signals on until it ends, and reaps whatever else became our child. */
static int wait_for_end(pid_t wanted, int pidfd, int *ret_status, struct err *e)
{
	sigset_t all;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int signal, status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == wanted) {
				*ret_status = exit_status(status);
				return 0;
			}
		if (pid < 0 && errno != EINTR)
			return err_sys(e, errno, "wait for process %ld", (long)wanted);
		signal = sigwaitinfo(&all, &info);
		if (signal < 0 && errno == EINTR)
			continue;
		if (signal < 0)
			return err_sys(e, errno, "wait for signals");
		/*
		 * SIGURG and SIGPIPE are no message to anybody; stopping ourselves would leave the container
		 * running.
		 */
		if (signal != SIGCHLD && signal != SIGURG && signal != SIGPIPE)
			sys_pidfd_kill(pidfd, signal);
	}
}

static void fit_console(struct op_console *console)
{
	struct winsize size;
	int fd = 0;

	/* What goes into a file or a pipe is not to be typeset. */
	console->plain_lines = !isatty(1);
	while (fd <= 2 && sys_pty_get_size(fd, &size) < 0)
		fd++;
	if (fd > 2 || console->rows || console->columns)
		return;
	console->rows = size.ws_row;
	console->columns = size.ws_col;
}

void follow_fit_terminal(struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].type == OP_CONSOLE)
			fit_console(&p->ops[i].console);
}

static int relay(int console, int pidfd, struct err *e)
{
	_cleanup_close_ int master = -1;
	int r = terminal_receive(console, &master, e);

	return r < 0 ? r : terminal_relay(master, pidfd, e);
}

int follow_process(pid_t pid, int pidfd, int console, int *ret_status, struct err *e)
{
	int r = console >= 0 ? relay(console, pidfd, e) : 0;

	return r < 0 ? r : wait_for_end(pid, pidfd, ret_status, e);
}
