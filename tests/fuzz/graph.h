/* The fuzz targets of the readers of reference graphs (store/graph.h) differ in nothing but the reader. */
#pragma once

#include "tests/fuzz/fuzz.h"

#include "store/closure.h"
#include "store/graph.h"

typedef int graph_reader(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e);

/* The closure of the first path in the text that the graph knows: only store paths, each once. */
static inline void fuzz_closure(struct arena *a, const struct store *s, struct graph *graph, const char *text)
{
	const struct reference_source source = { "fuzz", graph_references, graph };
	struct store_paths roots = { 0 }, closure = { 0 };
	struct err e = { 0 };

	for (const char *p = text; (p = strstr(p, s->dir)); p++) {
		size_t len = store_path_len(s, p);
		char *path = len ? arena_strndup(a, p, len) : NULL;

		if (!path || !set_find(&graph->paths, path))
			continue;
		fuzz_check(store_paths_add(a, &roots, s, path, "fuzz", &e) == 0);
		break;
	}
	if (!roots.len || !fuzz_succeeded(closure_compute(a, &source, &roots, &closure, &e), &e))
		return;
	for (size_t i = 0; i < closure.len; i++) {
		fuzz_check(store_path_ok(s, closure.items[i]));
		fuzz_check(i == 0 || strcmp(closure.items[i - 1], closure.items[i]) < 0);
	}
}

static inline void fuzz_graph(graph_reader *read, const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_graph_ struct graph graph = { 0 };
	struct store store;
	struct err e = { 0 };

	fuzz_check(store_describe(a, STORE_NIX, NULL, &store, &e) == 0);
	if (fuzz_succeeded(read(a, &store, fuzz_file(data, size), &graph, &e), &e))
		fuzz_closure(a, &store, &graph, arena_strndup(a, (const char *)data, size));
}
