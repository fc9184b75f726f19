/* Usage and help, as they come out of a command's table. */
#include "cli/cli.h"
#include "tests/unit/unit.h"

struct options {
	bool all;
};

static const struct option_def defs[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct options, all), NULL, "all of them" },
	{ 0 },
};

static const struct cli_command stop = {
	.name = "stop", .words = "CONTAINER [SIGNAL]", .help = "ends a container", .details = "At once.\n",
	.options = defs, .options_size = sizeof(struct options),
}, count = { .name = "count", .words = "", .help = "counts the containers" };

/* These two are in main.c, which no unit test is linked with. */
const struct cli_command *const cli_commands[] = { &stop, &count, NULL };
const struct option_def cli_global_options[] = { { "root", 0, OPTION_TEXT, 0, "DIR", "where it is kept" }, { 0 } };

static void usage_lines(void **state)
{
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	cli_usage_line(&out, &stop);
	cli_usage_line(&out, &count);
	cli_usage_line(&out, NULL);
	assert_string_equal(str_text(&out), "usage: cloister [GLOBAL OPTIONS] stop [OPTIONS] CONTAINER [SIGNAL]\n"
					    "usage: cloister [GLOBAL OPTIONS] count\n"
					    "usage: cloister [GLOBAL OPTIONS] COMMAND [OPTIONS] [WORDS]\n");
}

static void help_of_a_command(void **state)
{
	_cleanup_str_ struct str with = STR_INIT, without = STR_INIT;

	(void)state;
	cli_help(&with, &stop);
	assert_string_equal(str_text(&with), "usage: cloister [GLOBAL OPTIONS] stop [OPTIONS] CONTAINER [SIGNAL]\n"
					     "\n"
					     "Ends a container.\n"
					     "\n"
					     "At once.\n"
					     "\n"
					     "options:\n"
					     "  -a, --all                       all of them\n");
	cli_help(&without, &count);
	assert_string_equal(str_text(&without), "usage: cloister [GLOBAL OPTIONS] count\n\nCounts the containers.\n");
}

static void help_of_the_program(void **state)
{
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	cli_help(&out, NULL);
	assert_non_null(strstr(str_text(&out), "\ncommands:\n"
					       "  stop        ends a container\n"
					       "  count       counts the containers\n"
					       "  help        shows this text, or the help of a command\n"));
	assert_non_null(strstr(str_text(&out), "global options, before the command:\n"
					       "  --root DIR                      where it is kept\n"));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(usage_lines),
	cmocka_unit_test(help_of_a_command),
	cmocka_unit_test(help_of_the_program),
};

UNIT_MAIN(tests)
