/*
 * Why: a closure is known to the store's database, and this program shall stay small: another one, cloister-bundle,
 * reads it. It gets no environment; what it answers is checked like anything from outside.
 */
#include "run/closure.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/helper.h"
#include "sys/command.h"

#define WHERE "annotations.\"run.cloister.closure\""

enum { HELPER_SECONDS = 60, HELPER_TEXT_MAX = 64 << 20 };

/* "cloister-bundle: TEXT" is how it complains. */
static int explain(const struct sys_command_result *result, struct err *e)
{
	const char *text = strstr(result->output, "cloister-bundle: ");
	char line[sizeof result->output];

	if (result->exec_error)
		return err_sys(e, result->exec_error, WHERE ": run %s, which reads the store's database",
			run_helper_path(RUN_HELPER_BUNDLE));
	if (result->timed_out)
		return err_set(e, ETIMEDOUT, WHERE ": %s did not answer within %d s",
			       run_helper_path(RUN_HELPER_BUNDLE), HELPER_SECONDS);
	if (WIFSIGNALED(result->status))
		return err_set(e, EIO, WHERE ": %s was killed by signal %d", run_helper_path(RUN_HELPER_BUNDLE),
			WTERMSIG(result->status));
	text = text ? text + strlen("cloister-bundle: ") : result->output;
	strcpy(line, text);
	line[strcspn(line, "\n")] = '\0';
	return err_set(e, EINVAL, WHERE ": %s", *line ? line : "the helper gave no reason");
}

static char **arguments(struct arena *a, char *const *words, const char *root)
{
	char *const fixed[] = { "cloister-bundle", "closure", root ? "--store" : NULL, (char *)root };
	char **argv = NULL, **slot;
	size_t len = 0;

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		if (fixed[i] && (slot = arena_push(a, &argv, &len, sizeof *slot)))
			*slot = fixed[i];
	slot = arena_push(a, &argv, &len, sizeof *slot);
	if (slot)
		*slot = "--";
	for (; *words; words++)
		if ((slot = arena_push(a, &argv, &len, sizeof *slot)))
			*slot = *words;
	arena_push(a, &argv, &len, sizeof *slot);
	return arena_failed(a) ? NULL : argv;
}

static int ask(struct arena *a, char *const *words, const char *root, char **ret, struct err *e)
{
	static char *const no_env[] = { NULL };
	_cleanup_str_ struct str text = STR_INIT;
	struct sys_command command = {
		.path = run_helper_path(RUN_HELPER_BUNDLE), .argv = arguments(a, words, root), .envp = no_env,
		.timeout = HELPER_SECONDS,
		.text = &text, .text_max = HELPER_TEXT_MAX,
	};
	struct sys_command_result result;
	int r;

	if (!command.argv)
		return err_oom(e);
	r = sys_command_run(&command, &result);
	if (r < 0)
		return err_sys(e, -r, WHERE ": run %s", run_helper_path(RUN_HELPER_BUNDLE));
	if (result.exec_error || result.timed_out || result.status != 0)
		return explain(&result, e);
	*ret = arena_strndup(a, str_text(&text), text.len);
	return *ret ? 0 : err_oom(e);
}

static int look_at_link(struct arena *a, const char *physical, struct closure_path *p, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(physical, target, sizeof target);

	if (n < 0 || n == sizeof target)
		return err_sys(e, n < 0 ? errno : ENAMETOOLONG, WHERE ": read the link %s", physical);
	p->kind = CLOSURE_LINK;
	p->target = arena_strndup(a, target, (size_t)n);
	return p->target ? 0 : err_oom(e);
}

static int look_at(struct arena *a, const char *root, struct closure_path *p, struct err *e)
{
	const char *physical = *root ? arena_printf(a, "%s%s", root, p->path) : p->path;
	struct stat st;

	if (!physical)
		return err_oom(e);
	if (lstat(physical, &st) < 0)
		return err_sys(e, errno, WHERE ": store path %s", physical);
	if (S_ISLNK(st.st_mode))
		return look_at_link(a, physical, p, e);
	p->kind = S_ISDIR(st.st_mode) ? CLOSURE_DIRECTORY : CLOSURE_FILE;
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(e, EINVAL, WHERE ": store path %s is neither a directory nor a file nor a link",
			physical);
	return 0;
}

int closure_read(struct run_context *c, const struct oci_spec *spec, const struct plan_closure **ret, struct err *e)
{
	_cleanup_free_ char *root = NULL;
	struct plan_closure *closure;
	char **words, *text;
	int r = plan_closure_words(c->arena, spec, &words, e);

	*ret = NULL;
	if (r < 0 || !words)
		return r;
	closure = arena_alloc(c->arena, sizeof *closure);
	if (!closure)
		return err_oom(e);
	if (c->store && !(root = realpath(c->store, NULL)))
		return err_sys(e, errno, "option --store: %s", c->store);
	closure->root = arena_strdup(c->arena, root && strcmp(root, "/") != 0 ? root : "");
	r = ask(c->arena, words, root, &text, e);
	if (r < 0)
		return r;
	if (plan_closure_parse(c->arena, text, closure, e) < 0)
		return err_prefix(e, WHERE ": %s", run_helper_path(RUN_HELPER_BUNDLE));
	for (size_t i = 0; r == 0 && i < closure->len; i++)
		r = look_at(c->arena, closure->root, &closure->paths[i], e);
	*ret = closure;
	return r;
}
