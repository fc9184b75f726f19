/* The recipe as an OCI runtime configuration, which every runtime of OCI 1.0 and later can run. */
#pragma once

#include "bundle/recipe.h"
#include "oci_spec.h"

/*
 * dir: the absolute path that the bundle will have. Everything in *ret lives in the arena or the recipe. The ids of the
 * calling process become the container's: one user namespace with one id, so that nobody needs a range of ids.
 */
int bundle_config(struct arena *a, const struct recipe *r, const char *dir, struct oci_spec **ret, struct err *e);
