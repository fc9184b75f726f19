/* Why: `run`: create, start, wait and delete in one, without a socket in between. */
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "run/container.h"
#include "run/follow.h"
#include "run/open.h"
#include "run/start.h"
#include "sys/process.h"

static int follow(struct container *c, int *ret_status, struct err *e)
{
	int r;

	close_fd(&c->console[1]);
	r = follow_process(c->init_pid, c->init_pidfd, c->console[0], ret_status, e);
	if (r == 0)
		c->init_pid = 0;
	return r;
}

static int destroy(struct container *c, struct opened *o, struct err *e)
{
	return c->options->keep ? 0 : container_destroy(c->context, o, e);
}

/* The lock is given up while the container runs, so that others can look at it and kill it. */
int container_follow(struct container *c, struct opened *o, int r, int *ret_status, struct err *e)
{
	struct err later;

	if (r == 0 && !c->options->detach) {
		state_let_go(&o->dir);
		r = follow(c, ret_status, e);
		int locked = c->options->keep && r == 0 ? -ENOENT : state_lock_again(&o->dir, &later);
		/* Kept, or deleted by somebody else already, once it had ended. */
		if (locked < 0) {
			state_close(&o->dir);
			return r < 0 || locked == -ENOENT ? r : (*e = later, locked);
		}
		if (r == 0)
			r = destroy(c, o, e);
		else if (destroy(c, o, &later) < 0)
			log_warning("%s", later.text);
	} else if (r < 0 && container_destroy(c->context, o, &later) < 0) {
		log_warning("%s", later.text);
	}
	state_close(&o->dir);
	return r;
}

/* From "created" on. */
static int run_created(struct container *c, int *ret_status, struct err *e)
{
	struct opened o = { .dir = c->dir, .record = &c->record, .status = OCI_STATUS_CREATED };
	int r = start_hear(c->sync[0], e);

	c->record.status = OCI_STATUS_RUNNING;
	if (r == 0)
		r = state_write(&o.dir, &c->record, e);
	if (r == 0)
		r = start_run_hooks(c->context, &o, e);
	return container_follow(c, &o, r, ret_status, e);
}

int run_run(struct run_context *context, const struct run_create_options *options, int *ret_status, struct err *e)
{
	struct container c;
	sigset_t old;
	int r = container_load(&c, context, options, e);

	*ret_status = 0;
	if (r < 0)
		return r;
	if (options->detach && c.spec->process && c.spec->process->terminal && !options->console_socket)
		return err_set(e, EINVAL,
			       "process.terminal: --detach needs --console-socket, over which it sends the terminal");
	if (!c.spec->process)
		return err_set(e, EINVAL, "process: is missing: there is nothing to run");
	if (!options->detach && !options->no_subreaper)
		sys_set_subreaper();
	if (!options->console_socket)
		follow_fit_terminal(&c.plan);
	follow_block_signals(&old);
	r = container_launch(&c, true, e);
	if (r == 0)
		r = run_created(&c, ret_status, e);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
