/* Times as Go takes them. */
#include "cli/duration.h"
#include "tests/unit/unit.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		unsigned ms;
	} right[] = {
		{ "5s", 5000 },     { "250ms", 250 },      { "1m30s", 90000 }, { "1.5h", 5400000 },
		{ "0h1s", 1000 },   { "1us", 1 },          { "2ns", 1 },       { "1.2s300ms", 1500 },
		{ "1000h", 3600000000 }, { "1s500us", 1001 }, { "1.s", 1000 },  { ".5s", 500 },
	};
	static const char *const wrong[] = { "", "5", "s", "-1s", "0s", "0", "1x", "1 s", "5ss", ".s", "1e3s", "0x1s",
					     "1s ", "2000h", "s5", "infs", "99999999999999999999999999s" };
	unsigned ms;

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		if (duration_parse(right[i].text, &ms) < 0 || ms != right[i].ms)
			fail_msg("%s is %u", right[i].text, ms);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (duration_parse(wrong[i], &ms) != -EINVAL)
			fail_msg("'%s' is taken for %u", wrong[i], ms);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(durations) };

UNIT_MAIN(tests)
