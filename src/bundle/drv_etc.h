/* The files in /etc of a derivation's sandbox. */
#pragma once

#include "bundle/recipe.h"

/* To be called when the network and the ids are known. */
int drv_etc_set(struct arena *a, const struct recipe *r, struct recipe_build *b, struct err *e);
