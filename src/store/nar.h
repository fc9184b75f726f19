/*
 * NAR: the archive in which Nix and Guix hash and move store paths. It holds what a store path can have and nothing
 * else: folders with sorted names, regular files with an executable bit, and symbolic links.
 *
 * An archive is "nix-archive-1" and a node; a node is "(" "type" then "regular" ["executable" ""] "contents" BYTES, or
 * "symlink" "target" TARGET, or "directory" and for each entry "entry" "(" "name" NAME "node" node ")"; then ")". Each
 * of these strings is its length as 8 bytes, the last first, its bytes, and zeros up to a multiple of 8.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/sink.h"

enum {
	NAR_DEPTH_MAX = 200,             /* folders in folders */
	NAR_NAME_MAX = 255,              /* bytes of a name */
	NAR_TARGET_MAX = 4095,           /* bytes of a symbolic link */
	NAR_ENTRIES_MAX = 4 * 1000 * 1000, /* of one folder */
};

/* What is read: dirfd/name. Nothing is followed out of it. */
struct nar_tree {
	int dirfd;
	const char *name;
	const char *shown;   /* for messages */
	/*
	 * A builder left it: what is not the caller's own, or has a set-user-id or set-group-id bit, is refused;
	 * folders and files without permissions are given them. Nobody may work in the tree meanwhile.
	 */
	bool untrusted;
};

/* Gives the archive of a tree to the sink. */
int nar_write(const struct nar_tree *tree, const struct sink *to, struct err *e);

/* What an archive holds, in its order. Names are checked: no '/', no NUL, not "", "." or ".."; of the root: "". */
struct nar_events {
	int (*directory)(void *data, const char *name, struct err *e);
	int (*file)(void *data, const char *name, bool executable, uint64_t size, struct err *e);
	int (*bytes)(void *data, const void *bytes, size_t len, struct err *e);
	int (*symlink)(void *data, const char *name, const char *target, struct err *e);
	/* The end of a file or a folder. */
	int (*end)(void *data, struct err *e);
};

/* A reader that is fed the archive piece by piece. */
struct nar_reader;

/* events and data must live as long. NULL: no memory. */
struct nar_reader *nar_reader_new(const struct nar_events *events, void *data);
void nar_reader_free(struct nar_reader *r);
/* -EINVAL with the offset: it is no NAR, or one that Nix would not have written (order, padding, names). */
int nar_reader_add(struct nar_reader *r, const void *bytes, size_t len, struct err *e);
/* To be called at the end of the archive. */
int nar_reader_end(struct nar_reader *r, struct err *e);

static inline void nar_reader_freep(struct nar_reader **r)
{
	nar_reader_free(*r);
}
#define _cleanup_nar_reader_ __attribute__((cleanup(nar_reader_freep)))
