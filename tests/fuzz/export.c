/* exportReferencesGraph. */
#include "tests/fuzz/graph.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_graph(graph_read_export, data, size);
	return 0;
}
