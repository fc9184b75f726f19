/*
 * Reference graphs that others wrote down, so that no store database is needed:
 *
 *   closureInfo             a folder with `registration` (and `store-paths`), made by nixpkgs' closureInfo
 *   registration            for each path: path, hash, size, deriver or nothing, number of references, references;
 *                           one a line: what `nix-store --dump-db` writes
 *   exportReferencesGraph   the same without hash and size: what Nix gives to a derivation that asks for it
 *   path-info               `nix path-info --json --recursive`: an array of objects with "path" and "references" (v1),
 *                           an object of them by path (v2), or such an object as member "info", with base names
 *   list                    one path a line: it is the closure
 */
#pragma once

#include "store/location.h"
#include "store/path.h"
#include "store/set.h"

struct graph {
	struct set paths;  /* path -> struct store_paths *, its references */
};

enum { GRAPH_FILE_MAX = 256 * 1024 * 1024 };

/* All readers: `file` may be "-" for standard input. *ret must be empty; end it with graph_free, also on failure. */
int graph_read_registration(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e);
int graph_read_export(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e);
int graph_read_path_info(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e);
int graph_read_closure_info(struct arena *a, const struct store *s, const char *dir, struct graph *ret, struct err *e);

/* The list, sorted, each path once. */
int graph_read_list(struct arena *a, const struct store *s, const char *file, struct store_paths *ret, struct err *e);

/* The references source (struct reference_source) over a graph. */
int graph_references(void *graph, struct arena *a, const char *path, struct store_paths *ret, struct err *e);

/* Adds a path with its references. A path that comes twice must have the same references. For the readers. */
int graph_add(struct graph *g, char *path, struct store_paths *references, const char *origin, struct err *e);
/* The whole content of a file or of standard input. For the readers. */
int graph_read_file(struct arena *a, const char *file, char **ret, size_t *ret_len, struct err *e);

void graph_free(struct graph *g);
#define _cleanup_graph_ __attribute__((cleanup(graph_free)))
