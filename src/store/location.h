/*
 * Where a store is: Nix or Guix, on the machine itself or relocated below a root folder.
 *
 * A store path has two names. The logical one (/nix/store/HASH-NAME) is what programs inside the closure use, so it is
 * where the path appears in the container; the physical one (ROOT/nix/store/HASH-NAME) is where its files are now.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum store_kind { STORE_NIX, STORE_GUIX };
enum { STORE_KINDS = 2 };

struct store {
	enum store_kind kind;
	const char *root;       /* of a relocated store: absolute, no '/' at the end; "" for the machine's own */
	const char *dir;        /* logical: "/nix/store", "/gnu/store" */
	const char *folder;     /* physical: where HASH-NAME is: ROOT/nix/store; or any other folder */
	const char *state_dir;  /* physical: ROOT/nix/var/nix, ROOT/var/guix */
	const char *database;   /* physical: the SQLite file; it need not exist */
	bool database_given;    /* the caller named the database, so that nothing else may stand in for it */
	/*
	 * A second place with paths of the same store, which goes before this one, or NULL: where outputs are built
	 * whose inputs are here. Files and references of a path are its if it has the path.
	 */
	const struct store *above;
};

/* Describes the store of one kind below `root` (NULL or "": the machine's own); touches no file. -ENOMEM only. */
int store_describe(struct arena *a, enum store_kind kind, const char *root, struct store *ret, struct err *e);

const char *store_kind_name(enum store_kind kind);

/*
 * Any folder as a place for paths of a store: their files are FOLDER/HASH-NAME, and the database is
 * FOLDER/.cloister/db/db.sqlite. `folder` is absolute.
 */
int store_describe_folder(struct arena *a, enum store_kind kind, const char *folder, struct store *ret, struct err *e);

/*
 * The physical name of a logical path, in the arena; NULL when memory is used up. Where there is a store above, its
 * files are looked at. What is not below the store's directory is looked for below its root.
 */
char *store_physical(struct arena *a, const struct store *s, const char *logical);
