/* Why: thousands of derivations share their inputs, and each file is read and hashed once. */
#include "derivation/graph.h"

#include <string.h>

void drv_graph_init(struct drv_graph *g, struct arena *a, const struct store *s)
{
	*g = (struct drv_graph){ .arena = a, .store = s };
}

void drv_graph_free(struct drv_graph *g)
{
	set_free(&g->nodes);
}

static int add(struct drv_graph *g, const char *path, struct drv_node **ret, struct err *e)
{
	struct drv_node *n = arena_alloc(g->arena, sizeof *n);
	bool is_new;

	if (g->len >= DRV_GRAPH_MAX)
		return err_set(e, E2BIG, "more than %d derivations are needed", DRV_GRAPH_MAX);
	if (!n)
		return err_oom(e);
	n->path = arena_strdup(g->arena, path);
	if (!n->path || set_add(&g->nodes, n->path, n, &is_new) < 0)
		return err_oom(e);
	g->len++;
	*ret = n;
	return 0;
}

int drv_graph_get(struct drv_graph *g, const char *path, struct drv_node **ret, struct err *e)
{
	const struct set_item *known = set_find(&g->nodes, path);
	struct derivation d;
	int r;

	if (known) {
		*ret = known->value;
		return 0;
	}
	r = drv_load(g->arena, g->store, path, &d, e);
	if (r == 0)
		r = add(g, path, ret, e);
	if (r == 0)
		(*ret)->drv = d;
	return r;
}

int drv_graph_put(struct drv_graph *g, const char *path, const struct derivation *d, struct drv_node **ret,
		  struct err *e)
{
	const struct set_item *known = set_find(&g->nodes, path);
	int r = known ? 0 : add(g, path, ret, e);

	if (r < 0)
		return r;
	if (known)
		*ret = known->value;
	(*ret)->drv = *d;
	return 0;
}
