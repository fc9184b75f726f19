/* Strings that grow, and the helpers that decide about paths and numbers from outside. (str_make_plain: see err.c) */
#include "base/str.h"

#include "tests/unit/unit.h"

static void grows(void **state)
{
	_cleanup_str_ struct str s = STR_INIT;

	(void)state;
	assert_string_equal(str_text(&s), "");
	str_add(&s, "");
	assert_string_equal(str_text(&s), "");
	str_add(&s, "mounts");
	str_addc(&s, '[');
	str_addf(&s, "%d]%s", 7, "");
	str_addn(&s, ": xyz", 3);
	assert_string_equal(str_text(&s), "mounts[7]: x");
	assert_int_equal(s.len, 12);
	assert_false(s.failed);
}

/* Each length once, so that each limit of its room is met; all three ways to add cross them. */
static void each_length(void **state)
{
	(void)state;
	for (size_t n = 0; n < 600; n++) {
		_cleanup_str_ struct str by_byte = STR_INIT, at_once = STR_INIT, by_format = STR_INIT;
		char text[600];

		memset(text, 'a' + (int)(n % 26), n);
		text[n] = '\0';
		for (size_t i = 0; i < n; i++)
			str_addc(&by_byte, text[i]);
		str_addn(&at_once, text, n);
		str_addf(&by_format, "%s", text);
		assert_string_equal(str_text(&by_byte), text);
		assert_string_equal(str_text(&at_once), text);
		assert_string_equal(str_text(&by_format), text);
		assert_int_equal(by_byte.len, n);
		assert_int_equal(by_format.len, n);
	}
}

static void holds_nul_bytes(void **state)
{
	_cleanup_str_ struct str s = STR_INIT;

	(void)state;
	str_addn(&s, "a\0b", 3);
	str_addc(&s, '\0');
	str_add(&s, "c");
	assert_int_equal(s.len, 5);
	assert_memory_equal(s.text, "a\0b\0c", 6);
}

static void failure_is_remembered(void **state)
{
	_cleanup_str_ struct str s = STR_INIT;

	(void)state;
	str_add(&s, "kept");
	str_addn(&s, "x", SIZE_MAX - 2);
	assert_true(s.failed);
	str_add(&s, "more");
	str_addf(&s, "%d", 1);
	str_addc(&s, '.');
	assert_true(s.failed);
	assert_string_equal(str_text(&s), "kept");
}

/* With its NUL the last of them is 0 bytes long; the doubling to the first would never end. */
static void too_large(void **state)
{
	static const size_t lengths[] = { SIZE_MAX / 2, SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		_cleanup_str_ struct str s = STR_INIT;

		str_addn(&s, "x", lengths[i]);
		assert_true(s.failed);
		assert_int_equal(s.len, 0);
		assert_string_equal(str_text(&s), "");
	}
}

static void freeing(void **state)
{
	struct str s = STR_INIT;

	(void)state;
	str_add(&s, "text");
	errno = EXDEV;
	str_free(&s);
	assert_int_equal(errno, EXDEV);
	assert_null(s.text);
	assert_int_equal(s.len, 0);
	assert_string_equal(str_text(&s), "");
	str_free(&s);
	str_add(&s, "again");
	assert_string_equal(str_text(&s), "again");
	str_free(&s);
}

static void prefix(void **state)
{
	(void)state;
	assert_true(str_has_prefix("sha256:00", "sha256:"));
	assert_true(str_has_prefix("same", "same"));
	assert_true(str_has_prefix("any", ""));
	assert_true(str_has_prefix("", ""));
	assert_false(str_has_prefix("sha25", "sha256:"));
	assert_false(str_has_prefix("Same", "same"));
	assert_false(str_has_prefix("", "x"));
}

static void below(void **state)
{
	(void)state;
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a/b", "/a/"));
	assert_true(path_is_below("/a/", "/a"));
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/", "/"));
	assert_true(path_is_below("/nix/store/x/y/z", "/nix/store"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/nix/store-old/x", "/nix/store"));
	assert_false(path_is_below("/a", "/a/b"));
	assert_false(path_is_below("/", "/a"));
	assert_false(path_is_below("/b/a", "/a"));
	assert_false(path_is_below("a/b", "/a"));
}

static int parse(const char *s, unsigned long long max)
{
	unsigned long long n = 12345;
	int r = parse_u64(s, max, &n);

	/* What fails leaves the result alone. */
	assert_true(r == 0 || n == 12345);
	return r;
}

static void number(const char *s, unsigned long long expected)
{
	unsigned long long n = 12345;

	assert_int_equal(parse_u64(s, ~0ULL, &n), 0);
	assert_true(n == expected);
}

static void numbers(void **state)
{
	static const char *const wrong[] = { "",   "x",  "-1",  "+1",   " 1",  "1 ",   "1x", "0x10",
					     "1.", ".5", "1e3", "\n1", "1\n", "18446744073709551616x" };

	(void)state;
	number("0", 0);
	number("007", 7);
	number("4294967296", 4294967296ULL);
	number("18446744073709551615", ~0ULL);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(parse(wrong[i], ~0ULL), -EINVAL);
	assert_int_equal(parse("18446744073709551616", ~0ULL), -ERANGE);
	assert_int_equal(parse("99999999999999999999999", 1), -ERANGE);
	assert_int_equal(parse("256", 255), -ERANGE);
	assert_int_equal(parse("255", 255), 0);
	assert_int_equal(parse("1", 0), -ERANGE);
	assert_int_equal(parse("0", 0), 0);
}

/* An earlier failure in errno is not taken for one of this call. */
static void numbers_and_errno(void **state)
{
	(void)state;
	errno = ERANGE;
	number("5", 5);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(grows),
	cmocka_unit_test(each_length),
	cmocka_unit_test(holds_nul_bytes),
	cmocka_unit_test(failure_is_remembered),
	cmocka_unit_test(too_large),
	cmocka_unit_test(freeing),
	cmocka_unit_test(prefix),
	cmocka_unit_test(below),
	cmocka_unit_test(numbers),
	cmocka_unit_test(numbers_and_errno),
};

UNIT_MAIN(tests)
