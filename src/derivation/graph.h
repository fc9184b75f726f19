/*
 * Derivations and the derivations that they need, each file read once; and the hashes that hang together with them.
 *
 * The hash of a derivation "modulo" fixed outputs decides where its outputs lie: a hash over its text in which each
 * input derivation is replaced by its own such hash, so that the way to a fixed output does not count
 * (Nix manual, "Derivation Outputs and Types of Derivations"; doc/manual store/derivation/outputs/input-address).
 */
#pragma once

#include "derivation/derivation.h"
#include "store/set.h"

enum { DRV_HASH_HEX = 65, DRV_GRAPH_MAX = 200 * 1000 };

struct drv_node {
	char *path;                /* logical */
	struct derivation drv;
	/* for graph.c and hash.c */
	enum { DRV_NODE_NEW, DRV_NODE_OPEN, DRV_NODE_HASHED } state;
	bool deferred;             /* it has no hash, since it or an input has outputs that are not known yet */
	char hash[DRV_HASH_HEX];   /* as an input of others; of a fixed output: that of the output */
	struct drv_node *below;    /* while it is open: whoever asked for it */
	size_t next;
};

struct drv_graph {
	struct arena *arena;
	const struct store *store;
	struct set nodes;          /* path -> struct drv_node * */
	size_t len;
};

/* An empty graph; end it with drv_graph_free. The arena and the store must live as long. */
void drv_graph_init(struct drv_graph *g, struct arena *a, const struct store *s);
void drv_graph_free(struct drv_graph *g);
#define _cleanup_drv_graph_ __attribute__((cleanup(drv_graph_free)))

/* The derivation of a path, read now if it was not before. Errors as drv_load; -E2BIG: more than DRV_GRAPH_MAX. */
int drv_graph_get(struct drv_graph *g, const char *path, struct drv_node **ret, struct err *e);
/* Adds one that is not read from the store. */
int drv_graph_put(struct drv_graph *g, const char *path, const struct derivation *d, struct drv_node **ret,
		  struct err *e);
