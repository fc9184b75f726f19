/* What criu answers: a message of Protocol Buffers, of which nothing is read beyond its end. */
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#include "plan/criu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	/* Of just that size, for the sanitizer to see where it ends. */
	uint8_t *copy = malloc(size ? size : 1);
	struct criu_answer answer;
	int r;

	memcpy(copy, data, size);
	r = criu_decode(a, copy, size, &answer);
	fuzz_check(r == 0 || r == -EBADMSG);
	if (r == 0) {
		fuzz_check(answer.type != 0);
		fuzz_check(!answer.script || strlen(answer.script) <= size);
		fuzz_check(!answer.message || strlen(answer.message) <= size);
	}
	free(copy);
	return 0;
}
