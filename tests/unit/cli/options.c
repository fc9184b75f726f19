/* The forms in which options come, and the exact complaints. */
#include "cli/options.h"
#include "tests/unit/unit.h"

struct got {
	bool force;
	const char *bundle;
	unsigned fds;
	struct option_list env;
};

static const struct option_def defs[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct got, force), NULL, "do it anyway" },
	{ "bundle", 'b', OPTION_TEXT, offsetof(struct got, bundle), "DIR", "the bundle" },
	{ "preserve-fds", 0, OPTION_COUNT, offsetof(struct got, fds), "N", "pass N more" },
	{ "env", 0, OPTION_LIST, offsetof(struct got, env), "NAME=VALUE", "set a variable" },
	{ 0 },
};

static struct arena *arena;
static struct option_words words;
static char *argv_copy[32];

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* The command line is cut at blanks; '' stands for an empty word. */
static int parse_until(const char *line, size_t stop_after, struct got *got, struct err *e)
{
	char *copy = arena_strdup(arena, line), *word;
	size_t n = 0;

	*got = (struct got){ 0 };
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv_copy[n++] = strcmp(word, "''") == 0 ? word + 2 : word;
	argv_copy[n] = NULL;
	return options_parse(arena, defs, stop_after, argv_copy, got, &words, e);
}

static int parse(const char *line, struct got *got, struct err *e)
{
	return parse_until(line, 0, got, e);
}

static void assert_words(const char *expected)
{
	char joined[256] = "";

	for (size_t i = 0; i < words.len; i++) {
		strcat(joined, i ? " " : "");
		strcat(joined, words.items[i]);
	}
	assert_string_equal(joined, expected);
	assert_null(words.items[words.len]);
}

static void forms(void **state)
{
	static const char *const lines[] = {
		"--bundle /b --force id", "-bundle /b -force id", "--bundle=/b --force=true id", "-b /b -f id",
		"-b=/b -f=1 id", "--b /b --f id", "id --bundle /b --force", "-b /b id -f", "-f -b /x --bundle /b id",
	};
	struct got got;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_ok(parse(lines[i], &got, &e), &e);
		assert_true(got.force);
		assert_string_equal(got.bundle, "/b");
		assert_words("id");
	}
}

static void flags_have_values_too(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };
	char line[64];
	struct got got;
	struct err e;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		snprintf(line, sizeof line, "--force=%s", yes[i]);
		assert_ok(parse(line, &got, &e), &e);
		assert_true(got.force);
		snprintf(line, sizeof line, "--force --force=%s", no[i]);
		assert_ok(parse(line, &got, &e), &e);
		assert_false(got.force);
	}
	/* A flag never takes the next word. */
	assert_ok(parse("--force false", &got, &e), &e);
	assert_true(got.force);
	assert_words("false");
	assert_error(parse("--force=yes", &got, &e), &e, EINVAL, "option --force: 'yes' is neither true nor false");
	assert_error(parse("--force=", &got, &e), &e, EINVAL, "option --force: '' is neither true nor false");
}

static void values(void **state)
{
	struct got got;
	struct err e;

	(void)state;
	assert_ok(parse("--bundle= x", &got, &e), &e);
	assert_string_equal(got.bundle, "");
	assert_ok(parse("--bundle '' x", &got, &e), &e);
	assert_string_equal(got.bundle, "");
	assert_ok(parse("--bundle -x --bundle -", &got, &e), &e);
	assert_string_equal(got.bundle, "-");
	assert_ok(parse("--bundle -- x", &got, &e), &e);
	assert_string_equal(got.bundle, "--");
	assert_false(words.dashes);
	assert_ok(parse("--bundle=a=b", &got, &e), &e);
	assert_string_equal(got.bundle, "a=b");
	assert_ok(parse("--env A=1 x --env=B=", &got, &e), &e);
	assert_int_equal(got.env.len, 2);
	assert_string_equal(got.env.items[0], "A=1");
	assert_string_equal(got.env.items[1], "B=");
	assert_ok(parse("", &got, &e), &e);
	assert_null(got.bundle);
	assert_words("");
	assert_error(parse("x --bundle", &got, &e), &e, EINVAL, "option --bundle needs a value");
	assert_error(parse("x -b", &got, &e), &e, EINVAL, "option --bundle needs a value");
}

static void counts(void **state)
{
	struct got got;
	struct err e;

	(void)state;
	assert_ok(parse("--preserve-fds 0", &got, &e), &e);
	assert_int_equal(got.fds, 0);
	assert_ok(parse("--preserve-fds 2147483647", &got, &e), &e);
	assert_int_equal(got.fds, 2147483647);
	assert_error(parse("--preserve-fds 2147483648", &got, &e), &e, EINVAL,
		     "option --preserve-fds: '2147483648' is not a number from 0 to 2147483647");
	assert_error(parse("--preserve-fds -1", &got, &e), &e, EINVAL,
		     "option --preserve-fds: '-1' is not a number from 0 to 2147483647");
	assert_error(parse("--preserve-fds=", &got, &e), &e, EINVAL,
		     "option --preserve-fds: '' is not a number from 0 to 2147483647");
	assert_error(parse("--preserve-fds 3x", &got, &e), &e, EINVAL,
		     "option --preserve-fds: '3x' is not a number from 0 to 2147483647");
}

static void unknown_options(void **state)
{
	struct got got;
	struct err e;

	(void)state;
	assert_error(parse("--forc", &got, &e), &e, EINVAL, "unknown option --forc");
	assert_error(parse("--forced x", &got, &e), &e, EINVAL, "unknown option --forced");
	assert_error(parse("x -z=secret", &got, &e), &e, EINVAL, "unknown option -z");
	assert_error(parse("-fb /b", &got, &e), &e, EINVAL, "unknown option -fb");
	assert_error(parse("---force", &got, &e), &e, EINVAL, "unknown option ---force");
	assert_error(parse("--=x", &got, &e), &e, EINVAL, "unknown option --");
	assert_error(parse("-=x", &got, &e), &e, EINVAL, "unknown option -");
}

static void end_of_options(void **state)
{
	struct got got;
	struct err e;

	(void)state;
	assert_ok(parse("a -f b -- -b c -- d", &got, &e), &e);
	assert_true(got.force);
	assert_null(got.bundle);
	assert_true(words.dashes);
	assert_int_equal(words.before_dashes, 2);
	assert_words("a b -b c -- d");
	assert_ok(parse("a -", &got, &e), &e);
	assert_false(words.dashes);
	assert_int_equal(words.before_dashes, 2);
	assert_words("a -");
	assert_ok(parse("--", &got, &e), &e);
	assert_true(words.dashes);
	assert_words("");
}

static void stops_after_words(void **state)
{
	struct got got;
	struct err e;

	(void)state;
	assert_ok(parse_until("-b /b id sh -f -- --help", 1, &got, &e), &e);
	assert_false(got.force);
	assert_false(words.help);
	assert_string_equal(got.bundle, "/b");
	assert_words("id sh -f -- --help");
	assert_ok(parse_until("id -f sh -f", 2, &got, &e), &e);
	assert_true(got.force);
	assert_words("id sh -f");
}

static void help_needs_no_row(void **state)
{
	static const char *const lines[] = { "--help", "-help", "-h", "id --help", "-f --h" };
	struct got got;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_ok(parse(lines[i], &got, &e), &e);
		assert_true(words.help);
	}
	assert_ok(parse("--bundle --help -- -h", &got, &e), &e);
	assert_false(words.help);
}

static void help_text(void **state)
{
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	options_help(&out, defs);
	assert_string_equal(str_text(&out), "  -f, --force                     do it anyway\n"
					    "  -b, --bundle DIR                the bundle\n"
					    "  --preserve-fds N                pass N more\n"
					    "  --env NAME=VALUE                set a variable\n");
}

static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	TEST(forms),
	TEST(flags_have_values_too),
	TEST(values),
	TEST(counts),
	TEST(unknown_options),
	TEST(end_of_options),
	TEST(stops_after_words),
	TEST(help_needs_no_row),
	TEST(help_text),
};

UNIT_MAIN(tests)
