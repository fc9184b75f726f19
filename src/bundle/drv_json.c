/* Why: a derivation can be looked at, changed and built without a store that has it, or a Nix that adds it. */
#include "bundle/drv_json.h"

#include <stdlib.h>
#include <string.h>

#include "derivation/hash.h"
#include "derivation/show.h"
#include "store/graph.h"

int drv_json_find_store(struct arena *a, const struct drv_request *q, struct store *ret, struct err *e)
{
	char *root = q->store.root ? realpath(q->store.root, NULL) : NULL;
	int r;

	if (q->store.root && !root)
		return err_sys(e, errno, "open store root %s", q->store.root);
	r = store_describe(a, STORE_NIX, root, ret, e);
	free(root);
	if (r == 0 && q->store.database) {
		ret->database_given = true;
		ret->database = q->store.database;
	}
	return r;
}

static bool is_input(const struct drv_shown *list, size_t len, const char *path)
{
	for (size_t i = 0; i < len; i++)
		for (size_t k = 0; k < list[i].drv.inputs_len; k++)
			if (strcmp(list[i].drv.inputs[k].path, path) == 0)
				return true;
	return false;
}

/* Where it is, or would be; the text may say so, and then it must be right. */
static int add(struct drv_graph *g, const char *file, struct drv_shown *shown, struct err *e)
{
	char *path = drv_path(g->arena, g->store, &shown->drv);
	struct drv_node *ignored;

	if (!path)
		return err_oom(e);
	if (shown->path && strcmp(shown->path, path) != 0)
		return err_set(e, EINVAL, "%s: derivation %s should be %s by its content", file, shown->path, path);
	shown->path = path;
	return drv_graph_put(g, path, &shown->drv, &ignored, e);
}

static int choose(const char *file, const struct drv_shown *list, size_t len, const char *wanted,
		  const char **ret_path, struct err *e)
{
	*ret_path = NULL;
	for (size_t i = 0; i < len; i++) {
		if (wanted ? strcmp(list[i].path, wanted) != 0 : is_input(list, len, list[i].path))
			continue;
		if (*ret_path)
			return err_set(e, EINVAL, "%s has more than one derivation that is no input of another, suc"
				"h as %s "
				       "and %s: say which", file, *ret_path, list[i].path);
		*ret_path = list[i].path;
	}
	if (*ret_path)
		return 0;
	return wanted ? err_set(e, ENOENT, "%s does not have %s", file, wanted) :
	       err_set(e, EINVAL, "%s has no derivation that is no input of another", file);
}

int drv_json_read(struct drv_graph *g, const struct drv_request *q, const char **ret_path, struct err *e)
{
	const char *file = strcmp(q->json, "-") == 0 ? "standard input" : q->json;
	struct drv_shown *list;
	size_t len, n;
	char *text;
	int r = graph_read_file(g->arena, q->json, &text, &len, e);

	if (r == 0)
		r = drv_show_read(g->arena, g->store, file, text, len, &list, &n, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add(g, file, &list[i], e);
	return r < 0 ? r : choose(file, list, n, q->drv, ret_path, e);
}
