/*
 * The runtime's front door: global options, choice of the command, and the one place where an error becomes a line on
 * standard error, a line in the log and an exit status.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "cli/cli.h"
#include "run/seal.h"
#include "spec/version.h"

const struct cli_command *const cli_commands[] = {
	&cli_create, &cli_start, &cli_state, &cli_kill, &cli_delete, &cli_run, &cli_exec, &cli_ps, &cli_pause,
	&cli_resume, &cli_update, &cli_events, &cli_checkpoint, &cli_restore, &cli_list, &cli_plan, &cli_spec,
	&cli_features, NULL,
};

#define AT(field) offsetof(struct cli_globals, field)

const struct option_def cli_global_options[] = {
	{ "root", 0, OPTION_TEXT, AT(root), "DIR",
	  "where the state of containers is kept (as root /run/cloister, else $XDG_RUNTIME_DIR/cloister)" },
	{ "log", 0, OPTION_TEXT, AT(log), "FILE", "write messages to this file too" },
	{ "log-format", 0, OPTION_TEXT, AT(log_format), "FORMAT", "text (default) or json" },
	{ "debug", 0, OPTION_FLAG, AT(debug), NULL, "log more" },
	{ "cgroup-manager", 0, OPTION_TEXT, AT(cgroup_manager), "NAME", "cgroupfs (default), systemd or disabled" },
	{ "systemd-cgroup", 0, OPTION_FLAG, AT(systemd_cgroup), NULL, "the same as --cgroup-manager systemd" },
	{ "rootless", 0, OPTION_TEXT, AT(rootless), "WHEN",
	  "auto: what the caller may do is found out, never assumed" },
	{ "store", 0, OPTION_TEXT, AT(store), "ROOT",
	  "a relocated store (ROOT/nix/store) for the annotation run.cloister.closure" },
	{ "version", 'v', OPTION_FLAG, AT(version), NULL, "show the version" },
	{ 0 },
};

/* Counted before anything is opened: only these can be meant by --preserve-fds. */
static unsigned count_inherited_fds(void)
{
	int fd = 3;

	while (fcntl(fd, F_GETFD) >= 0)
		fd++;
	return (unsigned)fd - 3;
}

static bool wants_json(const struct cli *c)
{
	return c->globals.log_format && strcmp(c->globals.log_format, "json") == 0;
}

/* Engines read the error from the log, or from standard error where they gave none; a person always sees it. */
static void report(const struct cli *c, const struct err *e)
{
	_cleanup_str_ struct str line = STR_INIT;

	if (log_has_file() || wants_json(c))
		log_error("%s", e->text);
	if (wants_json(c) && !log_has_file())
		return;
	str_addf(&line, "cloister: %s\n", e->text);
	io_write_all(STDERR_FILENO, str_text(&line), line.len);
}

static void report_usage(const struct cli *c, const struct cli_command *command, const struct err *e)
{
	_cleanup_str_ struct str line = STR_INIT;

	report(c, e);
	/* A log that cannot be opened, or memory that is used up, is no wrong word. */
	if (wants_json(c) || e->num != EINVAL)
		return;
	cli_usage_line(&line, command);
	io_write_all(STDERR_FILENO, str_text(&line), line.len);
}

int cli_print(const struct str *text, struct err *e)
{
	int r;

	if (text->failed)
		return err_oom(e);
	r = io_write_all(STDOUT_FILENO, str_text(text), text->len);
	if (r < 0)
		return err_sys(e, -r, "write to standard output");
	return 0;
}

static int print_version(struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;

	str_add(&out, "cloister version " CLOISTER_VERSION "\nspec: " SPEC_VERSION "\n");
	return cli_print(&out, e);
}

static int print_help(const struct cli_command *command, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;

	cli_help(&out, command);
	return cli_print(&out, e);
}

static const struct cli_command *find_command(const char *name)
{
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

static int unknown_command(const char *name, struct err *e)
{
	return err_set(e, EINVAL, "unknown command '%s': 'cloister help' lists them", name);
}

/* The values that a word may have are checked here, once for all commands. */
static int check_globals(struct cli_globals *g, struct err *e)
{
	static const char *const managers[] = { "cgroupfs", "systemd", "disabled" };

	g->root = cli_given(g->root);
	g->cgroup_manager = cli_given(g->cgroup_manager);
	for (size_t i = 0; g->cgroup_manager && strcmp(g->cgroup_manager, managers[i]) != 0; i++)
		if (i + 1 == sizeof managers / sizeof *managers)
			return err_set(e, EINVAL, "option --cgroup-manager: '%s' is not cgroupfs, systemd or disabled",
				       g->cgroup_manager);
	if (g->systemd_cgroup && g->cgroup_manager && strcmp(g->cgroup_manager, "systemd") != 0)
		return err_set(e, EINVAL, "option --systemd-cgroup: contradicts --cgroup-manager %s",
			       g->cgroup_manager);
	if (cli_given(g->rootless) && strcmp(g->rootless, "auto") != 0)
		return err_set(e, EINVAL,
			       "option --rootless: only 'auto' is supported, not '%s': an error about a cgroup "
			       "is never hidden",
			       g->rootless);
	return 0;
}

static int check_words(const struct cli_command *command, size_t len, struct err *e)
{
	if (len >= command->min_words && len <= command->max_words)
		return 0;
	if (command->max_words == 0)
		return err_set(e, EINVAL, "%s takes no arguments", command->name);
	if (command->min_words == command->max_words)
		return err_set(e, EINVAL, "%s requires exactly %zu argument%s", command->name, command->min_words,
			       command->min_words == 1 ? "" : "s");
	if (command->max_words == SIZE_MAX)
		return err_set(e, EINVAL, "%s requires at least %zu argument%s", command->name, command->min_words,
			       command->min_words == 1 ? "" : "s");
	return err_set(e, EINVAL, "%s requires %zu to %zu arguments", command->name, command->min_words,
		       command->max_words);
}

/* `cloister help [COMMAND]`, `cloister`, `cloister --help`, `cloister COMMAND --help`. */
static int show_help(struct cli *c, const char *name)
{
	const struct cli_command *command = name ? find_command(name) : NULL;
	struct err e = { 0 };
	int r = name && !command ? unknown_command(name, &e) : print_help(command, &e);

	if (r == 0)
		return EXIT_SUCCESS;
	report(c, &e);
	return EXIT_FAILURE;
}

static int run_command(struct cli *c, const struct cli_command *command, char **argv)
{
	static const struct option_def none[] = { { 0 } };
	struct option_words words;
	struct err e = { 0 };
	void *options = arena_alloc(c->arena, command->options_size + 1);
	int r;

	/* In each command: each may run hooks, or meet processes of a container that is host root. */
	r = seal_binary(&e);
	if (r == 0 && !options)
		r = err_oom(&e);
	if (r == 0)
		r = options_parse(c->arena, command->options ? command->options : none, command->stop_after, argv,
				  options, &words, &e);
	if (r == 0 && words.help)
		return show_help(c, command->name);
	if (r == 0)
		r = check_words(command, words.len, &e);
	if (r < 0) {
		report_usage(c, command, &e);
		return EXIT_FAILURE;
	}
	r = command->run(c, options, &words, &e);
	if (r < 0) {
		report(c, &e);
		return command->failure ? command->failure : EXIT_FAILURE;
	}
	return c->exit_status;
}

/* The log is opened even after a wrong option, so that the engine finds the complaint there. */
static int read_globals(struct cli *c, char **argv, struct option_words *words, struct err *e)
{
	struct cli_globals *g = &c->globals;
	struct err log_err = { 0 };
	int r;

	r = options_parse(c->arena, cli_global_options, 1, argv, g, words, e);
	if (r == 0)
		r = check_globals(g, e);
	if (log_open(g->log, cli_given(g->log_format) ? g->log_format : "text", g->debug, &log_err) < 0 && r == 0) {
		*e = log_err;
		r = -e->num;
	}
	return r;
}

static int run_cloister(struct cli *c, char **argv)
{
	struct option_words words;
	struct err e = { 0 };
	const struct cli_command *command;

	if (read_globals(c, argv, &words, &e) < 0) {
		report_usage(c, NULL, &e);
		return EXIT_FAILURE;
	}
	if (c->globals.version) {
		if (print_version(&e) == 0)
			return EXIT_SUCCESS;
		report(c, &e);
		return EXIT_FAILURE;
	}
	if (words.len == 0 || words.help)
		return show_help(c, NULL);
	if (strcmp(words.items[0], "help") == 0)
		return show_help(c, words.items[1]);
	command = find_command(words.items[0]);
	if (command)
		return run_command(c, command, words.items + 1);
	unknown_command(words.items[0], &e);
	report_usage(c, NULL, &e);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct cli c = { .arena = a, .proc_fd = -1, .cgroups_fd = -1 };
	struct err e;

	if (io_fill_standard_streams(&e) < 0 || (!a && err_oom(&e) < 0)) {
		report(&c, &e);
		return EXIT_FAILURE;
	}
	c.inherited_fds = count_inherited_fds();
	return run_cloister(&c, argc > 0 ? argv + 1 : argv);
}
