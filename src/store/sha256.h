/* SHA-256 of what is at hand, as digits: what names a closure, a GC root or a derivation. More is in store/hash.h. */
#pragma once

#include "store/base32.h"
#include "store/hash.h"

enum { SHA256_BYTES = 32, SHA256_HEX = 2 * SHA256_BYTES + 1 };

struct sha256 {
	struct hasher hasher;
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t len);
void sha256_end(struct sha256 *s, unsigned char ret[static SHA256_BYTES]);
/* The same as small hexadecimal digits with a NUL behind them. */
void sha256_end_hex(struct sha256 *s, char ret[static SHA256_HEX]);
