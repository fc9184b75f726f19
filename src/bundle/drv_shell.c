/* Why: a person wants to look around in the sandbox of a build that went wrong, with the shell that it has anyway. */
#include "bundle/drv_shell.h"

#include <string.h>

#include "base/str.h"
#include "bundle/closure_file.h"
#include "bundle/place.h"

static bool is_program(struct arena *a, const struct recipe *r, const char *path)
{
	return path && (place_covers(r, path) || closure_file_is_program(a, r->store, &r->closure, path));
}

int drv_shell_check_builder(struct arena *a, const char *drv, const struct recipe *r, struct err *e)
{
	if (is_program(a, r, r->args[0]))
		return 0;
	if (strcmp(r->args[0], "/bin/sh") == 0)
		return err_set(e, ENOENT, "derivation %s: its builder is /bin/sh, which the sandbox has not: give a"
			" shell "
			       "with --bin-sh", drv);
	return err_set(e, ENOENT, "derivation %s: its builder %.300s is not a program among its inputs", drv,
		r->args[0]);
}

/* A bash for people, if there is one: bash-interactive comes with line editing. */
static char *find_bash(struct arena *a, const struct recipe *r)
{
	static const char *const names[] = { "bash-interactive", "bash" };

	for (size_t n = 0; n < sizeof names / sizeof *names; n++)
		for (size_t i = 0; i < r->closure.len; i++) {
			const char *name = r->closure.items[i] + strlen(r->store->dir) + 1 + STORE_HASH_LEN + 1;
			char *path;

			if (!str_has_prefix(name, names[n]))
				continue;
			path = arena_printf(a, "%s/bin/bash", r->closure.items[i]);
			if (is_program(a, r, path))
				return path;
		}
	return NULL;
}

int drv_shell_set(struct arena *a, const struct drv_request *q, struct recipe *r, struct err *e)
{
	const char *program = q->command_len ? q->command[0] : NULL;

	if (!program)
		program = find_bash(a, r);
	if (!program && place_exists(r, "/bin/sh"))
		program = "/bin/sh";
	if (arena_failed(a))
		return err_oom(e);
	if (!program)
		return err_set(e, ENOENT, "--shell: there is no bash among the inputs and the sandbox has no /bin/sh: "
			       "give one with --bin-sh, or a program after --");
	if (*program != '/' || !is_program(a, r, program))
		return err_set(e, ENOENT, "--shell: %s is not the absolute path of a program among the inputs",
			program);
	r->args_len = q->command_len ? q->command_len : 1;
	r->args = arena_array(a, r->args_len + 1, sizeof *r->args);
	if (!r->args)
		return err_oom(e);
	for (size_t i = 1; i < q->command_len; i++)
		r->args[i] = q->command[i];
	r->args[0] = arena_strdup(a, program);
	r->terminal |= q->command_len == 0;
	return r->args[0] ? 0 : err_oom(e);
}
