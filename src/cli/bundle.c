/*
 * The converter's front door: choice of the command, and the one place where an error becomes a line on standard error
 * and an exit status: 1 for what failed, 2 for wrong arguments.
 */
#include "cli/bundle.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "bundle/write.h"

enum { EXIT_USAGE = 2 };

static const struct bundle_command *const commands[] = {
	&bundle_path, &bundle_drv, &bundle_closure, &bundle_network_hook, NULL
};

static void complain(const char *before, const char *text)
{
	_cleanup_str_ struct str line = STR_INIT;

	str_addf(&line, "cloister-bundle: %s%s\n", before, text);
	io_write_all(STDERR_FILENO, str_text(&line), line.len);
}

int bundle_make(struct arena *a, const struct recipe *r, const char *output, struct str *out, struct err *e)
{
	char *dir, *warning;
	int result = bundle_write(a, r, output ? output : "bundle", &dir, &warning, e);

	if (result < 0)
		return result;
	if (warning)
		complain("warning: ", warning);
	str_addf(out, "%s\n", dir);
	return 0;
}

static int print(const struct str *text)
{
	struct err e;
	int r = text->failed ? -ENOMEM : io_write_all(STDOUT_FILENO, str_text(text), text->len);

	if (r == 0)
		return EXIT_SUCCESS;
	err_sys(&e, -r, "write to standard output");
	complain("", e.text);
	return EXIT_FAILURE;
}

static void add_usage(struct str *out, const struct bundle_command *c)
{
	if (c)
		str_addf(out, "usage: cloister-bundle %s [OPTIONS] %s\n", c->name, c->words);
	else
		str_add(out, "usage: cloister-bundle COMMAND [OPTIONS] [WORDS]\n");
}

static int show_help(const struct bundle_command *c)
{
	_cleanup_str_ struct str out = STR_INIT;

	add_usage(&out, c);
	if (c) {
		str_addf(&out, "\n%s\noptions:\n", c->details);
		options_help(&out, c->options);
		return print(&out);
	}
	str_add(&out, "\nTurns a Nix or Guix store closure into a bundle that any OCI runtime runs, without root.\n"
		      "\ncommands:\n");
	for (const struct bundle_command *const *p = commands; *p; p++)
		str_addf(&out, "  %-10s  %s\n", (*p)->name, (*p)->help);
	str_add(&out, "\n'cloister-bundle COMMAND --help' shows the help of a command, --version the version.\n");
	return print(&out);
}

static int show_version(void)
{
	_cleanup_str_ struct str out = STR_INIT;

	str_add(&out, "cloister-bundle version " CLOISTER_VERSION "\n");
	return print(&out);
}

static int refuse_usage(const struct bundle_command *c, const struct err *e)
{
	_cleanup_str_ struct str usage = STR_INIT;

	complain("", e->text);
	add_usage(&usage, c);
	io_write_all(STDERR_FILENO, str_text(&usage), usage.len);
	return EXIT_USAGE;
}

static int run_command(const struct bundle_command *c, char **argv)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_str_ struct str out = STR_INIT;
	void *options = a ? arena_alloc(a, c->options_size) : NULL;
	struct option_words words;
	struct err e = { 0 };
	bool usage = false;

	if (!options) {
		err_oom(&e);
		complain("", e.text);
		return EXIT_FAILURE;
	}
	if (options_parse(a, c->options, 0, argv, options, &words, &e) < 0)
		return refuse_usage(c, &e);
	if (words.help)
		return show_help(c);
	if (c->run(a, options, &words, &out, &usage, &e) == 0)
		return print(&out);
	if (usage)
		return refuse_usage(c, &e);
	complain("", e.text);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;
	struct err e = { 0 };

	if (io_fill_standard_streams(&e) < 0) {
		complain("", e.text);
		return EXIT_FAILURE;
	}
	if (!word) {
		err_set(&e, EINVAL, "a command is needed");
		return refuse_usage(NULL, &e);
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
		return show_help(NULL);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0)
		return show_version();
	for (const struct bundle_command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, word) == 0)
			return run_command(*c, argv + 2);
	err_set(&e, EINVAL, "unknown %s '%s'", *word == '-' ? "option" : "command", word);
	return refuse_usage(NULL, &e);
}
