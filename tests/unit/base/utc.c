/* Dates from seconds, against known ones and against the C library. */
#include "base/utc.h"

#include "tests/unit/unit.h"

static void known_times(void **state)
{
	static const struct { time_t t; const char *text; } cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59Z" },
		{ 951782399, "2000-02-28T23:59:59Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 951868800, "2000-03-01T00:00:00Z" },
		{ 4107542400, "2100-03-01T00:00:00Z" },
		{ 4107542399, "2100-02-28T23:59:59Z" },
		{ 1795532400, "2026-11-24T15:00:00Z" },
	};
	char text[UTC_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		utc_text(&(struct timespec){ .tv_sec = cases[i].t }, false, text);
		assert_string_equal(text, cases[i].text);
	}
	utc_text(&(struct timespec){ 1795532400, 5 }, true, text);
	assert_string_equal(text, "2026-11-24T15:00:00.000000005Z");
}

/* Against the C library, over four hundred years, in steps that hit every day of the year and second of the day. */
static void as_the_c_library(void **state)
{
	(void)state;
	for (time_t t = -6000000000; t < 8000000000; t += 86400 * 3 + 3671) {
		char ours[UTC_TEXT_MAX], theirs[UTC_TEXT_MAX];
		struct tm tm;

		utc_text(&(struct timespec){ .tv_sec = t }, false, ours);
		assert_non_null(gmtime_r(&t, &tm));
		strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm);
		assert_string_equal(ours, theirs);
	}
}

static void the_widest_fits(void **state)
{
	char text[UTC_TEXT_MAX];

	(void)state;
	utc_text(&(struct timespec){ INT64_MAX, 999999999 }, true, text);
	assert_string_equal(text, "292277026596-12-04T15:30:07.999999999Z");
	utc_text(&(struct timespec){ INT64_MIN, 0 }, false, text);
	assert_string_equal(text, "-292277022657-01-27T08:29:52Z");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(known_times),
	cmocka_unit_test(as_the_c_library),
	cmocka_unit_test(the_widest_fits),
};

UNIT_MAIN(tests)
