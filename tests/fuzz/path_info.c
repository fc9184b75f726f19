/* nix path-info --json. */
#include "tests/fuzz/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_graph(graph_read_path_info, data, size);
	return 0;
}
