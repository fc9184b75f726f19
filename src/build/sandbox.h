/* The bundle in which a derivation is built. */
#pragma once

#include "build/options.h"
#include "derivation/graph.h"
#include "derivation/options.h"

struct build_sandbox {
	const struct derivation *drv;
	const struct json_tree *attrs;  /* structured attributes, or NULL */
	struct store_paths inputs;      /* what the builder can see */
	struct drv_words scratch;       /* the path of each output during the build */
};

/*
 * Writes the bundle of a derivation of the graph to dir, which must not exist: an absolute path. The builder works in
 * dir/build and leaves its outputs in dir/store.
 */
int build_sandbox_make(struct drv_graph *g, const struct build_options *o, const char *path, const char *dir,
		       struct build_sandbox *ret, struct err *e);
