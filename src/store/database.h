/*
 * The store's own SQLite database, read by anyone who may read the file, without a daemon and without a trace.
 *
 * Schemas: Nix 10, Guix 7 (`schema` beside the database); in both, ValidPaths(id, path) and Refs(referrer, reference).
 * The content is not trusted: only plain tables are read, with limits on size and work, and every path that comes out
 * is checked to be a store path.
 */
#pragma once

#include <stdbool.h>

#include "store/hash.h"
#include "store/location.h"
#include "store/path.h"

struct database;

/* True if the store has a database, or the caller named one. */
bool database_exists(const struct store *s);

/* Opens it for reading. End with database_close. -ENOENT: no such file; -ENOTSUP: a schema that is not known. */
int database_open(const struct store *s, struct database **ret, struct err *e);
void database_close(struct database *db);

/* Appends the references of a valid path, which may include itself. -ENOENT: the path is not valid in this store. */
int database_references(struct database *db, struct arena *a, const char *path, struct store_paths *ret, struct err *e);

/* What a store knows of a path beside its files. Strings are NULL where nothing is recorded. */
struct store_path_info {
	char *path;                     /* logical */
	struct hash hash;               /* of its archive, SHA-256 */
	unsigned long long nar_size;    /* bytes of its archive; 0: not recorded */
	char *deriver;                  /* a store path, which need not be there */
	bool ultimate;                  /* it was built here */
	char *sigs, *ca;                /* signatures; what makes it content-addressed: "fixed:r:sha256:..." */
	struct store_paths references;  /* may hold the path itself */
};

/* All that the database knows of a valid path. -ENOENT: the path is not valid in this store. */
int database_path_info(struct database *db, struct arena *a, const char *path, struct store_path_info *ret,
		       struct err *e);

/*
 * To be called when all is read: -EAGAIN if the file was changed meanwhile in a way that the reader could not be
 * protected from, so that what was read may be mixed.
 */
int database_check_unchanged(struct database *db, struct err *e);

static inline void database_closep(struct database **db)
{
	database_close(*db);
}
#define _cleanup_database_ __attribute__((cleanup(database_closep)))
