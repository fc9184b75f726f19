/*
 * Why: systemd regards the tree of cgroups as its own. Where the engine wants it to make the container's cgroup
 * (--systemd-cgroup), it is asked over its bus, by a program of its own: see cli/systemd.c.
 */
#include "apply/unit.h"

#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "sys/cgroup.h"
#include "sys/command.h"

/* Longer than cloister-systemd waits for systemd. */
enum { TIMEOUT_S = 90, NO_BUS = 2 };

static void add(struct arena *a, char ***argv, size_t *len, const char *word)
{
	char **item = arena_push(a, argv, len, sizeof *item);

	if (item)
		*item = (char *)word;
}

/* What it said, without the newline, is in the arena. Its own words are the error where it fails. */
static int call(struct arena *a, char **argv, size_t len, const char **ret, struct err *e)
{
	struct sys_command command = { .path = argv ? argv[0] : NULL, .envp = environ, .timeout = TIMEOUT_S };
	struct sys_command_result result;
	int r;

	add(a, &argv, &len, NULL);
	if (arena_failed(a))
		return err_oom(e);
	command.argv = argv;
	r = sys_command_run(&command, &result);
	if (r < 0)
		return err_sys(e, -r, "run %s", command.path);
	if (result.exec_error)
		return err_sys(e, result.exec_error, "the systemd cgroup manager needs %s, which cannot be run",
			       command.path);
	result.output[strcspn(result.output, "\n")] = '\0';
	if (result.timed_out)
		return err_set(e, ETIMEDOUT, "systemd does not answer within %d s", TIMEOUT_S);
	if (WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0) {
		*ret = arena_strdup(a, result.output);
		return *ret ? 0 : err_oom(e);
	}
	return err_set(e, WIFEXITED(result.status) && WEXITSTATUS(result.status) == NO_BUS ? ENOTCONN : EIO, "%s",
		       *result.output ? result.output : "cloister-systemd was killed");
}

static const char *description(struct arena *a, const struct cgroup_owner *owner)
{
	return arena_printf(a, "cloister container %s (%s)", owner->id, owner->state_root);
}

static char **begin(struct arena *a, const struct unit *unit, const char *command, size_t *ret_len)
{
	char **argv = NULL;

	*ret_len = 0;
	add(a, &argv, ret_len, unit->helper);
	add(a, &argv, ret_len, unit->user ? "user" : "system");
	add(a, &argv, ret_len, command);
	add(a, &argv, ret_len, unit->name);
	return argv;
}

static void add_words(struct arena *a, char ***argv, size_t *len, const char *const *words, size_t words_len)
{
	for (size_t i = 0; i < words_len; i++)
		add(a, argv, len, words[i]);
}

static bool is_slice(const char *name)
{
	const char *suffix = strrchr(name, '.');

	return suffix && strcmp(suffix, ".slice") == 0;
}

static int start(struct apply *ctx, const struct plan_unit *plan, const char **ret, struct err *e)
{
	const struct unit unit = { ctx->systemd_helper, plan->name, plan->user };
	const struct cgroup_owner owner = { ctx->state_root, ctx->id };
	const char *head[] = { "Description", "s", description(ctx->arena, &owner) };
	const char *process[] = { "PIDs", "au", "1", arena_printf(ctx->arena, "%ld", (long)ctx->target) };
	size_t len;
	char **argv = begin(ctx->arena, &unit, "start", &len);

	add_words(ctx->arena, &argv, &len, head, 3);
	if (!is_slice(plan->name))
		add_words(ctx->arena, &argv, &len, process, 4);
	add_words(ctx->arena, &argv, &len, plan->words, plan->words_len);
	return call(ctx->arena, argv, len, ret, e);
}

int apply_unit(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct cgroup_owner owner = { ctx->state_root, ctx->id };
	_cleanup_close_ int fd = -1;
	const char *path;
	char pid[32];
	int r = start(ctx, op->unit, &path, e);

	ctx->unit_asked = r != -ENOTCONN;
	if (r < 0)
		return r;
	fd = sys_cgroup_open(path);
	if (fd < 0)
		return err_sys(e, -fd, "open the cgroup %s, which systemd has made for the unit %s", path,
			       op->unit->name);
	r = cgroup_claim(fd, path, &owner, e);
	if (r < 0)
		return r;
	/* systemd puts no process into a slice. */
	if (is_slice(op->unit->name)) {
		snprintf(pid, sizeof pid, "%ld", (long)ctx->target);
		r = sys_cgroup_write(fd, "cgroup.procs", pid);
		if (r < 0)
			return err_sys(e, -r, "enter the cgroup %s", path);
	}
	ctx->cgroup_path = path;
	ctx->cgroup_fd = take_fd(&fd);
	return 0;
}

int apply_unit_set(struct apply *ctx, const struct op *op, struct err *e)
{
	return unit_set(ctx->systemd_helper, op->unit, e);
}

int unit_set(const char *helper, const struct plan_unit *plan, struct err *e)
{
	const struct unit unit = { helper, plan->name, plan->user };
	_cleanup_arena_ struct arena *a = arena_new();
	const char *said;
	size_t len;
	char **argv;

	if (!a)
		return err_oom(e);
	argv = begin(a, &unit, "set", &len);
	add_words(a, &argv, &len, plan->words, plan->words_len);
	return call(a, argv, len, &said, e);
}

/* A command with one word. No memory for it: the arena remembers that. */
static int call_with(struct arena *a, const struct unit *unit, const char *command, const char *word, struct err *e)
{
	const char *said;
	size_t len;
	char **argv = begin(a, unit, command, &len);

	add(a, &argv, &len, word);
	return call(a, argv, len, &said, e);
}

int unit_destroy(const struct unit *unit, const struct cgroup_owner *owner, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();

	return a ? call_with(a, unit, "stop", description(a, owner), e) : err_oom(e);
}

int unit_attach(const struct unit *unit, pid_t pid, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();

	return a ? call_with(a, unit, "attach", arena_printf(a, "%ld", (long)pid), e) : err_oom(e);
}
