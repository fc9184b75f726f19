/*
 * The closure that somebody asks for who may not be trusted with the machine's files: whoever may set an annotation of
 * a container. So what he names is data, and he gets nothing that is not readable for everybody.
 */
#pragma once

#include "store/location.h"
#include "store/path.h"

/*
 * The union of what the words name, sorted, each path once. A word is an absolute path in normal form:
 *
 *   STORE/HASH-NAME       a valid path of a store: its closure, by the store's database
 *   ... a directory with `registration` and `store-paths`, also outside a store: a closureInfo; what it lists
 *   STORE/HASH-NAME/FILE, or a file outside a store: the list of paths in it, one a line
 *
 * root: of a relocated store, NULL for the machine's own. A file outside a store is opened, as root, with nobody's
 * rights; every path must be readable for everybody. 0 or -errno.
 */
int closure_from_words(struct arena *a, const char *root, const char *const *words, size_t len, struct store_paths *ret,
		       struct err *e);
