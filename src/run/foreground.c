/* Why: `run`: create, start, wait and delete in one, without a socket in between. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "run/container.h"
#include "run/open.h"
#include "run/seal.h"
#include "run/start.h"
#include "run/terminal.h"
#include "sys/process.h"
#include "sys/pty.h"
#include "sys/socket.h"

static int exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* All signals that can be caught, so that none ends us while the container runs; they are init's. */
static void block_signals(sigset_t *ret_old)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, ret_old);
}

/* Hands signals on to init until it ends, and reaps whatever else became our child. */
static int wait_for_init(struct container *c, int *ret_status, struct err *e)
{
	sigset_t all;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int signal, status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == c->init_pid) {
				*ret_status = exit_status(status);
				c->init_pid = 0;
				return 0;
			}
		if (pid < 0 && errno != EINTR)
			return err_sys(e, errno, "wait for the container's first process");
		signal = sigwaitinfo(&all, &info);
		if (signal < 0 && errno == EINTR)
			continue;
		if (signal < 0)
			return err_sys(e, errno, "wait for signals");
		/* SIGURG and SIGPIPE are no message to anybody; stopping ourselves would leave the container running. */
		if (signal != SIGCHLD && signal != SIGURG && signal != SIGPIPE)
			sys_pidfd_kill(c->init_pidfd, signal);
	}
}

static int relay_terminal(struct container *c, struct err *e)
{
	_cleanup_close_ int master = -1;
	int r;

	close_fd(&c->console[1]);
	r = terminal_receive(c->console[0], &master, e);
	return r < 0 ? r : terminal_relay(master, c->init_pidfd, e);
}

static int follow(struct container *c, int *ret_status, struct err *e)
{
	int r = 0;

	if (c->console[0] >= 0)
		r = relay_terminal(c, e);
	return r < 0 ? r : wait_for_init(c, ret_status, e);
}

static int destroy(struct container *c, struct opened *o, struct err *e)
{
	const struct run_create_options *options = c->options;

	if (options->keep)
		return 0;
	if (options->pid_file)
		unlink(options->pid_file);
	return container_destroy(c->context, o, e);
}

/* From "created" on. The lock is given up while the container runs, so that others can look at it and kill it. */
static int run_created(struct container *c, int *ret_status, struct err *e)
{
	struct opened o = { .dir = c->dir, .record = &c->record, .status = OCI_STATUS_CREATED };
	struct err later;
	int r;

	r = start_hear(c->sync[0], e);
	c->record.status = OCI_STATUS_RUNNING;
	if (r == 0)
		r = state_write(&o.dir, &c->record, e);
	if (r == 0)
		r = start_run_hooks(c->context, &o, e);
	if (r == 0 && !c->options->detach) {
		state_close(&o.dir);
		r = follow(c, ret_status, e);
		if (c->options->keep && r == 0)
			return 0;
		/* Somebody may have deleted it already, once it had ended. */
		int found = container_open(c->context, c->options->id, &o, &later);
		if (found == -ENOENT)
			return r;
		if (found < 0) {
			state_close(&o.dir);
			return r < 0 ? r : (*e = later, found);
		}
		if (r == 0)
			r = destroy(c, &o, e);
		else if (destroy(c, &o, &later) < 0)
			log_warning("%s", later.text);
	} else if (r < 0 && container_destroy(c->context, &o, &later) < 0) {
		log_warning("%s", later.text);
	}
	state_close(&o.dir);
	return r;
}

/* Where the config does not say, the container's terminal is as large as the caller's, from the beginning. */
static void take_terminal_size(struct plan *p)
{
	struct winsize size;
	int fd = 0;

	while (fd <= 2 && sys_pty_get_size(fd, &size) < 0)
		fd++;
	for (size_t i = 0; fd <= 2 && i < p->len; i++) {
		struct op_console *console = &p->ops[i].console;

		if (p->ops[i].type != OP_CONSOLE || console->rows || console->columns)
			continue;
		console->rows = size.ws_row;
		console->columns = size.ws_col;
	}
}

int run_run(struct run_context *context, const struct run_create_options *options, int *ret_status, struct err *e)
{
	struct container c;
	sigset_t old;
	int r = seal_binary(e);

	*ret_status = 0;
	if (r == 0)
		r = container_load(&c, context, options, e);
	if (r < 0)
		return r;
	if (options->detach && c.spec->process && c.spec->process->terminal && !options->console_socket)
		return err_set(e, EINVAL, "process.terminal: --detach needs --console-socket, over which it sends the terminal");
	if (!c.spec->process)
		return err_set(e, EINVAL, "process: is missing: there is nothing to run");
	if (!options->detach && !options->no_subreaper)
		sys_set_subreaper();
	if (!options->console_socket)
		take_terminal_size(&c.plan);
	block_signals(&old);
	r = container_launch(&c, true, e);
	if (r == 0)
		r = run_created(&c, ret_status, e);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
