/*
 * A derivation whose inputs had no paths when it was made, once they have some: the one that Nix calls resolved. It has
 * no input derivations any more but their outputs as sources, and with it the paths of its own outputs are known.
 */
#pragma once

#include "derivation/graph.h"

struct build_resolving {
	struct drv_graph *graph;
	/* The path of an output of an input derivation; NULL: it is not built. */
	const char *(*find)(void *data, const char *drv, const char *output);
	void *data;
};

/*
 * True if an output that it wants of an input is not known by the derivations alone. -errno: an input cannot be read.
 */
int build_needs_resolving(struct drv_graph *g, const struct derivation *d, bool *ret, struct err *e);

/* *ret is the resolved derivation's path; it is in the graph, not in the store. */
int build_resolve(const struct build_resolving *q, const struct derivation *d, const char **ret, struct err *e);
