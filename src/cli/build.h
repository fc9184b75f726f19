/* What the files of `cloister-build` share. Only cli/ prints. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "build/schedule.h"
#include "cli/options.h"

/* A way in which the program can be called. */
struct build_command {
	const char *name;                  /* "" for the usual one */
	const char *words;                 /* for the usage line */
	const char *details;               /* for --help */
	const struct option_def *options;
	size_t options_size;               /* the struct that the options go to: zeroed, then given to run */
	/* Sets *ret_usage if the arguments themselves are wrong. */
	int (*run)(struct arena *a, void *options, const struct option_words *words, bool *ret_usage, struct err *e);
};

extern const struct build_command build_realise, build_external;

/* "cloister-build: BEFORE TEXT" on standard error. */
void build_say(const char *before, const char *text);
/* To standard output; -errno with a message. */
int build_print(const char *text, struct err *e);

/* The runtime: what was given, else `cloister` beside this program, else in PATH; absolute. */
int build_find_runtime(struct arena *a, const char *given, char **ret, struct err *e);

/* ---- build_progress.c: what a person sees while it runs, on standard error ---- */

struct build_progress;

/* logs: also each line that the builders print. */
struct build_progress *build_progress_new(bool logs);
struct build_watch build_progress_watch(struct build_progress *p);
/* Takes away what is not meant to stay. */
void build_progress_free(struct build_progress *p);
