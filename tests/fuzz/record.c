/* state.json: what is accepted is written again as it is understood. */
#include "tests/fuzz/fuzz.h"

#include "state/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_str_ struct str first = STR_INIT, second = STR_INIT;
	_cleanup_arena_ struct arena *a = arena_new();
	struct oci_record *record;
	struct err e = { 0 };

	if (!fuzz_succeeded(state_decode(a, (const char *)data, size, &record, &e), &e))
		return 0;
	fuzz_check(state_encode(&first, record, &e) == 0);
	fuzz_check(state_decode(a, first.text, first.len, &record, &e) == 0);
	fuzz_check(state_encode(&second, record, &e) == 0);
	fuzz_check(strcmp(first.text, second.text) == 0);
	return 0;
}
