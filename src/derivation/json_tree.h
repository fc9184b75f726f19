/*
 * JSON whose shape nobody knows beforehand, as a tree: structured attributes, and derivations that Nix wrote as JSON.
 * Members of an object are sorted by name, as Nix sorts them; a name that comes twice is refused.
 */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "libocispec/json/json.h"

struct json_tree {
	enum json_type type;      /* never JSON_KEY or JSON_END */
	char *name;               /* of a member; else NULL */
	bool value;               /* JSON_BOOL */
	char *text;               /* JSON_STRING: decoded; JSON_NUMBER: as it is written */
	struct json_tree **items; /* JSON_OBJECT, JSON_ARRAY */
	size_t len;
};

/* Values in one text. */
enum { JSON_TREE_MAX = 1000 * 1000 };

/* Errors as json_parse; file is for messages. */
int json_tree_read(struct arena *a, const char *file, const char *text, size_t len, struct json_tree **ret,
		   struct err *e);
/* Adds it as one line without blanks, byte for byte as Nix writes it. */
void json_tree_write(const struct json_tree *t, struct str *out);

/* The member of an object, NULL if it has none of that name or is no object. */
struct json_tree *json_member(const struct json_tree *t, const char *name);
/* Adds or replaces a member, in its order; t is an object. -ENOMEM */
int json_set_member(struct arena *a, struct json_tree *t, const char *name, struct json_tree *value);
/* New values; NULL: no memory. */
struct json_tree *json_new(struct arena *a, enum json_type type);
struct json_tree *json_new_string(struct arena *a, const char *text);
/* Appends to an array. -ENOMEM */
int json_append(struct arena *a, struct json_tree *t, struct json_tree *value);
