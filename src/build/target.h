/* Where outputs land: a relocated store that Nix or Guix then accept, or any folder. */
#pragma once

#include "store/land.h"
#include "store/registry.h"

struct build_target {
	struct store store;
	/*
	 * A store holds what its paths refer to, so that is copied into it from where the inputs are; a folder leaves
	 * it there and only remembers it.
	 */
	bool complete;
	struct land_place place;  /* the store's folder; closed by build_target_close */
};

struct store_path_infos {
	struct store_path_info *items;
	size_t len;
};

/* Exactly one of root and folder is given; both may be relative, and are made if they do not exist. */
int build_target_open(struct arena *a, enum store_kind kind, const char *root, const char *folder,
		      struct build_target *ret, struct err *e);
void build_target_close(struct build_target *t);

/* The name in a store's folder: HASH-NAME of /nix/store/HASH-NAME. */
const char *build_target_name(const struct build_target *t, const char *path);

/* An output that has landed under a passing name, and what shall be recorded of it. */
struct build_landed {
	const char *name;    /* of the output: "out" */
	struct store_path_info info;
	struct landing landing;
	bool published;      /* it has its final name, by build_target_add */
};

/*
 * Gives the outputs of one derivation their names and records them, all or none; and before them what they refer to,
 * and the derivation itself, with the files of `from` where the target is a store. An output that is valid already (its
 * path follows from its content) stays as it is. The caller holds the locks of the outputs.
 */
int build_target_add(struct arena *a, struct build_target *t, const struct store *from, struct build_landed *outputs,
		     size_t n, struct err *e);

/* Copies valid paths of `from` with all that they refer to; those that are there already stay. */
int build_target_import(struct arena *a, struct build_target *t, const struct store *from,
			const struct store_paths *paths, struct err *e);
