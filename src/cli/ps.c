/* `cloister ps`: the processes of a container, as ps(1) shows them. */
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "cli/ps_filter.h"
#include "run/run.h"
#include "sys/command.h"

struct ps_options {
	const char *format;
};

static const struct option_def ps_defs[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct ps_options, format), "FORMAT",
	  "table (default): lines of ps(1); json: only the process ids" },
	{ 0 },
};

static int print_table(struct cli *c, const struct option_words *words, const pid_t *pids, size_t len, struct err *e)
{
	_cleanup_str_ struct str all = STR_INIT, out = STR_INIT;
	char **argv = arena_array(c->arena, words->len + 2, sizeof *argv);
	int r;

	if (!argv)
		return err_oom(e);
	argv[0] = "ps";
	argv[1] = "-ef";
	for (size_t i = 1; i < words->len; i++)
		argv[i] = words->items[i];
	r = sys_command_read(argv, &all);
	if (r < 0)
		return err_sys(e, -r, "run ps (--format json does without it)");
	if (!WIFEXITED(r) || WEXITSTATUS(r) != 0)
		return err_set(e, EINVAL, "ps failed with status %#x", r);
	if (all.failed)
		return err_oom(e);
	r = cli_ps_filter(&out, str_text(&all), pids, len, e);
	return r < 0 ? r : cli_print(&out, e);
}

static int print_json(const pid_t *pids, size_t len, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;

	for (size_t i = 0; i < len; i++)
		str_addf(&out, "%c%ld", i == 0 ? '[' : ',', (long)pids[i]);
	str_add(&out, len == 0 ? "[]\n" : "]\n");
	return cli_print(&out, e);
}

static int ps(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct ps_options *o = options;
	const char *format = cli_given(o->format) ? o->format : "table";
	bool json = strcmp(format, "json") == 0;
	struct run_context context;
	size_t len = 0;
	pid_t *pids;
	int r;

	if (!json && strcmp(format, "table") != 0)
		return err_set(e, EINVAL, "option --format: '%s' is neither table nor json", format);
	if (json && words->len > 1)
		return err_set(e, EINVAL, "options for ps have no meaning with --format json");
	r = cli_context(c, &context, e);
	if (r == 0)
		r = run_ps(&context, words->items[0], &pids, &len, e);
	if (r < 0)
		return r;
	return json ? print_json(pids, len, e) : print_table(c, words, pids, len, e);
}

const struct cli_command cli_ps = {
	.name = "ps",
	.words = "CONTAINER [PS-OPTION...]",
	.help = "shows the processes of a container",
	.details = "The options are those of ps(1), by default -ef; they must show the column PID.\n",
	.min_words = 1,
	.max_words = SIZE_MAX,
	.stop_after = 1,
	.options = ps_defs,
	.options_size = sizeof(struct ps_options),
	.run = ps,
};
