/*
 * What a builder may see: the sources of its derivation, the outputs that it wants of its input derivations, and all
 * that these refer to.
 */
#pragma once

#include "derivation/environment.h"

struct drv_inputs {
	struct store_paths closure;  /* logical, sorted */
	struct store_paths roots;    /* what the derivation names, and the request's extra */
	struct drv_path *paths;      /* for each of the closure what its store knows; only if asked for */
};

struct drv_inputs_request {
	const struct store *store;         /* a store above it (store/location.h) has its own database */
	const struct store_paths *extra;   /* further roots, such as a shell's */
	bool with_info;                    /* also paths */
};

/*
 * The closure of the inputs by the database of the store.
 * -ENOENT: an input is missing; the message names it, and the command that would make it.
 */
int drv_inputs_find(struct drv_graph *g, const char *path, const struct drv_inputs_request *q, struct drv_inputs *ret,
		    struct err *e);
