/*
 * From what a person typed to a store path: a store path, something below one, or a symbolic link to one (./result, a
 * profile).
 */
#pragma once

#include "store/location.h"

/* Where a name led: a store path and what came behind it. */
struct store_ref {
	const struct store *store;  /* one of those given */
	char *path;                 /* logical: /nix/store/HASH-NAME */
	char *rest;                 /* "" or "/bin/hello": normal form, no ".." */
};

/* Where to look; NULL members: the machine's own store, and the database at its usual place. */
struct store_options {
	const char *root;
	const char *database;
};

/*
 * Follows `path` until it enters one of the stores: by its logical name, by its physical one, or through symbolic links
 * (./result, a profile). Links inside the store are not followed: such a link is a store path of its own. What comes
 * out exists. Results live in the arena.
 */
int store_path_resolve(struct arena *a, const struct store *stores, size_t n, const char *path, struct store_ref *ret,
		       struct err *e);

/*
 * Finds the store that `path` leads into: a store path, something below one, or a symbolic link to one such as
 * ./result. Strings in *ret live in the arena. -EINVAL if it leads into no store.
 */
int store_locate(struct arena *a, const struct store_options *o, const char *path, struct store *ret, struct err *e);
