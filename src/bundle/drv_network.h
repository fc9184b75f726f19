/* The network of a derivation's sandbox. */
#pragma once

#include "bundle/drv_request.h"

/*
 * wanted: the derivation's output is fixed or impure, so that it may use a network. Sets b->network, or
 * r->host_network, and adds the places of files that tell names. -ENOENT: there is no helper for it on this machine.
 */
int drv_network_set(struct arena *a, const struct drv_request *q, bool wanted, struct recipe *r,
		    struct recipe_build *b, struct err *e);
