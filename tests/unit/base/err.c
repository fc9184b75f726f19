/* What comes from outside stays one plain line, and the reason survives whatever is in front of it. */
#include "base/err.h"

#include "base/str.h"
#include "tests/unit/unit.h"

static void assert_plain(const char *text, const char *expected)
{
	char buf[256];

	strcpy(buf, text);
	str_make_plain(buf);
	assert_string_equal(buf, expected);
}

static void letters_stay(void **state)
{
	(void)state;
	assert_plain("", "");
	assert_plain("plain ~ text", "plain ~ text");
	assert_plain("na\xc3\xafve \xe2\x82\xac", "na\xc3\xafve \xe2\x82\xac");
	assert_plain("\xf0\x9f\x90\x8b \xc2\xa0", "\xf0\x9f\x90\x8b \xc2\xa0");
}

static void control_characters_go(void **state)
{
	(void)state;
	assert_plain("a\nb\tc\rd", "a b c?d");
	assert_plain("\033[31m\x7f\x01", "?[31m??");
	assert_plain("C1 \xc2\x9b" "2J \xc2\x80.", "C1 ?2J ?.");
	assert_plain("line \xe2\x80\xa8 turn \xe2\x80\xae.", "line ? turn ?.");
}

static void what_is_no_utf8_goes(void **state)
{
	(void)state;
	assert_plain("\xff\xfe", "??");
	assert_plain("cut \xe2\x82", "cut ??");
	assert_plain("overlong \xc0\xaf \xe0\x80\xaf", "overlong ?? ???");
	assert_plain("surrogate \xed\xa0\x80", "surrogate ???");
	assert_plain("too high \xf4\x90\x80\x80 \xf8\x88\x80\x80\x80", "too high ???? ?????");
}

static void reason_survives(void **state)
{
	char name[3000];
	struct err e;
	size_t len;

	(void)state;
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_int_equal(err_sys(&e, ENOENT, "open %s", name), -ENOENT);
	len = strlen(e.text);
	assert_int_equal(len, ERR_TEXT_MAX - 1);
	assert_int_equal(strncmp(e.text, "open nnn", 8), 0);
	assert_string_equal(e.text + len - 29, "nnn: no such file or directory" + 1);
	assert_non_null(strstr(e.text, "n...n"));
	assert_int_equal(err_prefix(&e, "mounts[%d]", 3), -ENOENT);
	len = strlen(e.text);
	assert_int_equal(strncmp(e.text, "mounts[3]: open nnn", 19), 0);
	assert_string_equal(e.text + len - 27, ": no such file or directory");
}

static void longer_than_any_buffer(void **state)
{
	static char name[100000];
	struct err e;

	(void)state;
	memset(name, 'n', sizeof name - 1);
	assert_int_equal(err_sys(&e, EACCES, "%s", name), -EACCES);
	assert_string_equal(e.text + strlen(e.text) - 19, ": permission denied");
}

static void prefix_of_itself(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, EINVAL, "a");
	err_prefix(&e, "%s", e.text);
	assert_string_equal(e.text, "a: a");
	assert_int_equal(e.num, EINVAL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(letters_stay),
	cmocka_unit_test(control_characters_go),
	cmocka_unit_test(what_is_no_utf8_goes),
	cmocka_unit_test(reason_survives),
	cmocka_unit_test(longer_than_any_buffer),
	cmocka_unit_test(prefix_of_itself),
};

UNIT_MAIN(tests)
