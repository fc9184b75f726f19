/* SHA-256 (FIPS 180-4) and Nix's base-32 spelling of hashes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX = 2 * SHA256_BYTES + 1 };

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *bytes, size_t len);
void sha256_end(struct sha256 *s, unsigned char ret[static SHA256_BYTES]);
/* The same as small hexadecimal digits with a NUL behind them. */
void sha256_end_hex(struct sha256 *s, char ret[static SHA256_HEX]);

/*
 * Nix's base 32: 5 bits a character, the last bits first. ret has room for (len * 8 + 4) / 5 characters and a NUL.
 */
void base32_encode(const unsigned char *bytes, size_t len, char *ret);
