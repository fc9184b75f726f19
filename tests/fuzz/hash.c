/* A hash in any spelling: what is read is spelled in all ways, and read from each of them as the same. */
#include "tests/fuzz/fuzz.h"

#include "store/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { NULL, "md5", "sha1", "sha256", "sha512" };
	char *text = calloc(1, size + 1), again[HASH_TEXT_MAX];

	memcpy(text, data, size);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err e = { 0 };
		struct hash hash, other;

		if (!fuzz_succeeded(hash_parse(text, names[i], &hash, &e), &e))
			continue;
		for (int spelling = HASH_HEX; spelling <= HASH_NAMED_32; spelling++) {
			hash_spell(&hash, (enum hash_spelling)spelling, again);
			fuzz_check(hash_parse(again, hash_name(hash.algorithm), &other, &e) == 0);
			fuzz_check(hash_equal(&hash, &other));
		}
	}
	free(text);
	return 0;
}
