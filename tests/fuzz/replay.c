/* Gives each file of its arguments to the fuzz target once: a corpus needs no fuzzer, and so no clang. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return 0;
}

/* From memory of exactly its size, so that a sanitizer sees a byte read behind the end. */
static int replay(const char *file)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e;
	char *text;
	size_t len;

	if (!a || io_read_file(a, AT_FDCWD, file, 1 << 24, &text, &len, &e) < 0) {
		fprintf(stderr, "replay: %s\n", a ? e.text : "out of memory");
		return 1;
	}
	uint8_t *exact = malloc(len ? len : 1);
	fuzz_check(exact);
	memcpy(exact, text, len);
	fprintf(stderr, "%s\n", file);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return failed;
}
