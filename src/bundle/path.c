/* Why: the order matters here: store, roots, closure, then what is looked up in the closure. See path.h. */
#include "bundle/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bundle/place.h"
#include "bundle/process.h"
#include "bundle/program.h"
#include "store/closure.h"
#include "store/database.h"
#include "store/graph.h"
#include "store/resolve.h"

/* "/nix/store/HASH-bash/bin/sh" given as the shell: its store path becomes a root, so that it is in the closure. */
static int add_shell_root(struct arena *a, const struct path_request *q, struct recipe *r, const char **ret_shell,
			  struct err *e)
{
	struct store_ref ref;
	int result;

	*ret_shell = q->bin_sh;
	if (!q->bin_sh || strcmp(q->bin_sh, "none") == 0 || strcmp(q->bin_sh, "default") == 0)
		return 0;
	result = store_path_resolve(a, r->store, 1, q->bin_sh, &ref, e);
	if (result < 0)
		return err_prefix(e, "--bin-sh");
	*ret_shell = arena_printf(a, "%s%s", ref.path, *ref.rest ? ref.rest : "/bin/sh");
	if (!*ret_shell)
		return err_oom(e);
	return store_paths_add(a, &r->roots, r->store, ref.path, "--bin-sh", e);
}

/* Each root once, in the order given. *ret_below is what came behind the first one: "/bin/hello". */
static int find_roots(struct arena *a, const struct path_request *q, struct recipe *r, const char **ret_below,
		      struct err *e)
{
	for (size_t i = 0; i < q->paths_len; i++) {
		struct store_ref ref;
		bool known = false;
		int result = store_path_resolve(a, r->store, 1, q->paths[i], &ref, e);

		if (result < 0)
			return result;
		if (i == 0)
			*ret_below = ref.rest;
		for (size_t n = 0; n < r->roots.len; n++)
			known |= strcmp(r->roots.items[n], ref.path) == 0;
		result = known ? 0 : store_paths_add(a, &r->roots, r->store, ref.path, "command line", e);
		if (result < 0)
			return result;
	}
	return 0;
}

/* A list is the closure itself; it must hold the roots. */
static int closure_from_list(struct arena *a, const struct path_request *q, const struct store_paths *roots,
			     struct recipe *r, struct err *e)
{
	int result = graph_read_list(a, r->store, q->closure_list, &r->closure, e);

	for (size_t i = 0; result == 0 && i < roots->len; i++) {
		bool found = false;

		for (size_t n = 0; n < r->closure.len; n++)
			found |= strcmp(r->closure.items[n], roots->items[i]) == 0;
		if (!found)
			result = err_set(e, EINVAL, "the list that --closure gives does not hold %s", roots->items[i]);
	}
	return result;
}

static int closure_from_graph(struct arena *a, const struct path_request *q, const struct store_paths *roots,
			      struct recipe *r, struct err *e)
{
	_cleanup_graph_ struct graph graph = { 0 };
	int result;

	if (q->closure_info)
		result = graph_read_closure_info(a, r->store, q->closure_info, &graph, e);
	else if (q->path_info)
		result = graph_read_path_info(a, r->store, q->path_info, &graph, e);
	else
		result = graph_read_export(a, r->store, q->references_graph, &graph, e);
	if (result < 0)
		return result;
	return closure_compute(a, &(struct reference_source){ r->closure_source, graph_references, &graph }, roots,
			       &r->closure, e);
}

static int find_closure(struct arena *a, const struct path_request *q, struct recipe *r, struct err *e)
{
	const struct store *s = r->store;
	int result;

	if (q->closure_list) {
		r->closure_source = "list";
		result = closure_from_list(a, q, &r->roots, r, e);
	} else if (q->closure_info || q->path_info || q->references_graph) {
		r->closure_source = q->closure_info ? "closure-info" : q->path_info ? "path-info" : "references-graph";
		result = closure_from_graph(a, q, &r->roots, r, e);
	} else if (!q->scan && database_exists(s)) {
		r->closure_source = "database";
		result = closure_from_database(a, s, &r->roots, &r->closure, e);
	} else {
		r->closure_source = "scan";
		result = closure_from_scan(a, s, &r->roots, &r->closure, e);
	}
	return result < 0 ? result : closure_check_present(s, &r->closure, e);
}

static int find_places(struct arena *a, const struct path_request *q, struct recipe *r, struct err *e)
{
	int result = 0;

	if (q->network && strcmp(q->network, "none") != 0 && strcmp(q->network, "host") != 0)
		return err_set(e, EINVAL, "--network %s: it is 'none' or 'host'", q->network);
	r->host_network = q->network && strcmp(q->network, "host") == 0;
	for (size_t i = 0; result == 0 && i < q->binds_len; i++)
		result = place_add_bind(a, r, q->binds[i], e);
	for (size_t i = 0; result == 0 && i < q->writable_len; i++)
		result = place_add_writable(a, r, q->writable[i], e);
	if (result == 0 && r->host_network)
		result = place_add_host_network(a, r, e);
	return result < 0 ? result : place_check_all(a, r, e);
}

static int check_sources(const struct path_request *q, struct err *e)
{
	int given = !!q->closure_info + !!q->closure_list + !!q->path_info + !!q->references_graph + q->scan +
		    !!q->store.database;

	if (given <= 1)
		return 0;
	return err_set(e, EINVAL, "only one of --closure, --closure-info, --path-info, --references-graph, --scan and "
				  "--database can say what the closure is");
}

int bundle_path_recipe(struct arena *a, const struct path_request *q, struct recipe *ret, struct err *e)
{
	struct store *store = arena_alloc(a, sizeof *store);
	const char *below = NULL, *shell = NULL;
	size_t asked;
	int r;

	if (!store)
		return err_oom(e);
	*ret = (struct recipe){ .kind = "path", .store = store, .gc_root = q->gc_root, .terminal = q->terminal };
	r = check_sources(q, e);
	if (r == 0)
		r = store_locate(a, &q->store, q->paths[0], store, e);
	if (r == 0)
		r = find_roots(a, q, ret, &below, e);
	asked = ret->roots.len;
	if (r == 0)
		r = add_shell_root(a, q, ret, &shell, e);
	if (r == 0)
		r = find_closure(a, q, ret, e);
	if (r == 0)
		r = find_places(a, q, ret, e);
	if (r < 0)
		return r;
	/* The shell is in the closure, but it is not what the bundle is for: neither its programs nor its PATH. */
	struct recipe view = *ret;
	view.roots.len = asked;
	r = program_set_shell(a, &view, shell, e);
	if (r == 0)
		r = program_set(a, &view, q->command, q->command_len, below, e);
	if (r == 0)
		r = process_set(a, q, &view, e);
	view.roots.len = ret->roots.len;
	*ret = view;
	return r;
}
