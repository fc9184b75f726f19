/*
 * Looking for references in bytes: a text refers to a store path if the 32 characters of the path's hash occur in it.
 * The bytes come piece by piece; a hash may lie across the pieces.
 */
#pragma once

#include "store/location.h"
#include "store/path.h"
#include "store/sink.h"

struct search;

/*
 * The paths to look for; of several with one hash the shortest counts: beside HASH-NAME its build may have left
 * HASH-NAME.lock. The result lives in the arena, as the paths must.
 */
int search_open(struct arena *a, const struct store *s, const struct store_paths *candidates, struct search **ret,
		struct err *e);

/* Takes bytes (`data` is the struct search); never fails. */
int search_add(void *data, const void *bytes, size_t len, struct err *e);
/* What comes next does not follow what came before. */
void search_break(struct search *search);

/* Appends a copy of each path that was found since the last call, in order, and begins anew. */
int search_take(struct search *search, struct arena *a, struct store_paths *ret, struct err *e);
