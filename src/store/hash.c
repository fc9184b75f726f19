/*
 * Why: four algorithms in six spellings come from derivations, databases and people. The algorithms themselves are
 * nettle's: small, without a global state, quick where the processor can hash, and LGPL.
 */
#include "store/hash.h"

#include <nettle/nettle-meta.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "store/base32.h"

static const struct {
	const char *name;
	size_t bytes;
	const struct nettle_hash *nettle;
} algorithms[HASH_ALGORITHMS] = {
	[HASH_MD5] = { "md5", 16, &nettle_md5 },
	[HASH_SHA1] = { "sha1", 20, &nettle_sha1 },
	[HASH_SHA256] = { "sha256", 32, &nettle_sha256 },
	[HASH_SHA512] = { "sha512", 64, &nettle_sha512 },
};

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const char *hash_name(enum hash_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

size_t hash_bytes(enum hash_algorithm algorithm)
{
	return algorithms[algorithm].bytes;
}

static int find_algorithm(const char *name, size_t len, enum hash_algorithm *ret, struct err *e)
{
	for (size_t i = 0; i < HASH_ALGORITHMS; i++)
		if (strlen(algorithms[i].name) == len && memcmp(algorithms[i].name, name, len) == 0) {
			*ret = (enum hash_algorithm)i;
			return 0;
		}
	if (len == 6 && memcmp(name, "blake3", 6) == 0)
		return err_set(e, ENOTSUP, "hash algorithm 'blake3' is an experiment of Nix, which Cloister has not: "
			       "use sha256 or sha512");
	return err_set(e, EINVAL, "hash algorithm '%.*s' is unknown: known are md5, sha1, sha256 and sha512",
		       len > 50 ? 50 : (int)len, name);
}

int hash_find_algorithm(const char *name, enum hash_algorithm *ret, struct err *e)
{
	return find_algorithm(name, strlen(name), ret, e);
}

void hasher_start(struct hasher *h, enum hash_algorithm algorithm)
{
	h->algorithm = algorithm;
	algorithms[algorithm].nettle->init(h->state);
}

void hasher_add(struct hasher *h, const void *bytes, size_t len)
{
	algorithms[h->algorithm].nettle->update(h->state, len, bytes);
}

void hasher_end(struct hasher *h, struct hash *ret)
{
	*ret = (struct hash){ .algorithm = h->algorithm };
	algorithms[h->algorithm].nettle->digest(h->state, hash_bytes(h->algorithm), ret->bytes);
}

static char *spell_hex(const unsigned char *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len; i++, to += 2)
		snprintf(to, 3, "%02x", bytes[i]);
	return to;
}

static void spell_base64(const unsigned char *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len; i += 3, to += 4) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t word = (uint32_t)bytes[i] << 16 | (n > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				(n > 2 ? bytes[i + 2] : 0);

		for (size_t k = 0; k < 4; k++)
			to[k] = k <= n ? base64_digits[word >> (18 - 6 * k) & 63] : '=';
	}
	*to = '\0';
}

void hash_spell(const struct hash *h, enum hash_spelling spelling, char ret[static HASH_TEXT_MAX])
{
	size_t len = hash_bytes(h->algorithm);
	char separator = spelling == HASH_SRI ? '-' : ':';

	*ret = '\0';
	if (spelling == HASH_SRI || spelling == HASH_NAMED_HEX || spelling == HASH_NAMED_32)
		ret += snprintf(ret, 9, "%s%c", hash_name(h->algorithm), separator);
	if (spelling == HASH_HEX || spelling == HASH_NAMED_HEX)
		spell_hex(h->bytes, len, ret);
	else if (spelling == HASH_BASE32 || spelling == HASH_NAMED_32)
		base32_encode(h->bytes, len, ret);
	else
		spell_base64(h->bytes, len, ret);
}

static int digit_of(const char *digits, char c)
{
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

static bool read_hex(const char *text, size_t len, unsigned char *ret)
{
	for (size_t i = 0; i < len; i++) {
		int high = digit_of("0123456789abcdef", (char)(text[2 * i] | (text[2 * i] >= 'A' ? 0x20 : 0)));
		int low = digit_of("0123456789abcdef", (char)(text[2 * i + 1] | (text[2 * i + 1] >= 'A' ? 0x20 : 0)));

		if (high < 0 || low < 0)
			return false;
		ret[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* The first character holds the last bits; those that stick out must be zero, so that a hash has one spelling. */
static bool read_base32(const char *text, size_t len, unsigned char *ret)
{
	size_t chars = (len * 8 + 4) / 5;

	memset(ret, 0, len);
	for (size_t n = 0; n < chars; n++) {
		int digit = digit_of("0123456789abcdfghijklmnpqrsvwxyz", text[chars - 1 - n]);
		size_t bit = n * 5, i = bit / 8, shift = bit % 8;

		if (digit < 0)
			return false;
		ret[i] |= (unsigned char)(digit << shift);
		if (i + 1 < len)
			ret[i + 1] |= (unsigned char)(digit >> (8 - shift));
		else if (digit >> (8 - shift))
			return false;
	}
	return true;
}

static bool read_base64(const char *text, size_t len, unsigned char *ret)
{
	size_t chars = (len + 2) / 3 * 4, done = 0;

	for (size_t n = 0; n < chars; n += 4) {
		size_t want = len - done < 3 ? len - done : 3;
		uint32_t word = 0;

		for (size_t k = 0; k < 4; k++) {
			int digit = k <= want ? digit_of(base64_digits, text[n + k]) : text[n + k] == '=' ? 0 : -1;

			if (digit < 0)
				return false;
			word = word << 6 | (uint32_t)digit;
		}
		for (size_t k = 0; k < want; k++)
			ret[done++] = (unsigned char)(word >> (16 - 8 * k));
		if (word & ((1u << (24 - 8 * want)) - 1))
			return false;
	}
	return true;
}

int hash_parse(const char *text, const char *algorithm, struct hash *ret, struct err *e)
{
	const char *separator = text + strcspn(text, ":-"), *digits = text;
	size_t len, bytes;
	bool read;
	int r;

	*ret = (struct hash){ .algorithm = HASH_MD5 };
	if (*separator) {
		digits = separator + 1;
		r = find_algorithm(text, (size_t)(separator - text), &ret->algorithm, e);
		if (r == 0 && algorithm && *algorithm && strcmp(algorithm, hash_name(ret->algorithm)) != 0)
			return err_set(e, EINVAL, "hash '%.150s' is not of algorithm %s", text, algorithm);
	} else if (!algorithm || !*algorithm) {
		return err_set(e, EINVAL, "hash '%.150s' does not say its algorithm", text);
	} else {
		r = hash_find_algorithm(algorithm, &ret->algorithm, e);
	}
	if (r < 0)
		return r;
	len = strlen(digits);
	bytes = hash_bytes(ret->algorithm);
	if (*separator != '-' && len == 2 * bytes)
		read = read_hex(digits, bytes, ret->bytes);
	else if (*separator != '-' && len == (bytes * 8 + 4) / 5)
		read = read_base32(digits, bytes, ret->bytes);
	else
		read = len == (bytes + 2) / 3 * 4 && read_base64(digits, bytes, ret->bytes);
	return read ? 0 : err_set(e, EINVAL, "'%.150s' is not a hash of algorithm %s", text,
				  hash_name(ret->algorithm));
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
	return a->algorithm == b->algorithm && memcmp(a->bytes, b->bytes, hash_bytes(a->algorithm)) == 0;
}

void hash_fold(const struct hash *h, unsigned char *ret, size_t ret_len)
{
	memset(ret, 0, ret_len);
	for (size_t i = 0; i < hash_bytes(h->algorithm); i++)
		ret[i % ret_len] ^= h->bytes[i];
}
