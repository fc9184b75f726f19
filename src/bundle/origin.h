/* cloister.json: where a bundle came from, for whoever wants to know or make it again. */
#pragma once

#include "base/str.h"
#include "bundle/recipe.h"

/* Adds the document. 0, -ENOMEM, or -EINVAL if a path is not UTF-8. */
int origin_write(struct arena *a, const struct recipe *r, struct str *out);
