/*
 * Why: the last step must be one execve(2), since the container's own filter may be in force by then. So everything
 * that needs the file system, to find the program, to explain why it cannot run, to tell the user's home, happens
 * before.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply/apply.h"
#include "apply/interpreter.h"
#include "base/io.h"
#include "sys/exec.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* The largest /etc/passwd that is looked into. */
#define PASSWD_MAX (4 * 1024 * 1024)

/* The value of the last "NAME=", as for a shell that is given the same name twice; NULL: none. */
static const char *env_value(char *const *env, const char *name)
{
	const char *value = NULL;
	size_t len = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			value = *env + len + 1;
	return value;
}

/* Field n (from 0) of a line of passwd(5); its length in *ret_len. NULL: there is none. */
static const char *passwd_field(const char *line, int n, size_t *ret_len)
{
	size_t end = strcspn(line, "\n");

	while (n-- > 0) {
		size_t skip = strcspn(line, ":\n");

		if (skip >= end || line[skip] != ':')
			return NULL;
		line += skip + 1;
		end -= skip + 1;
	}
	*ret_len = strcspn(line, ":\n");
	return line;
}

/* The home of the first line for the uid; NULL if no line has it. */
static const char *passwd_home(struct arena *a, const char *text, uid_t uid)
{
	char wanted[16];
	size_t wanted_len = (size_t)snprintf(wanted, sizeof wanted, "%u", uid);

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *field, *home;
		size_t len;

		field = passwd_field(line, 2, &len);
		if (!field || len != wanted_len || memcmp(field, wanted, len) != 0)
			continue;
		home = passwd_field(line, 5, &len);
		if (home && len > 0)
			return arena_strndup(a, home, len);
	}
	return NULL;
}

char **exec_environment(const struct apply *ctx)
{
	static char *none[] = { NULL };

	if (ctx->exec_env)
		return ctx->exec_env;
	for (size_t i = 0; i < ctx->plan->len; i++)
		if (ctx->plan->ops[i].type == OP_EXEC)
			return ctx->plan->ops[i].exec.env;
	return none;
}

static int add_variable(struct apply *ctx, char *text, struct err *e)
{
	char **old = exec_environment(ctx), **env;
	size_t n = 0;

	while (old[n])
		n++;
	env = arena_array(ctx->arena, n + 2, sizeof(char *));
	if (!text || !env)
		return err_oom(e);
	memcpy(env, old, n * sizeof(char *));
	env[n] = text;
	ctx->exec_env = env;
	return 0;
}

int apply_home(struct apply *ctx, const struct op *op, struct err *e)
{
	const char *home = NULL;
	struct err ignored;
	char *text;

	/* Without a readable file, or a line in it, the home is "/", as with other runtimes. */
	if (io_read_file(ctx->arena, AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, NULL, &ignored) == 0)
		home = passwd_home(ctx->arena, text, op->user.uid);
	return add_variable(ctx, arena_printf(ctx->arena, "HOME=%s", home ? home : "/"), e);
}

/* sd_listen_fds(3) takes the descriptors only if this is its own pid. */
int apply_listen_pid(struct apply *ctx, const struct op *op, struct err *e)
{
	(void)op;
	return add_variable(ctx, arena_printf(ctx->arena, "LISTEN_PID=%ld", (long)getpid()), e);
}

/* Looks for name in the directories of path, as execvp(3) does: what may not be executed is passed over. */
static int search(struct apply *ctx, const char *name, const char *path, const char *cwd, struct err *e)
{
	bool denied = false;

	for (const char *p = path;; p++) {
		size_t len = strcspn(p, ":");
		const char *file;
		int r;

		/* An empty entry is the working directory. */
		file = len > 0 ? arena_printf(ctx->arena, "%s%.*s/%s", *p == '/' ? "" : cwd, (int)len, p, name) :
		       arena_printf(ctx->arena, "%s./%s", cwd, name);
		if (!file)
			return err_oom(e);
		r = sys_can_execute(file);
		if (r == 0) {
			ctx->exec_path = file;
			return 0;
		}
		if (r == -EACCES || r == -EPERM)
			denied = true;
		p += len;
		if (!*p)
			break;
	}
	if (denied)
		return err_sys(e, EACCES, "exec \"%s\": found in $PATH, but not executable", name);
	return err_sys(e, ENOENT, "exec \"%s\": executable file not found in $PATH", name);
}

/* Sets ctx->exec_path. Relative names begin at cwd, which ends with "/", or is "" for where we are. */
static int find(struct apply *ctx, const struct op_exec *exec, const char *cwd, struct err *e)
{
	const char *name = exec->args[0];
	const char *path;
	int r;

	if (*name == 0)
		return err_sys(e, ENOENT, "exec \"\": the program's name is empty");
	if (!strchr(name, '/')) {
		path = env_value(exec->env, "PATH");
		return search(ctx, name, path ? path : DEFAULT_PATH, cwd, e);
	}
	path = *name == '/' ? name : arena_printf(ctx->arena, "%s%s", cwd, name);
	if (!path)
		return err_oom(e);
	r = sys_can_execute(path);
	if (r < 0)
		return err_sys(e, -r, "exec \"%s\"", name);
	ctx->exec_path = path;
	return 0;
}

/*
 * Engines want to hear of a missing program from `create`: podman's exit status 127 depends on it. Whether the user may
 * execute it is not for root to say, so only what is nowhere is an error here.
 */
int apply_look_exec(struct apply *ctx, const struct op *op, struct err *e)
{
	const char *cwd = arena_printf(ctx->arena, "%s/", op->exec.cwd);
	struct err problem;
	int r;

	if (!cwd)
		return err_oom(e);
	r = find(ctx, &op->exec, cwd, &problem);
	if (r != -ENOENT && r != -ENOTDIR)
		return 0;
	*e = problem;
	return r;
}

int apply_find_exec(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = find(ctx, &op->exec, "", e);

	if (r < 0)
		return r;
	ctx->exec_problem = interpreter_problem(ctx->arena, ctx->exec_path);
	return 0;
}

int apply_exec(struct apply *ctx, const struct op *op, struct err *e)
{
	char **env = ctx->exec_env ? ctx->exec_env : op->exec.env;
	int r;

	if (!op->exec.args)
		return err_set(e, EINVAL, "is missing: there is no program to start");
	r = sys_execve(ctx->exec_path, op->exec.args, env);

	if (ctx->exec_problem && (r == -ENOENT || r == -ENOEXEC || r == -ELIBBAD))
		return err_sys(e, -r, "exec \"%s\": %s", ctx->exec_path, ctx->exec_problem);
	if (r == -E2BIG)
		return err_sys(e, E2BIG, "exec \"%s\": arguments and environment are too long together",
			       ctx->exec_path);
	if (r == -EAGAIN)
		return err_sys(e, EAGAIN, "exec \"%s\": the user has more processes than RLIMIT_NPROC allows",
			       ctx->exec_path);
	return err_sys(e, -r, "exec \"%s\"", ctx->exec_path);
}
