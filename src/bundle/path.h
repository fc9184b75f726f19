/* `cloister-bundle path`: from store paths to a recipe. */
#pragma once

#include "bundle/request.h"

/* Everything in *ret lives in the arena or in the request. */
int bundle_path_recipe(struct arena *a, const struct path_request *q, struct recipe *ret, struct err *e);
