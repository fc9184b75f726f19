/*
 * What a builder may see: the sources of its derivation, the outputs that it wants of its input derivations, and all
 * that these refer to.
 */
#pragma once

#include "derivation/environment.h"

struct drv_inputs {
	struct store_paths closure;  /* logical, sorted */
	size_t *where;               /* for each: which of the stores has it */
	struct drv_path *paths;      /* for each what its store knows; only if asked for */
};

/*
 * The closure of the inputs by the databases of the stores: the first of them that lists a path has it. All stores have
 * the same logical directory. extra: further roots, such as a shell's.
 * with_info: also paths.
 *
 * -ENOENT: an input is missing; the message names it, and the command that would make it.
 */
struct drv_inputs_request {
	const struct store *stores;
	size_t stores_len;
	const struct store_paths *extra;
	bool with_info;
};

int drv_inputs_find(struct drv_graph *g, const char *path, const struct drv_inputs_request *q, struct drv_inputs *ret,
		    struct err *e);
