/*
 * Writing to a store's database: what this store holds from now on. A relocated store that does not exist is made, as
 * Nix (schema 10) and Guix (schema 7) make theirs, so that they take it for their own.
 */
#pragma once

#include "store/database.h"

struct registry;

/* Opens the database for writing; makes it, with its folders, where there is none. End with registry_close. */
int registry_open(struct arena *a, const struct store *s, struct registry **ret, struct err *e);
void registry_close(struct registry *r);

/*
 * Adds paths whose files are in place, all or none. Each reference must be among them or valid already. A path that is
 * valid already is replaced in all but its references, which are added.
 */
int registry_add(struct registry *r, const struct store_path_info *infos, size_t n, struct err *e);

/* Where the outputs of a derivation lie. Does nothing if the .drv file is not valid in the store. */
int registry_add_output(struct registry *r, const char *drv, const char *output, const char *path, struct err *e);

/* 1: the path is valid; 0: it is not; negative: an error. */
int registry_has(struct registry *r, const char *path, struct err *e);

static inline void registry_closep(struct registry **r)
{
	registry_close(*r);
}
#define _cleanup_registry_ __attribute__((cleanup(registry_closep)))
