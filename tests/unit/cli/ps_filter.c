/* Which lines of ps(1) are shown. */
#include "tests/unit/unit.h"

#include "cli/ps_filter.h"

static struct err err;

static const char *filter(const char *text, const pid_t *pids, size_t len)
{
	static struct str out;

	str_free(&out);
	out = STR_INIT;
	assert_ok(cli_ps_filter(&out, text, pids, len, &err), &err);
	return str_text(&out);
}

static void by_the_column(void **state)
{
	static const char text[] = "UID        PID  PPID CMD\nroot         1     0 init\n1000        42     1 sleep 7\n"
		"root         7    42 ps 42\n  x         420     1 y";

	(void)state;
	assert_string_equal(filter(text, (pid_t[]){ 42, 420 }, 2),
			    "UID        PID  PPID CMD\n1000        42     1 sleep 7\n  x         420     1 y\n");
	assert_string_equal(filter(text, NULL, 0), "UID        PID  PPID CMD\n");
	assert_string_equal(filter("  PID TTY\n   42 ?\n\n  43 ?\n", (pid_t[]){ 43 }, 1), "  PID TTY\n  43 ?\n");
}

static void without_the_column(void **state)
{
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	assert_int_equal(cli_ps_filter(&out, "UID PPID\n1 2\n", (pid_t[]){ 1 }, 1, &err), -EINVAL);
	assert_int_equal(cli_ps_filter(&out, "", (pid_t[]){ 1 }, 1, &err), -EINVAL);
	assert_int_equal(out.len, 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(by_the_column),
	cmocka_unit_test(without_the_column),
};

UNIT_MAIN(tests)
