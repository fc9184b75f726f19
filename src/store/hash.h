/*
 * Hashes that a store knows: the algorithms of fixed outputs and of its database, and the spellings that people and
 * derivations use for them: base 16, Nix's base 32, base 64, and SRI (`sha256-BASE64`, w3.org/TR/SRI).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum hash_algorithm { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512 };
enum { HASH_ALGORITHMS = 4, HASH_BYTES_MAX = 64, HASH_TEXT_MAX = 8 + 2 * HASH_BYTES_MAX + 1 };

/* A finished hash. Bytes behind its algorithm's length are zero, so that two may be compared whole. */
struct hash {
	enum hash_algorithm algorithm;
	unsigned char bytes[HASH_BYTES_MAX];
};

enum hash_spelling {
	HASH_HEX,       /* 64 small digits for SHA-256 */
	HASH_BASE32,    /* Nix's: 52 characters for SHA-256 */
	HASH_BASE64,    /* with padding */
	HASH_SRI,       /* "sha256-" and base 64 */
	HASH_NAMED_HEX, /* "sha256:" and base 16: the database's */
	HASH_NAMED_32,  /* "sha256:" and base 32 */
};

/* A hash that is being computed. */
struct hasher {
	enum hash_algorithm algorithm;
	_Alignas(16) unsigned char state[256];
};

const char *hash_name(enum hash_algorithm algorithm);
size_t hash_bytes(enum hash_algorithm algorithm);
/*
 * "sha256" and so on. -ENOTSUP with a message: BLAKE3, which Nix itself has as an experiment only; -EINVAL: no such
 * algorithm.
 */
int hash_find_algorithm(const char *name, enum hash_algorithm *ret, struct err *e);

void hasher_start(struct hasher *h, enum hash_algorithm algorithm);
void hasher_add(struct hasher *h, const void *bytes, size_t len);
void hasher_end(struct hasher *h, struct hash *ret);

/* The text of a hash; ret is NUL-terminated. */
void hash_spell(const struct hash *h, enum hash_spelling spelling, char ret[static HASH_TEXT_MAX]);
/*
 * Reads any of the spellings; the length tells which. Without a name in front the algorithm must be known: `algorithm`,
 * else NULL, is its name, and a different one in the text is an error.
 */
int hash_parse(const char *text, const char *algorithm, struct hash *ret, struct err *e);

bool hash_equal(const struct hash *a, const struct hash *b);

/* As Nix shortens the SHA-256 of a description to the 20 bytes in a store path: folded over itself by exclusive or. */
void hash_fold(const struct hash *h, unsigned char *ret, size_t ret_len);
