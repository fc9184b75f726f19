/* Where an output lies whose path follows from its content. */
#pragma once

#include "derivation/derivation.h"
#include "store/hash.h"

/* A content with what it refers to. */
struct build_content {
	enum drv_method method;
	struct hash hash;                      /* of a NAR modulo its own hash */
	const struct store_paths *references;  /* sorted, without itself */
	bool refers_to_itself;
};

/* name: of the store path. *ret_ca is what a database says of it. -EINVAL: such a content may not refer to anything. */
int build_address(struct arena *a, const struct store *s, const char *name, const struct build_content *c,
		  char **ret_path, char **ret_ca, struct err *e);

/* Where an output of a derivation lies that follows from the derivation's hash; NULL: no memory. */
char *build_output_path(struct arena *a, const struct store *s, const char *output, const struct hash *hash,
			const char *name);
