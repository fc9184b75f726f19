/* A derivation that is not in the store, but is described by what `nix derivation show` wrote. */
#pragma once

#include "bundle/drv_request.h"

/* The store: Nix's own, or the relocated one of the request. */
int drv_json_find_store(struct arena *a, const struct drv_request *q, struct store *ret, struct err *e);
/*
 * Adds all derivations of q->json to the graph; *ret_path is the one that the request names, else the one that is no
 * other's input. -EINVAL: there are more of them, or one whose path is not what its content makes.
 */
int drv_json_read(struct drv_graph *g, const struct drv_request *q, const char **ret_path, struct err *e);
