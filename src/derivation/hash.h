/* Where a derivation and its outputs lie in the store, and what stands in for paths that are not known yet. */
#pragma once

#include "derivation/graph.h"

enum { DRV_PLACEHOLDER_LEN = 53 };  /* '/' and 52 characters; and a NUL in a buffer */

/*
 * Checks that all paths of outputs are those that the derivation's content makes, and that its environment has them, as
 * Nix and Guix do before they build. Reads the derivations that it needs, all of them in turn.
 *
 * -EINVAL: "output 'out' has the path X, but it should be Y". Outputs whose path is not known before are not checked.
 */
int drv_check_paths(struct drv_graph *g, const char *path, struct err *e);

/* Where the file of the derivation belongs: /nix/store/HASH-NAME.drv; in the arena. NULL: no memory. */
char *drv_path(struct arena *a, const struct store *s, const struct derivation *d);

/* Where an output lies whose content has that hash: a fixed one, or one whose hash is known now. NULL: no memory. */
char *drv_fixed_path(struct arena *a, const struct store *s, const char *drv_name, const struct drv_output *o);

/* Where an output appears during the build whose path is not known before. NULL: no memory. */
char *drv_scratch_path(struct arena *a, const struct store *s, const char *path, const char *drv_name,
		       const char *output);

/* A store path's name for an output: "hello" and "out" are "hello", "hello" and "dev" are "hello-dev". */
char *drv_output_path_name(struct arena *a, const char *drv_name, const char *output);

/* What stands in a derivation for the path of its own output. */
void drv_placeholder(const char *output, char ret[static DRV_PLACEHOLDER_LEN + 1]);
/* What stands in a derivation for an output of another (`path`) whose path is not known yet. -ENOMEM */
int drv_downstream_placeholder(struct arena *a, const struct store *s, const char *path, const char *output,
			       char ret[static DRV_PLACEHOLDER_LEN + 1]);
/* The same for an output of a derivation that is such an output itself; `of` is that one's placeholder. */
void drv_nested_placeholder(const char *of, const char *output, char ret[static DRV_PLACEHOLDER_LEN + 1]);
