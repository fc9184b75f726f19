/*
 * The closure: the roots, what they refer to, and so on until nothing new turns up.
 *
 * Where references come from is a `struct reference_source`: the store's database, a graph that was read from a file,
 * or a scan of the files themselves.
 */
#pragma once

#include "store/location.h"
#include "store/path.h"

struct reference_source {
	const char *name;  /* for messages and cloister.json: "database", "closure-info", ... */
	/* Appends the references of a path, which may include itself. -ENOENT: the source does not know the path. */
	int (*references)(void *data, struct arena *a, const char *path, struct store_paths *ret, struct err *e);
	void *data;
};

enum { CLOSURE_MAX = 200 * 1000 };  /* paths; the largest known systems have about 20,000 */

/* The closure of the roots, sorted, each path once; it holds the roots themselves. */
int closure_compute(struct arena *a, const struct reference_source *source, const struct store_paths *roots,
		    struct store_paths *ret, struct err *e);

/* The closure by the store's own database. Tries again when a writer got in between. */
int closure_from_database(struct arena *a, const struct store *s, const struct store_paths *roots,
			  struct store_paths *ret, struct err *e);

/* The closure by a scan of files, for a store without a database. */
int closure_from_scan(struct arena *a, const struct store *s, const struct store_paths *roots, struct store_paths *ret,
		      struct err *e);

/* Checks that every path is there, and says in one line which is not. */
int closure_check_present(const struct store *s, const struct store_paths *closure, struct err *e);

/* "sha256:" and 64 hexadecimal digits over the sorted paths, each with a newline behind it. */
char *closure_digest(struct arena *a, const struct store_paths *closure);
