/* Why: see sandbox.h. The converter does it all; here a build's options become its request. */
#include "build/sandbox.h"

#include "bundle/drv.h"
#include "bundle/write.h"

int build_sandbox_make(struct drv_graph *g, const struct build_options *o, const char *path, const char *dir,
		       struct build_sandbox *ret, struct err *e)
{
	struct drv_request request = {
		.drv = path, .known_store = o->from, .graph = g, .cores = o->cores,
		.bin_sh = o->bin_sh, .sandbox_paths = o->sandbox_paths, .sandbox_paths_len = o->sandbox_paths_len,
		.features = o->features, .features_len = o->features_len,
		.gc_root = GC_ROOT_TRY,
	};
	struct drv_options options;
	struct recipe recipe;
	char *written, *warning;
	struct drv_node *n;
	int r = drv_graph_get(g, path, &n, e);

	/* Others have none, whatever is wanted for these. */
	if (r == 0 && (drv_kind(&n->drv) == DRV_OUTPUT_FIXED || drv_kind(&n->drv) == DRV_OUTPUT_IMPURE))
		request.network = o->network;
	if (r == 0)
		r = drv_options_read(g->arena, g->store->kind, path, &n->drv, &options, e);
	if (r == 0)
		r = bundle_drv_recipe(g->arena, &request, &recipe, e);
	if (r == 0)
		r = bundle_write(g->arena, &recipe, dir, &written, &warning, e);
	if (r < 0)
		return r;
	*ret = (struct build_sandbox){ .drv = &n->drv, .attrs = options.attrs, .inputs = recipe.closure };
	for (size_t i = 0; r == 0 && i < recipe.build->outputs_len; i++) {
		char **slot = arena_push(g->arena, &ret->scratch.items, &ret->scratch.len, sizeof *slot);

		if (!slot)
			return err_oom(e);
		*slot = recipe.build->outputs[i];
	}
	return 0;
}
