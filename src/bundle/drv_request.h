/* What a person, or a build of many derivations, asks for. */
#pragma once

#include "bundle/recipe.h"
#include "derivation/graph.h"
#include "store/resolve.h"

/* NULL or 0: not given. */
struct drv_request {
	const char *drv;               /* X.drv, or a link to it; with `json`, which of them, or NULL */
	const char *json;              /* a file that nix derivation show wrote; "-": standard input */
	struct store_options store;
	/*
	 * Instead of looking for the store: with the graph of derivations that have been read. Then drv is the store
	 * path itself.
	 */
	const struct store *known_store;
	struct drv_graph *graph;

	bool shell;                    /* another program in the same sandbox: */
	char **command;                /* this one; command_len 0: a shell */
	size_t command_len;
	bool terminal;
	const char *build_dir;         /* an existing build directory, such as that of a failed build */

	const char *bin_sh;            /* "none", "default", a program of the store or the host */
	const char *const *sandbox_paths;  /* [DST=]SRC[?] */
	size_t sandbox_paths_len;
	const char *const *features;   /* system features; none given: the default ones */
	size_t features_len;
	const char *network;           /* "default", "none", "host", "pasta", "slirp4netns" */
	unsigned cores;                /* NIX_BUILD_CORES; 0: all */
	enum recipe_gc_root gc_root;
};
