/* The walk, its limits, and the digest; SHA-256 and base 32 by their published values. */
#include "store/closure.h"

#include "fake.h"
#include "store/set.h"
#include "store/sha256.h"

/* Each path refers to the next one, whose number is in its name, and to itself. */
static int chain(void *data, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	static const struct store nix = { .dir = "/nix/store", .root = "" };
	int n = atoi(strrchr(path, '-') + 1), last = *(int *)data;

	if (store_paths_add(a, ret, &nix, path, "chain", e) < 0)
		return -e->num;
	if (n >= last)
		return 0;
	return store_paths_add(a, ret, &nix, arena_printf(a, "/nix/store/" A32 "-%d", n + 1), "chain", e);
}

static int walk(struct fake *f, int last, struct store_paths *ret)
{
	struct store_paths roots = fake_list(f, "/nix/store/" A32 "-1");

	return closure_compute(f->arena, &(struct reference_source){ "chain", chain, &last }, &roots, ret, &f->e);
}

static void limits(void **state)
{
	struct store_paths closure;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	assert_ok(walk(&f, 1, &closure), &f.e);
	assert_int_equal(closure.len, 1);
	assert_ok(walk(&f, CLOSURE_MAX, &closure), &f.e);
	assert_int_equal(closure.len, CLOSURE_MAX);
	assert_error(walk(&f, CLOSURE_MAX + 1, &closure), &f.e, E2BIG, "the closure has more than 200000 paths");
	fake_end(&f);
}

static void digests(void **state)
{
	struct store_paths list;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	list = fake_list(&f, HELLO);
	/* printf '/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-hello-2.12\n' | sha256sum */
	assert_string_equal(closure_digest(f.arena, &list),
			    "sha256:b610c4f16537f1b4bea363e9bb2307527e07544705e969d6f1cadeaafd4d2a3c");
	fake_end(&f);
}

static void hash(const char *text, size_t times, const char *expected)
{
	char hex[SHA256_HEX];
	struct sha256 s;

	sha256_init(&s);
	for (size_t i = 0; i < times; i++)
		sha256_add(&s, text, strlen(text));
	sha256_end_hex(&s, hex);
	assert_string_equal(hex, expected);
}

static void sha256(void **state)
{
	(void)state;
	hash("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	hash("aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void base32(void **state)
{
	/* nix-hash --type sha1 --to-base32 c5a2b32910f824afb30d1b7c78a63cede83d31e0 */
	static const unsigned char bytes[20] = { 0xc5, 0xa2, 0xb3, 0x29, 0x10, 0xf8, 0x24, 0xaf, 0xb3, 0x0d,
						 0x1b, 0x7c, 0x78, 0xa6, 0x3c, 0xed, 0xe8, 0x3d, 0x31, 0xe0 };
	char text[33];

	(void)state;
	base32_encode(bytes, sizeof bytes, text);
	assert_string_equal(text, "w0qkvs7d7jk7hz0v1nrsy97q20lv78n5");
}

static void sets(void **state)
{
	_cleanup_set_ struct set s = SET_INIT;
	bool is_new;

	(void)state;
	assert_null(set_find(&s, "a"));
	assert_int_equal(set_add(&s, "a", "1", &is_new), 0);
	assert_true(is_new);
	assert_int_equal(set_add(&s, "a", "2", &is_new), 0);
	assert_false(is_new);
	assert_string_equal(set_find(&s, "a")->value, "1");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(limits), cmocka_unit_test(digests), cmocka_unit_test(sha256), cmocka_unit_test(base32),
	cmocka_unit_test(sets),
};
UNIT_MAIN(tests)
