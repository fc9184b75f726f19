/*
 * A set of strings that may also map each to a value. A balanced tree (tsearch(3)): no input, however hostile, makes it
 * slow. Keys are not copied: they live as long as the set, usually in an arena.
 */
#pragma once

#include <stdbool.h>

struct set {
	void *root;
};

struct set_item {
	const char *key;
	void *value;
};

#define SET_INIT ((struct set){ 0 })

/* Adds a key with its value. *ret_new says whether it was new; a known key keeps its value. 0 or -ENOMEM. */
int set_add(struct set *s, const char *key, void *value, bool *ret_new);
/* The item of a key, or NULL. */
const struct set_item *set_find(const struct set *s, const char *key);
void set_free(struct set *s);

#define _cleanup_set_ __attribute__((cleanup(set_free)))
