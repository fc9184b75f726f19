/*
 * Why: a process for each build keeps each of them simple. It may wait, hash gigabytes or be killed, and neither the
 * others nor the display stop; and when the process that started it dies, it gets a signal and takes its builder along.
 */
#include "build/job.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "build/collect.h"
#include "build/compare.h"
#include "build/keep.h"
#include "build/known.h"
#include "build/log.h"
#include "build/run.h"
#include "build/sandbox.h"
#include "store/lock.h"
#include "store/remove.h"

enum { LOCK_POLL_MS = 200 };

struct job {
	const struct build_job *request;
	const struct build_options *o;
	struct arena *arena;
	struct build_sandbox sandbox;
	const char *bundle;         /* work/bundle */
	struct path_lock *locks;    /* of the outputs whose paths are known */
	size_t locks_len;
	int log_fd;
	char *log_file;
	bool there;                 /* the outputs are valid already */
	struct err *e;
};

static void tell(const struct job *j, enum build_event event, int num, const char *text)
{
	struct build_message m = { .event = event, .num = num };

	strncpy(m.text, text, sizeof m.text - 1);
	/* A line of output is not worth waiting for a slow display; anything else is. */
	while (send(j->request->channel, &m, sizeof m, MSG_NOSIGNAL | (event == BUILD_LINE ? MSG_DONTWAIT : 0)) < 0 &&
	       errno == EINTR)
		;
}

/* ---- the locks ---- */

static bool is_interrupted(void)
{
	sigset_t pending;

	sigpending(&pending);
	return sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) || sigismember(&pending, SIGHUP);
}

static int try_lock(struct job *j, const char *path, struct path_lock *ret)
{
	const char *physical = arena_printf(j->arena, "%s/%s", j->o->target->store.folder,
					    build_target_name(j->o->target, path));

	return physical ? path_lock_try(j->arena, physical, ret, j->e) : err_oom(j->e);
}

static int lock_one(struct job *j, const char *path)
{
	bool told = false;
	int r;

	while ((r = try_lock(j, path, &j->locks[j->locks_len])) == -EAGAIN) {
		if (!told)
			tell(j, BUILD_WAITS, 0, "");
		told = true;
		if (is_interrupted())
			return err_set(j->e, EINTR, "interrupted");
		usleep(LOCK_POLL_MS * 1000);
	}
	if (r == 0)
		j->locks_len++;
	return r;
}

/* Outputs are sorted by name, and so, always in the same order, are their locks. */
static int lock_all(struct job *j, const struct derivation *d)
{
	int r = 0;

	j->locks = arena_array(j->arena, d->outputs_len, sizeof *j->locks);
	if (!j->locks)
		return err_oom(j->e);
	for (size_t i = 0; r == 0 && i < d->outputs_len; i++)
		if (d->outputs[i].path)
			r = lock_one(j, d->outputs[i].path);
	return r;
}

/* Somebody else may have built it while we waited for his lock. */
static int look_again(struct job *j, const struct derivation *d)
{
	struct build_known known;
	int r = build_known_open(j->o->from, &j->o->target->store, &known, j->e);

	j->there = true;
	for (size_t i = 0; r == 0 && j->there && i < d->outputs_len; i++) {
		r = d->outputs[i].path ? build_known_in_target(&known, d->outputs[i].path, j->e) : 0;
		j->there = r > 0;
		r = r < 0 ? r : 0;
	}
	build_known_close(&known);
	return r;
}

/* ---- the build ---- */

static void take_line(void *data, const char *line)
{
	tell(data, BUILD_LINE, 0, line);
}

static int run(struct job *j)
{
	const struct build_run run = {
		.cloister = j->o->cloister, .work = j->request->work, .bundle = j->bundle, .log_fd = j->log_fd,
		.timeout = j->o->timeout, .max_silent = j->o->max_silent, .max_log = j->o->max_log,
		.terminal = j->request->graph->store->kind == STORE_NIX, .line = take_line, .data = j,
	};
	const char *signal = NULL;
	int status = 0, r;

	tell(j, BUILD_RUNS, 0, j->log_file);
	r = build_run(&run, &status, j->e);
	if (r < 0)
		return err_prefix(j->e, "builder for '%s' failed", j->request->path);
	/* A signal's number and 128 is also what a shell exits with whose command a signal ended. */
	if (status > 128 && status <= 128 + SIGRTMAX)
		signal = arena_printf(j->arena, " (as by signal %d, %s)", status - 128, strsignal(status - 128));
	if (status)
		return err_set(j->e, ECHILD, "builder for '%s' failed with exit code %d%s; its log is %s",
			       j->request->path, status, signal ? signal : "", j->log_file);
	return 0;
}

static void keep(struct job *j)
{
	_cleanup_close_ int fd = open(j->bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };
	char *kept;

	if (fd < 0 || faccessat(fd, "build", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (build_keep(j->arena, fd, "build", j->o->tmp, j->sandbox.drv->name, &kept, &e) < 0)
		tell(j, BUILD_LINE, 0, e.text);
	else
		tell(j, BUILD_KEPT, 0, kept);
}

static void tell_output(struct job *j, const char *name, const char *path)
{
	const char *text = arena_printf(j->arena, "%s %s", name, path);

	if (text)
		tell(j, BUILD_OUTPUT, 0, text);
}

static void tell_difference(void *data, const char *text)
{
	tell(data, BUILD_DIFFERENCE, 0, text);
}

/* ---- --check: what came out is compared with what is there ---- */

static int keep_both(struct job *j, struct build_landed *out)
{
	struct build_target *t = j->o->target;
	const char *old = store_physical(j->arena, j->o->from, out->info.path);
	const char *name = arena_printf(j->arena, "%s.check", build_target_name(t, out->info.path));
	struct nar_tree first = { AT_FDCWD, old, out->info.path, false };
	struct nar_tree second = { t->place.dirfd, name, name, false };
	int r = old && name ? tree_remove(t->place.dirfd, name, j->e) : err_oom(j->e);

	if (r == 0)
		r = land_publish(&t->place, &out->landing, name, j->e);
	if (r == 0)
		r = build_compare(&first, &second, tell_difference, j, j->e);
	if (r < 0)
		return r;
	return err_set(j->e, EILSEQ, "derivation '%s' may not be deterministic: output '%s' differs from '%s/%s'",
		       j->request->path, old, t->store.folder, name);
}

static int compare(struct job *j, struct build_landed *outputs)
{
	struct build_known known;
	int r = build_known_open(j->o->from, &j->o->target->store, &known, j->e);

	for (size_t i = 0; r == 0 && i < j->sandbox.drv->outputs_len; i++) {
		struct store_path_info old;

		r = build_known_info(&known, j->arena, outputs[i].info.path, &old, j->e);
		if (r == 0 && !hash_equal(&old.hash, &outputs[i].info.hash))
			r = keep_both(j, &outputs[i]);
	}
	for (size_t i = 0; i < j->sandbox.drv->outputs_len; i++)
		land_discard(&j->o->target->place, &outputs[i].landing);
	build_known_close(&known);
	return r;
}

/* ---- the outputs ---- */

static int collect(struct job *j, struct build_landed *outputs)
{
	const char *dir = arena_printf(j->arena, "%s/store", j->bundle);
	_cleanup_close_ int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	struct build_known known;
	struct build_collecting c = {
		.path = j->request->path, .drv = j->sandbox.drv, .scratch = &j->sandbox.scratch, .dirfd = fd,
		.inputs = &j->sandbox.inputs, .attrs = j->sandbox.attrs, .target = j->o->target,
		.lookup = { build_known_info, &known },
	};
	int r;

	if (fd < 0)
		return err_sys(j->e, errno, "open the outputs of '%s'", j->request->path);
	r = build_known_open(j->o->from, &j->o->target->store, &known, j->e);
	if (r == 0)
		r = build_collect(j->arena, &c, outputs, j->e);
	build_known_close(&known);
	return r;
}

/* What has a path that follows from its content may be there already. */
static int lock_floating(struct job *j, const struct build_landed *outputs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->sandbox.drv->outputs_len; i++)
		if (!j->sandbox.drv->outputs[i].path)
			r = lock_one(j, outputs[i].info.path);
	return r;
}

static int finish(struct job *j)
{
	size_t n = j->sandbox.drv->outputs_len;
	struct build_landed *outputs = arena_array(j->arena, n, sizeof *outputs);
	int r = outputs ? 0 : err_oom(j->e);

	tell(j, BUILD_COLLECTS, 0, "");
	if (r == 0)
		r = collect(j, outputs);
	if (r < 0)
		return r;
	if (j->o->check) {
		r = compare(j, outputs);
	} else {
		r = lock_floating(j, outputs);
		if (r == 0)
			r = build_target_add(j->arena, j->o->target, j->o->from, outputs, n, j->e);
	}
	for (size_t i = 0; i < n; i++) {
		land_discard(&j->o->target->place, &outputs[i].landing);
		if (r == 0)
			tell_output(j, j->sandbox.drv->outputs[i].name, outputs[i].info.path);
	}
	return r;
}

static int build(struct job *j)
{
	int r;

	tell(j, BUILD_PREPARES, 0, "");
	j->bundle = arena_printf(j->arena, "%s/bundle", j->request->work);
	if (!j->bundle)
		return err_oom(j->e);
	if (mkdir(j->request->work, 0700) < 0)
		return err_sys(j->e, errno, "create folder %s", j->request->work);
	r = build_log_open(j->arena, j->o, j->request->path, &j->log_fd, &j->log_file, j->e);
	if (r == 0)
		r = build_sandbox_make(j->request->graph, j->o, j->request->path, j->bundle, &j->sandbox, j->e);
	if (r == 0)
		r = run(j);
	if (r == 0)
		r = finish(j);
	if (r < 0 && j->o->keep_failed && j->sandbox.drv)
		keep(j);
	return r;
}

static int do_all(struct job *j)
{
	struct drv_node *n;
	int r = drv_graph_get(j->request->graph, j->request->path, &n, j->e);

	if (r == 0)
		r = lock_all(j, &n->drv);
	if (r == 0 && !j->o->check)
		r = look_again(j, &n->drv);
	if (r < 0 || j->there) {
		for (size_t i = 0; r == 0 && i < n->drv.outputs_len; i++)
			tell_output(j, n->drv.outputs[i].name, n->drv.outputs[i].path);
		return r;
	}
	return build(j);
}

static void clean_work(const struct build_job *j)
{
	struct err ignored;

	build_run_clean(j->options->cloister, j->work);
	tree_remove(AT_FDCWD, j->work, &ignored);
}

void build_job_clean(const struct build_job *request, pid_t pid)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err ignored;
	struct job j = { .request = request, .o = request->options, .arena = a, .e = &ignored };
	struct drv_node *n;

	clean_work(request);
	land_clean(&request->options->target->place, pid);
	/* The kernel has given up the locks, but their files are there. Whoever has one now keeps it. */
	if (!a || drv_graph_get(request->graph, request->path, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n->drv.outputs_len; i++) {
		struct path_lock lock;

		if (n->drv.outputs[i].path && try_lock(&j, n->drv.outputs[i].path, &lock) == 0)
			path_lock_release(&lock);
	}
}

void build_job_run(const struct build_job *request)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e = { 0 };
	struct job j = { .request = request, .o = request->options, .arena = a, .log_fd = -1, .e = &e };
	int r;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	r = a ? do_all(&j) : err_oom(&e);
	clean_work(request);
	for (size_t i = 0; i < j.locks_len; i++)
		path_lock_release(&j.locks[i]);
	close_fd(&j.log_fd);
	if (r < 0)
		tell(&j, BUILD_FAILED, e.num, e.text);
	else
		tell(&j, j.there ? BUILD_THERE : j.o->check ? BUILD_SAME : BUILD_BUILT, 0, "");
}
