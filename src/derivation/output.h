/* What the three strings of an output mean, and which outputs may stand together. For the readers. */
#pragma once

#include "derivation/derivation.h"

/*
 * Fills kind, path, method, algorithm and hash. algorithm: with the method's prefix ("r:sha256"); "" where nothing is
 * said. -EINVAL with a message that does not name the output.
 */
int output_classify(struct arena *a, const struct store *s, const char *path, const char *algorithm, const char *hash,
		    struct drv_output *ret, struct err *e);

/* "", "nar" and so on to a method, by its prefix in "r:sha256"; *ret_algorithm is what follows. NULL: unknown. */
int output_parse_algorithm(const char *text, enum drv_method *ret_method, const char **ret_algorithm,
			   size_t *ret_bytes, struct err *e);

/* True for what may name an output: it becomes a part of a store path's name. */
bool output_name_ok(const char *name);
/* That all are of one kind. -EINVAL */
int output_check_all(const struct derivation *d, struct err *e);
