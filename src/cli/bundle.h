/* What the commands of `cloister-bundle` share. One file per command, named bundle_COMMAND.c. Only cli/ prints. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "bundle/recipe.h"
#include "cli/options.h"

struct bundle_command {
	const char *name;
	const char *words;                 /* for the usage line */
	const char *help;                  /* one line, small first letter, no full stop */
	const char *details;               /* further lines for --help */
	const struct option_def *options;
	size_t options_size;               /* the struct that the options go to: zeroed, then given to run */
	/* Sets *ret_usage if the arguments themselves are wrong. What goes to standard output is added to out. */
	int (*run)(struct arena *a, void *options, const struct option_words *words, struct str *out, bool *ret_usage,
		   struct err *e);
};

extern const struct bundle_command bundle_path, bundle_drv, bundle_closure, bundle_network_hook;

/* Writes the bundle (output NULL: ./bundle); adds its path to out, and warns of what the caller should know. */
int bundle_make(struct arena *a, const struct recipe *r, const char *output, struct str *out, struct err *e);
