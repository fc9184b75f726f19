/*
 * What the builder of a derivation finds: its arguments, its environment and the files in its build directory, exactly
 * as Nix or Guix would give them (docs/sandbox.md states each). Pure: nothing here looks at the machine.
 */
#pragma once

#include <stdint.h>

#include "derivation/hash.h"
#include "derivation/machine.h"
#include "derivation/options.h"

/* What stands in the derivation for a path that was not known, and the path. */
struct drv_rewrite {
	char *from, *to;
};

struct drv_file {
	char *name, *text;             /* in the build directory */
};

struct drv_environment {
	char *build_dir;               /* where the build directory appears: "/build" */
	char *builder;                 /* the program: an absolute path, or "builtin:..." */
	char **args;                   /* NULL-terminated; args[0] is the builder's base name */
	size_t args_len;
	char **env;                    /* NAME=VALUE, sorted; NULL-terminated */
	size_t env_len;
	struct drv_file *files;
	size_t files_len;
	uint32_t uid, gid;
	bool network;                  /* the content is known or anything goes: it may use a network */
	bool linux32;                  /* a 32-bit system's program: uname(2) has to say so */
	struct drv_words outputs;      /* the path of each output during the build, in the order of d->outputs */
};

/*
 * Everything in *ret lives in the arena or in the derivation. rewrites: for outputs of inputs that were not known when
 * the derivation was made; NULL and 0 if there are none.
 */
int drv_environment_make(struct arena *a, const struct store *s, const struct derivation *d,
			 const struct drv_options *o, const struct drv_machine *m,
			 const struct drv_rewrite *rewrites, size_t rewrites_len, struct drv_environment *ret,
			 struct err *e);
