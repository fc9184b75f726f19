/* A list of store paths, one a line. */
#include "tests/fuzz/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct store_paths list = { 0 };
	struct store store;
	struct err e = { 0 };

	fuzz_check(store_describe(a, STORE_GUIX, NULL, &store, &e) == 0);
	if (!fuzz_succeeded(graph_read_list(a, &store, fuzz_file(data, size), &list, &e), &e))
		return 0;
	for (size_t i = 0; i < list.len; i++) {
		fuzz_check(store_path_ok(&store, list.items[i]));
		fuzz_check(i == 0 || strcmp(list.items[i - 1], list.items[i]) < 0);
	}
	return 0;
}
