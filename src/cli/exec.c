/* `cloister exec`: runs one more program in a container. */
#include <stdint.h>
#include <string.h>

#include "cli/cli.h"
#include "run/run.h"

struct exec_options {
	const char *process;
	const char *cwd, *user;
	struct option_list env, caps, gids;
	const char *apparmor, *label;
	bool no_new_privs;
	const char *pid_file, *console_socket, *cgroup;
	unsigned preserve_fds;
	bool tty, detach, ignore_paused;
};

#define AT(field) offsetof(struct exec_options, field)

static const struct option_def exec_defs[] = {
	{ "process", 'p', OPTION_TEXT, AT(process), "FILE",
	  "what to run, as a process.json: the \"process\" of a config.json" },
	{ "detach", 'd', OPTION_FLAG, AT(detach), NULL, "return when the program runs" },
	{ "tty", 't', OPTION_FLAG, AT(tty), NULL, "give it a terminal" },
	{ "console-socket", 0, OPTION_TEXT, AT(console_socket), "PATH",
	  "with --detach: send the terminal's descriptor to this unix socket" },
	{ "pid-file", 0, OPTION_TEXT, AT(pid_file), "FILE", "write the process id to this file" },
	{ "user", 'u', OPTION_TEXT, AT(user), "UID[:GID]",
	  "as this user, without the additional groups of the config's" },
	{ "additional-gids", 'g', OPTION_LIST, AT(gids), "GID", "one more group; repeatable" },
	{ "cwd", 0, OPTION_TEXT, AT(cwd), "DIR", "in this working directory" },
	{ "env", 'e', OPTION_LIST, AT(env), "NAME=VALUE", "set a variable; repeatable" },
	{ "cap", 'c', OPTION_LIST, AT(caps), "CAP", "grant one more capability; repeatable" },
	{ "no-new-privs", 0, OPTION_FLAG, AT(no_new_privs), NULL, "set no_new_privs" },
	{ "process-label", 0, OPTION_TEXT, AT(label), "LABEL", "its SELinux label" },
	{ "apparmor", 0, OPTION_TEXT, AT(apparmor), "PROFILE", "its AppArmor profile" },
	{ "preserve-fds", 0, OPTION_COUNT, AT(preserve_fds), "N", "pass N more descriptors to it, from 3 on" },
	{ "cgroup", 0, OPTION_TEXT, AT(cgroup), "PATH", "in this cgroup below the container's, which must exist" },
	{ "ignore-paused", 0, OPTION_FLAG, AT(ignore_paused), NULL, "also if the container is paused: then it waits" },
	{ 0 },
};

static int parse_id(const char *option, const char *text, size_t len, uint32_t *ret, struct err *e)
{
	char number[16] = "";
	unsigned long long n;

	if (len < sizeof number)
		memcpy(number, text, len);
	/* The last one stands for "none". */
	if (parse_u64(number, UINT32_MAX - 1, &n) < 0)
		return err_set(e, EINVAL, "option --%s: '%.*s' is not a number from 0 to %u", option, (int)len, text,
			       UINT32_MAX - 1);
	*ret = (uint32_t)n;
	return 0;
}

static int parse_user(const char *text, struct run_exec_options *ret, struct err *e)
{
	size_t len = strcspn(text, ":");
	int r = parse_id("user", text, len, &ret->uid, e);

	ret->has_uid = true;
	if (r < 0 || !text[len])
		return r;
	ret->has_gid = true;
	return parse_id("user", text + len + 1, strlen(text + len + 1), &ret->gid, e);
}

static int parse_gids(struct cli *c, const struct option_list *list, struct run_exec_options *ret, struct err *e)
{
	uint32_t *gids = arena_array(c->arena, list->len, sizeof *gids);
	int r = 0;

	if (!gids)
		return err_oom(e);
	for (size_t i = 0; i < list->len && r == 0; i++)
		r = parse_id("additional-gids", list->items[i], strlen(list->items[i]), &gids[i], e);
	ret->gids = gids;
	ret->gids_len = list->len;
	return r;
}

/* A process.json says it all: what would change it is not ignored. */
static int check_combination(const struct exec_options *o, const struct option_words *words, struct err *e)
{
	const struct { bool given; const char *name; } others[] = {
		{ cli_given(o->user), "user" }, { o->gids.len > 0, "additional-gids" }, { cli_given(o->cwd), "cwd" },
		{ o->env.len > 0, "env" }, { o->caps.len > 0, "cap" }, { o->no_new_privs, "no-new-privs" },
		{ cli_given(o->label), "process-label" }, { cli_given(o->apparmor), "apparmor" },
	};

	if (!cli_given(o->process))
		return words->len > 1 ? 0 : err_set(e, EINVAL, "exec requires a program to run, or --process");
	if (words->len > 1)
		return err_set(e, EINVAL, "the program is named by --process or by words, not by both");
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].given)
			return err_set(e, EINVAL,
				       "option --%s cannot be combined with --process, which says it already",
				       others[i].name);
	return 0;
}

static int exec(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct exec_options *o = options;
	struct run_exec_options run = {
		.id = words->items[0],
		.process = cli_given(o->process),
		.args = words->items + 1, .args_len = words->len - 1,
		.cwd = cli_given(o->cwd),
		.env = o->env.items, .env_len = o->env.len, .caps = o->caps.items, .caps_len = o->caps.len,
		.apparmor = cli_given(o->apparmor), .label = cli_given(o->label), .no_new_privs = o->no_new_privs,
		.pid_file = cli_given(o->pid_file), .console_socket = cli_given(o->console_socket),
		.cgroup = cli_given(o->cgroup), .preserve_fds = o->preserve_fds,
		.tty = o->tty, .detach = o->detach, .ignore_paused = o->ignore_paused,
	};
	struct run_context context;
	int r = check_combination(o, words, e);

	if (r == 0 && cli_given(o->user))
		r = parse_user(o->user, &run, e);
	if (r == 0)
		r = parse_gids(c, &o->gids, &run, e);
	if (r == 0)
		r = cli_context(c, &context, e);
	return r < 0 ? r : run_exec(&context, &run, &c->exit_status, e);
}

const struct cli_command cli_exec = {
	.name = "exec",
	.words = "CONTAINER [PROGRAM [ARGUMENT...]]",
	.help = "runs one more program in a container",
	.details = "It runs as the container's own would: same user, variables, capabilities and filter, but for what "
		   "the\n"
		   "options change. Exits with the program's exit status, or 128 and the signal's number if a signal\n"
		   "ended it; with 255 if it could not be run.\n",
	.min_words = 1,
	.max_words = SIZE_MAX,
	.stop_after = 1,
	.failure = 255,
	.options = exec_defs,
	.options_size = sizeof(struct exec_options),
	.run = exec,
};
