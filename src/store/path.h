/*
 * Store paths as data: what one looks like.
 *
 * A store path is STORE/HASH-NAME: 32 characters of Nix's base-32 alphabet (digits and small letters without e, o, t
 * and u), then a name of 1 to 211 letters, digits and `+-._?=`. Whatever comes from a database, a file or a command
 * line is checked against this before it is used as a path.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/location.h"

enum { STORE_HASH_LEN = 32, STORE_NAME_MAX = 211 };

/* Logical store paths, in an arena; grown with arena_push. */
struct store_paths {
	char **items;
	size_t len;
};

/* True for each character of the base-32 alphabet. */
bool store_is_base32(unsigned char c);
/* True for each character that a store path's name may have. */
bool store_is_name_char(unsigned char c);
/* The length of the HASH-NAME at the beginning of `s`, up to a '/' or the end; 0 if there is none. */
size_t store_name_len(const char *s);
/* The length of the store path of `s` at the beginning of `path`, up to a '/' or the end; 0 if there is none. */
size_t store_path_len(const struct store *s, const char *path);
/* True if `path` is a store path and nothing else. */
bool store_path_ok(const struct store *s, const char *path);

/* Appends a copy of a store path. -EINVAL with a message if it is none; `origin` says where it came from. */
int store_paths_add(struct arena *a, struct store_paths *list, const struct store *s, const char *path,
		    const char *origin, struct err *e);
/* Sorts by bytes and drops doubles. */
void store_paths_sort(struct store_paths *list);
