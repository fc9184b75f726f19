/* `cloister-bundle drv`: from a derivation to a recipe, in which its builder finds what Nix or Guix would give it. */
#pragma once

#include "bundle/drv_request.h"
#include "derivation/graph.h"

/*
 * Everything in *ret lives in the arena or in the request. The store of the recipe is that of the derivation.
 * -ENOENT: an input is missing; -ENOTSUP: something that this sandbox does not give; -EINVAL: the derivation is wrong.
 */
int bundle_drv_recipe(struct arena *a, const struct drv_request *q, struct recipe *ret, struct err *e);
