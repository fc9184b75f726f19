/* The places of a derivation's sandbox: what the options show of the host, /bin/sh, /tmp and the build directory. */
#pragma once

#include "bundle/drv_request.h"

/*
 * --sandbox-path and --bin-sh. What of it lies in the store is added to extra, so that its closure is there as well;
 * the store of the recipe is known.
 */
int drv_place_add_all(struct arena *a, const struct drv_request *q, struct recipe *r, struct store_paths *extra,
		      struct err *e);
/* /tmp and the build directory; then all places are sorted and checked. */
int drv_place_add_own(struct arena *a, const struct drv_request *q, struct recipe *r, const struct recipe_build *b,
		      struct err *e);
