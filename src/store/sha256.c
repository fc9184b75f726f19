/* Why: see sha256.h. */
#include "store/sha256.h"

#include <string.h>

void sha256_init(struct sha256 *s)
{
	hasher_start(&s->hasher, HASH_SHA256);
}

void sha256_add(struct sha256 *s, const void *bytes, size_t len)
{
	hasher_add(&s->hasher, bytes, len);
}

void sha256_end(struct sha256 *s, unsigned char ret[static SHA256_BYTES])
{
	struct hash hash;

	hasher_end(&s->hasher, &hash);
	memcpy(ret, hash.bytes, SHA256_BYTES);
}

void sha256_end_hex(struct sha256 *s, char ret[static SHA256_HEX])
{
	char text[HASH_TEXT_MAX];
	struct hash hash;

	hasher_end(&s->hasher, &hash);
	hash_spell(&hash, HASH_HEX, text);
	memcpy(ret, text, SHA256_HEX);
}
