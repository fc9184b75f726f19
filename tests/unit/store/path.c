/* What a store path is, to the character. */
#include "fake.h"

static const struct store nix = { .kind = STORE_NIX, .root = "", .dir = "/nix/store" };

static void accepts(void **state)
{
	char longest[11 + 33 + STORE_NAME_MAX + 1] = "/nix/store/" A32 "-";

	(void)state;
	memset(longest + strlen(longest), 'n', STORE_NAME_MAX);
	assert_true(store_path_ok(&nix, "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-a"));
	assert_true(store_path_ok(&nix, "/nix/store/" A32 "-Az09+-._?="));
	assert_true(store_path_ok(&nix, longest));
	assert_int_equal(store_path_len(&nix, HELLO "/bin/hello"), strlen(HELLO));
	assert_int_equal(store_name_len(A32 "-x/y"), 34);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"/",
		"/nix/store",
		"/nix/store/",
		"/nix/store/" A32,
		"/nix/store/" A32 "-",
		"/nix/store/" A32 "x",
		"/nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-short",
		"/nix/store/a" A32 "-long",
		"/nix/store/" A32 "_x",
		"/nix/store/eaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-e",
		"/nix/store/oaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-o",
		"/nix/store/taaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-t",
		"/nix/store/uaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-u",
		"/nix/store/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-upper",
		"/nix/store/" A32 "-a b",
		"/nix/store/" A32 "-a\n",
		"/nix/store/" A32 "-\xc3\xa4",
		"/nix/store/../" A32 "-x",
		"/nix/store//" A32 "-x",
		"/nix/storex/" A32 "-x",
		"/gnu/store/" A32 "-x",
		"nix/store/" A32 "-x",
		HELLO "/",
		HELLO "/bin",
		"/nix/store/.links",
	};
	char too_long[11 + 33 + STORE_NAME_MAX + 2] = "/nix/store/" A32 "-";

	(void)state;
	memset(too_long + strlen(too_long), 'n', STORE_NAME_MAX + 1);
	assert_false(store_path_ok(&nix, too_long));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (store_path_ok(&nix, bad[i]))
			fail_msg("accepted: %s", bad[i]);
}

static void lists(void **state)
{
	struct arena *a = arena_new();
	struct store_paths list = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_ok(store_paths_add(a, &list, &nix, GLIBC, "test", &e), &e);
	assert_ok(store_paths_add(a, &list, &nix, HELLO, "test", &e), &e);
	assert_ok(store_paths_add(a, &list, &nix, GLIBC, "test", &e), &e);
	store_paths_sort(&list);
	assert_int_equal(list.len, 2);
	assert_string_equal(list.items[0], HELLO);
	assert_string_equal(list.items[1], GLIBC);
	assert_error(store_paths_add(a, &list, &nix, "/etc/passwd", "db.sqlite", &e), &e, EINVAL,
		     "db.sqlite: '/etc/passwd' is not a store path of /nix/store");
	arena_free(a);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(accepts), cmocka_unit_test(refuses),
					   cmocka_unit_test(lists) };
UNIT_MAIN(tests)
