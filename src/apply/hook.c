/*
 * Why: see hook.h. How another program is run at all is sys/command's business; here is what a hook is given, and
 * told of.
 */
#include "apply/hook.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "base/log.h"
#include "sys/command.h"

/* The last line that is not empty, which is where a program says what went wrong. Cuts the text behind it. */
static const char *last_line(char *text)
{
	size_t len = strlen(text);
	char *newline;

	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' '))
		text[--len] = 0;
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

int hook_run(const struct oci_hook *hook, const char *state_json, const char *dir, const char *label, struct err *e)
{
	char *only_path[] = { hook->path, NULL };
	struct sys_command command = {
		.path = hook->path,
		.argv = hook->args_len > 0 ? hook->args : only_path,
		.envp = hook->env,
		.dir = dir,
		.input = state_json,
		.input_len = strlen(state_json),
		.timeout = hook->has_timeout ? (int)hook->timeout : 0,
	};
	struct sys_command_result result;
	const char *said;
	int r;

	log_debug("running %s: %s", label, hook->path);
	r = sys_command_run(&command, &result);
	if (r < 0)
		return err_sys(e, -r, "%s: cannot run %s", label, hook->path);
	if (result.exec_error)
		return err_sys(e, result.exec_error, "%s: cannot execute %s", label, hook->path);
	if (result.timed_out)
		return err_set(e, ETIMEDOUT, "%s: %s was killed: it did not end within its timeout of %lld s", label,
			       hook->path, (long long)hook->timeout);
	if (WIFEXITED(result.status) && WEXITSTATUS(result.status) == 0)
		return 0;
	said = last_line(result.output);
	if (WIFSIGNALED(result.status))
		return err_set(e, EIO, "%s: %s was killed by signal %d%s%s", label, hook->path, WTERMSIG(result.status),
			       *said ? ": " : "", said);
	return err_set(e, EIO, "%s: %s ended with exit code %d%s%s", label, hook->path, WEXITSTATUS(result.status),
		       *said ? ": " : "", said);
}

int hook_run_all(const struct oci_hook *hooks, size_t len, const char *state_json, const char *dir, struct err *e)
{
	for (size_t i = 0; i < len; i++) {
		char label[32];
		int r;

		snprintf(label, sizeof label, "hook #%zu", i);
		r = hook_run(&hooks[i], state_json, dir, label, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A hook that is run in the container has the program's environment, unless it brings one. */
static const struct oci_hook *with_environment(struct apply *ctx, const struct op_hooks *h)
{
	struct oci_hook *out = arena_array(ctx->arena, h->len, sizeof *out);

	for (size_t i = 0; out && i < h->len; i++) {
		out[i] = h->hooks[i];
		if (!out[i].env)
			out[i].env = exec_environment(ctx);
	}
	return out;
}

int apply_hooks(struct apply *ctx, const struct op *op, struct err *e)
{
	bool inside = op->hooks.kind == HOOK_START_CONTAINER;
	const struct oci_hook *hooks = inside ? with_environment(ctx, &op->hooks) : op->hooks.hooks;
	const char *json = ctx->state_json(ctx, op->hooks.kind);

	if (!json || !hooks)
		return err_oom(e);
	/* Inside, the bundle's path is one of the container by then. */
	return hook_run_all(hooks, op->hooks.len, json, inside ? "/" : ctx->bundle, e);
}
