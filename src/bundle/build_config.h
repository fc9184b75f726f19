/* What the sandbox of a derivation has in its config and no other bundle. */
#pragma once

#include "bundle/recipe.h"
#include "oci_spec.h"

/* Adds it to a config that has everything else. */
int build_config(struct arena *a, const struct recipe_build *b, struct oci_spec *s, struct err *e);
