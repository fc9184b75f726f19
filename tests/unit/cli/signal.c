/* Signal names as people and engines write them. */
#include "cli/signal.h"

#include <signal.h>

#include "tests/unit/unit.h"

static void names_and_numbers(void **state)
{
	static const struct {
		const char *text;
		int number;
	} rows[] = {
		{ "TERM", SIGTERM },
		{ "SIGTERM", SIGTERM },
		{ "term", SIGTERM },
		{ "sigTerm", SIGTERM },
		{ "15", 15 },
		{ "9", 9 },
		{ "KILL", SIGKILL },
		{ "SIGHUP", SIGHUP },
		{ "winch", SIGWINCH },
		{ "USR1", SIGUSR1 },
		{ "CHLD", SIGCHLD },
		{ "CLD", SIGCHLD },
		{ "IO", SIGIO },
		{ "POLL", SIGIO },
		{ "ABRT", SIGABRT },
		{ "IOT", SIGABRT },
		{ "PWR", SIGPWR },
		{ "SYS", SIGSYS },
		{ "0", 0 },
		{ "64", 64 },
		{ "09", 9 },
	};
	struct err e;
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_ok(cli_parse_signal(rows[i].text, &n, &e), &e);
		assert_int_equal(n, rows[i].number);
	}
}

static void realtime_signals(void **state)
{
	struct err e;
	int n;

	(void)state;
	assert_ok(cli_parse_signal("RTMIN", &n, &e), &e);
	assert_int_equal(n, SIGRTMIN);
	assert_ok(cli_parse_signal("SIGRTMIN+3", &n, &e), &e);
	assert_int_equal(n, SIGRTMIN + 3);
	assert_ok(cli_parse_signal("sigrtmax-1", &n, &e), &e);
	assert_int_equal(n, SIGRTMAX - 1);
	assert_ok(cli_parse_signal("RTMAX", &n, &e), &e);
	assert_int_equal(n, SIGRTMAX);
	assert_int_equal(cli_parse_signal("RTMIN+99", &n, &e), -EINVAL);
	assert_int_equal(cli_parse_signal("RTMAX+1", &n, &e), -EINVAL);
	assert_int_equal(cli_parse_signal("RTMIN-1", &n, &e), -EINVAL);
	assert_int_equal(cli_parse_signal("RTMIN+", &n, &e), -EINVAL);
	assert_int_equal(cli_parse_signal("RTMINx", &n, &e), -EINVAL);
}

#ifdef __GLIBC__
static void every_signal_has_a_name(void **state)
{
	char name[32];
	struct err e;
	int n;

	(void)state;
	for (int i = 1; i < 32; i++) {
		snprintf(name, sizeof name, "SIG%s", sigabbrev_np(i));
		assert_ok(cli_parse_signal(name, &n, &e), &e);
		assert_int_equal(n, i);
	}
}
#endif

static void unknown_signals(void **state)
{
	static const char *const bad[] = { "",   "SIG", "FOO", "SIGSIGTERM", "-9",
					   "65", "15x", "+1",  "TERM ",      "99999999999999999999" };
	struct err e;
	int n;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(cli_parse_signal(bad[i], &n, &e), -EINVAL);
	assert_error(cli_parse_signal("FOO", &n, &e), &e, EINVAL,
		     "unknown signal 'FOO': give a name such as TERM or a number up to 64");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(names_and_numbers),
	cmocka_unit_test(realtime_signals),
#ifdef __GLIBC__
	cmocka_unit_test(every_signal_has_a_name),
#endif
	cmocka_unit_test(unknown_signals),
};

UNIT_MAIN(tests)
