/*
 * Command-line options as rows of a table: parsing and help text come from the same rows, so they cannot disagree.
 *
 * The forms are those of Go's flag packages, which the engines speak: --name VALUE, --name=VALUE, -name, -n; a flag
 * also as --name=true or --name=false; "--" ends the options; "-" is a word. Options may stand before and after the
 * words, the last one given wins.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum option_kind {
	OPTION_FLAG,    /* bool */
	OPTION_TEXT,    /* const char *, NULL until given */
	OPTION_COUNT,   /* unsigned */
	OPTION_LIST,    /* struct option_list: every value given, in order */
};

struct option_list {
	const char **items;
	size_t len;
};

struct option_def {
	const char *name;       /* without dashes; a table ends with a row without a name */
	char letter;            /* the short form, 0 for none */
	enum option_kind kind;
	size_t offset;          /* where the value goes in the caller's struct */
	const char *value;      /* what help calls the value; NULL for a flag */
	const char *help;       /* starts with a small letter, no full stop */
};

struct option_words {
	char **items;           /* argv itself, in its old order without the options; NULL-terminated */
	size_t len;
	size_t before_dashes;   /* how many of them stood before "--"; len if there was none */
	bool dashes;            /* "--" was there */
	bool help;              /* -h or --help was there, which every table has without a row */
};

/*
 * Takes the options out of argv (NULL-terminated, without the program's or command's name), which it reorders.
 * stop_after: after that many words everything else is a word too, as the command of `exec` needs it; 0: never.
 * `into` is the struct of the offsets; its defaults stay where nothing is given.
 */
int options_parse(struct arena *a, const struct option_def *defs, size_t stop_after, char **argv, void *into,
		  struct option_words *ret, struct err *e);

/* The rows as aligned help text, one line each. */
void options_help(struct str *out, const struct option_def *defs);
