/*
 * Why: this process only decides what comes next. All that can take long or go wrong is done in the processes of job.c,
 * and one that dies without a word is a failed build like any other.
 */
#include "build/schedule.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/job.h"
#include "build/known.h"
#include "build/resolve.h"
#include "store/remove.h"

struct loop {
	struct build_schedule *s;
	const struct build_watch *w;
	int signals;
	sigset_t mask, mask_before;
	bool interrupted, stop;     /* stop: nothing new is started */
	unsigned count;             /* of processes so far, for the names of their folders */
	struct err first;           /* the first failure */
};

static time_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void tell(struct loop *l, struct build_step *step, const struct build_message *m)
{
	if (l->w->event)
		l->w->event(l->w->data, step, m);
}

/* ---- ends ---- */

/* What needs it, directly or not, cannot be built any more. A graph may be deeper than the stack. */
static void skip_dependents(struct build_step *step)
{
	struct build_step *last = step;

	step->next = NULL;
	for (; step; step = step->next)
		for (size_t i = 0; i < step->needed_by_len; i++) {
			struct build_step *other = step->needed_by[i];

			if (other->state != BUILD_STATE_WAITING)
				continue;
			other->state = BUILD_STATE_SKIPPED;
			other->next = NULL;
			last = last->next = other;
		}
}

static void end_failed(struct loop *l, struct build_step *step, const struct build_message *m)
{
	step->state = BUILD_STATE_FAILED;
	l->s->failed++;
	if (!l->first.num) {
		l->first.num = m->num ? m->num : EIO;
		strcpy(l->first.text, m->text);
	}
	if (!l->s->options->keep_going)
		l->stop = true;
	skip_dependents(step);
}

static void end_well(struct loop *l, struct build_step *step)
{
	step->state = BUILD_STATE_DONE;
	l->s->done++;
	for (size_t i = 0; i < step->needed_by_len; i++)
		step->needed_by[i]->needs--;
}

static void end_step(struct loop *l, struct build_step *step, const struct build_message *m)
{
	step->ended = now();
	l->s->running--;
	if (m->event == BUILD_FAILED)
		end_failed(l, step, m);
	else
		end_well(l, step);
	tell(l, step, m);
}

/* ---- one process ---- */

/* The path of an output that this run has built, or that was known before. */
static const char *find_output(void *data, const char *drv, const char *output)
{
	struct loop *l = data;
	const struct set_item *found = set_find(&l->s->by_path, drv);
	const struct build_step *step = found ? found->value : NULL;
	struct drv_node *n;
	struct err ignored;

	for (size_t i = 0; step && i < step->outputs.len && i < step->drv->outputs_len; i++)
		if (strcmp(step->drv->outputs[i].name, output) == 0)
			return step->outputs.items[i];
	if (drv_graph_get(l->s->graph, drv, &n, &ignored) < 0 || !drv_output(&n->drv, output))
		return NULL;
	return drv_output(&n->drv, output)->path;
}

static int resolve(struct loop *l, struct build_step *step, struct err *e)
{
	const struct build_resolving q = { .graph = l->s->graph, .find = find_output, .data = l };
	bool needed;
	int r = build_needs_resolving(l->s->graph, step->drv, &needed, e);

	step->resolved = step->path;
	if (r == 0 && needed)
		r = build_resolve(&q, step->drv, &step->resolved, e);
	return r < 0 ? err_prefix(e, "derivation %s", step->path) : 0;
}

static int start(struct loop *l, struct build_step *step, struct err *e)
{
	int fds[2], r = resolve(l, step, e);

	if (r < 0)
		return r;
	step->work = arena_printf(l->s->arena, "%s/%u", l->s->work, l->count++);
	if (!step->work)
		return err_oom(e);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(e, errno, "socketpair");
	const struct build_job job = { .graph = l->s->graph, .options = l->s->options, .path = step->resolved,
				       .work = step->work, .channel = fds[1] };
	step->pid = fork();
	if (step->pid < 0) {
		r = err_sys(e, errno, "fork");
		close_fd(&fds[0]);
		close_fd(&fds[1]);
		return r;
	}
	if (step->pid == 0) {
		/* The terminal's signals are for the scheduler, which then tells us. */
		setpgid(0, 0);
		build_job_run(&job);
		_exit(0);
	}
	close_fd(&fds[1]);
	step->channel = fds[0];
	step->state = BUILD_STATE_RUNNING;
	step->began = now();
	step->event = BUILD_PREPARES;
	l->s->running++;
	return 0;
}

/* "NAME PATH" */
static void take_path(struct loop *l, struct build_step *step, const char *text)
{
	const struct store *s = &l->s->options->target->store;
	const char *path = strchr(text, ' ');
	struct err ignored;

	if (path)
		store_paths_add(l->s->arena, &step->outputs, s, path + 1, "build", &ignored);
}

static void reap(struct build_step *step)
{
	close_fd(&step->channel);
	while (waitpid(step->pid, NULL, 0) < 0 && errno == EINTR)
		;
	step->pid = 0;
}

/* It ended without its last message: it was killed. What it was doing is cleaned up here. */
static void end_abruptly(struct loop *l, struct build_step *step)
{
	const struct build_job job = { .graph = l->s->graph, .options = l->s->options, .path = step->resolved,
				       .work = step->work };
	struct build_message m = { .event = BUILD_FAILED, .num = EIO };
	pid_t pid = step->pid;

	reap(step);
	build_job_clean(&job, pid);
	snprintf(m.text, sizeof m.text, "the process that built '%.500s' was killed", step->path);
	end_step(l, step, &m);
}

static void take_message(struct loop *l, struct build_step *step)
{
	struct build_message m;
	ssize_t n = recv(step->channel, &m, sizeof m, 0);

	if (n < 0 && errno == EINTR)
		return;
	if (n != sizeof m) {
		end_abruptly(l, step);
		return;
	}
	m.text[sizeof m.text - 1] = '\0';
	str_make_plain(m.text);
	if (m.event >= BUILD_BUILT) {
		reap(step);
		end_step(l, step, &m);
		return;
	}
	if (m.event == BUILD_LINE)
		snprintf(step->line, sizeof step->line, "%.*s", (int)sizeof step->line - 1, m.text);
	else if (m.event == BUILD_OUTPUT)
		take_path(l, step, m.text);
	else if (m.event < BUILD_OUTPUT)
		step->event = m.event;
	tell(l, step, &m);
}

/* ---- the loop ---- */

static int start_ready(struct loop *l, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < l->s->len; i++) {
		struct build_step *step = l->s->steps[i];

		if (l->stop || l->s->running >= l->s->options->jobs)
			break;
		if (step->state == BUILD_STATE_WAITING && step->needs == 0) {
			r = start(l, step, e);
			if (r == 0)
				tell(l, step, &(struct build_message){ .event = BUILD_PREPARES });
		}
	}
	return r;
}

static void end_all(struct loop *l)
{
	for (size_t i = 0; i < l->s->len; i++)
		if (l->s->steps[i]->state == BUILD_STATE_RUNNING)
			kill(l->s->steps[i]->pid, SIGTERM);
}

static void take_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			continue;
		l->interrupted = l->stop = true;
		end_all(l);
	}
}

static int wait_for_events(struct loop *l, struct err *e)
{
	struct pollfd *fds = calloc(l->s->len + 1, sizeof *fds);
	size_t n = 0;

	if (!fds)
		return err_oom(e);
	fds[n++] = (struct pollfd){ .fd = l->signals, .events = POLLIN };
	for (size_t i = 0; i < l->s->len; i++)
		fds[n++] = (struct pollfd){ .events = POLLIN, .fd = l->s->steps[i]->state == BUILD_STATE_RUNNING ?
					    l->s->steps[i]->channel : -1 };
	if (poll(fds, n, 1000) > 0) {
		if (fds[0].revents)
			take_signals(l);
		for (size_t i = 0; i < l->s->len; i++)
			if (fds[i + 1].revents)
				take_message(l, l->s->steps[i]);
	}
	free(fds);
	return 0;
}

static int loop(struct loop *l, struct err *e)
{
	int r = 0;

	for (;;) {
		if (r == 0)
			r = start_ready(l, e);
		if (r < 0 && !l->stop) {
			l->stop = true;
			end_all(l);
		}
		if (l->s->running == 0)
			break;
		if (l->w->tick)
			l->w->tick(l->w->data, l->s);
		if (wait_for_events(l, e) < 0)
			break;
	}
	if (r < 0)
		return r;
	if (l->interrupted)
		return err_set(e, EINTR, "interrupted");
	if (l->first.num) {
		*e = l->first;
		return -e->num;
	}
	for (size_t i = 0; i < l->s->len; i++)
		if (l->s->steps[i]->state == BUILD_STATE_WAITING)
			return err_set(e, ELOOP, "derivation %s needs itself: its inputs lead back to it",
				       l->s->steps[i]->path);
	return 0;
}

int build_schedule_run(struct build_schedule *s, const struct build_watch *w, struct err *e)
{
	struct loop l = { .s = s, .w = w };
	struct err ignored;
	int r;

	sigemptyset(&l.mask);
	sigaddset(&l.mask, SIGINT);
	sigaddset(&l.mask, SIGTERM);
	sigaddset(&l.mask, SIGHUP);
	sigaddset(&l.mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &l.mask, &l.mask_before);
	l.signals = signalfd(-1, &l.mask, SFD_CLOEXEC | SFD_NONBLOCK);
	s->work = arena_printf(s->arena, "%s/cloister-build.XXXXXX", s->options->tmp);
	r = l.signals < 0 ? err_sys(e, errno, "signalfd") : s->work ? 0 : err_oom(e);
	if (r == 0 && !mkdtemp(s->work)) {
		r = err_sys(e, errno, "create a folder for builds in %s", s->options->tmp);
	} else if (r == 0) {
		r = loop(&l, e);
		tree_remove(AT_FDCWD, s->work, &ignored);
	}
	close_fd(&l.signals);
	sigprocmask(SIG_SETMASK, &l.mask_before, NULL);
	return r;
}
