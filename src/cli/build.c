/*
 * The front door of `cloister-build`: how it was called, and the one place where an error becomes a line on standard
 * error and an exit status. The statuses of failures are those of nix-store --realise.
 */
#include "cli/build.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

enum { EXIT_USAGE = 2, EXIT_BUILD = 100, EXIT_TIMEOUT = 101, EXIT_HASH = 102, EXIT_DIFFERS = 104, EXIT_SIGNAL = 130 };

void build_say(const char *before, const char *text)
{
	_cleanup_str_ struct str line = STR_INIT;

	str_addf(&line, "cloister-build: %s%s\n", before, text);
	io_write_all(STDERR_FILENO, str_text(&line), line.len);
}

int build_print(const char *text, struct err *e)
{
	int r = io_write_all(STDOUT_FILENO, text, strlen(text));

	return r < 0 ? err_sys(e, -r, "write to standard output") : 0;
}

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

static char *search_path(struct arena *a, const char *name)
{
	const char *p = getenv("PATH");

	while (p && *p) {
		size_t n = strcspn(p, ":");
		char *path = *p == '/' ? arena_printf(a, "%.*s/%s", (int)n, p, name) : NULL;

		if (path && is_program(path))
			return path;
		p += n + (p[n] == ':');
	}
	return NULL;
}

int build_find_runtime(struct arena *a, const char *given, char **ret, struct err *e)
{
	char self[PATH_MAX], *real;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (given) {
		real = realpath(given, NULL);
		if (!real || !is_program(real)) {
			int r = err_sys(e, errno, "runtime %s", given);

			free(real);
			return r;
		}
		*ret = arena_strdup(a, real);
		free(real);
		return *ret ? 0 : err_oom(e);
	}
	*ret = NULL;
	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		*ret = arena_printf(a, "%s/cloister", self);
	}
	if (!*ret || !is_program(*ret))
		*ret = search_path(a, "cloister");
	return *ret ? 0 : err_set(e, ENOENT, "the runtime 'cloister' is neither beside this program nor in PATH: say "
				  "where it is with --runtime");
}

static void add_usage(struct str *out, const struct build_command *c)
{
	str_addf(out, "usage: cloister-build %s%s[OPTIONS] %s\n", c->name, *c->name ? " " : "", c->words);
}

static int print(const struct str *text)
{
	struct err e;

	if (text->failed)
		err_oom(&e);
	else if (build_print(str_text(text), &e) == 0)
		return EXIT_SUCCESS;
	build_say("", e.text);
	return EXIT_FAILURE;
}

static int show_help(const struct build_command *c)
{
	_cleanup_str_ struct str out = STR_INIT;

	add_usage(&out, c);
	if (c == &build_realise)
		add_usage(&out, &build_external);
	str_addf(&out, "\n%s\noptions:\n", c->details);
	options_help(&out, c->options);
	str_add(&out, "\n--help shows this, --version the version.\n");
	return print(&out);
}

static int refuse_usage(const struct build_command *c, const struct err *e)
{
	_cleanup_str_ struct str usage = STR_INIT;

	build_say("", e->text);
	add_usage(&usage, c);
	io_write_all(STDERR_FILENO, str_text(&usage), usage.len);
	return EXIT_USAGE;
}

static int exit_status(const struct err *e)
{
	switch (e->num) {
	case ECHILD: return EXIT_BUILD;
	case ETIMEDOUT: return EXIT_TIMEOUT;
	case EBADMSG: return EXIT_HASH;
	case EILSEQ: return EXIT_DIFFERS;
	case EINTR: return EXIT_SIGNAL;
	default: return EXIT_FAILURE;
	}
}

static int run_command(const struct build_command *c, char **argv)
{
	_cleanup_arena_ struct arena *a = arena_new();
	void *options = a ? arena_alloc(a, c->options_size) : NULL;
	struct option_words words;
	struct err e = { 0 };
	bool usage = false;

	if (!options) {
		err_oom(&e);
		build_say("", e.text);
		return EXIT_FAILURE;
	}
	if (options_parse(a, c->options, 0, argv, options, &words, &e) < 0)
		return refuse_usage(c, &e);
	if (words.help)
		return show_help(c);
	if (c->run(a, options, &words, &usage, &e) == 0)
		return EXIT_SUCCESS;
	if (usage)
		return refuse_usage(c, &e);
	build_say("", e.text);
	return exit_status(&e);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "--help";
	struct err e;

	if (io_fill_standard_streams(&e) < 0) {
		build_say("", e.text);
		return EXIT_FAILURE;
	}
	if (strcmp(word, "--version") == 0 || strcmp(word, "-v") == 0) {
		_cleanup_str_ struct str out = STR_INIT;

		str_add(&out, "cloister-build version " CLOISTER_VERSION "\n");
		return print(&out);
	}
	if (strcmp(word, build_external.name) == 0)
		return run_command(&build_external, argv + 2);
	return run_command(&build_realise, argv + 1);
}
