/*
 * How files come into a store: read as an archive, hashed, searched for references and written anew, all in one go;
 * under a passing name first.
 */
#pragma once

#include <sys/types.h>

#include "store/hash.h"
#include "store/nar.h"
#include "store/rewrite.h"
#include "store/search.h"

/* Where store paths lie: a store's folder, open. */
struct land_place {
	int dirfd;
	const char *dir;     /* for messages */
};

enum { LAND_NAME_MAX = 48 };

struct landing {
	char name[LAND_NAME_MAX];  /* the passing name in the place; "" if there is nothing (yet, or any more) */
	struct hash hash;          /* of the archive as it landed: SHA-256 */
	uint64_t nar_size;
};

/* Hashes of store paths that are replaced: STORE_HASH_LEN bytes each. */
struct land_rewrite {
	const char *from, *to;
};

/* Removes what a process left in the making that was killed. */
void land_clean(const struct land_place *place, pid_t pid);

/* What happens to an archive on its way; all zero: nothing. */
struct land_way {
	struct search *search;     /* sees it as it was */
	const struct land_rewrite *rewrites;
	size_t rewrites_len;
	/*
	 * Only for land_measure. NULL, or STORE_HASH_LEN characters that count as zeros, their places being hashed
	 * behind the archive: so a path's own hash may occur in it (Nix manual, "Content-Addressing Store Objects").
	 */
	const char *modulo;
};

/* Copies a tree. On failure nothing is left. */
int land_tree(const struct land_place *place, const struct nar_tree *tree, const struct land_way *way,
	      struct landing *ret, struct err *e);

/* Gives it its name HASH-NAME, which must not exist. */
int land_publish(const struct land_place *place, struct landing *l, const char *name, struct err *e);
/* Removes it, if it is still there. */
void land_discard(const struct land_place *place, struct landing *l);

/* Hash and size of an archive, which is written nowhere. */
int land_measure(const struct nar_tree *tree, const struct land_way *way, enum hash_algorithm algorithm,
		 struct landing *ret, struct err *e);
/* The hash of the one regular file that the tree is; it must not be executable. -EINVAL: it is none. */
int land_measure_file(const struct nar_tree *tree, enum hash_algorithm algorithm, struct hash *ret, struct err *e);
