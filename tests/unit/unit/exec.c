/* Command lines of services: prefixes, words, variables. */
#include "unit/exec.h"

#include "tests/unit/arena.h"

static const struct unit web = {
	.name = "web@a.service", .prefix = "web", .instance = "a", .path = "/lib/web@.service"
};
static const struct unit_host host = { .shell = "/bin/sh" };

/* For each command: its flags, its program, its arguments, each in < >. */
static const char *parse(const char *value)
{
	const struct unit_line line = { "Service", "ExecStart", value, "web.service", 7 };
	struct unit_command *commands = NULL;
	char *all = arena_strdup(arena, "");
	size_t len = 0;

	if (unit_commands_parse(arena, &web, &host, &line, &commands, &len, &err) < 0)
		return err.text;
	for (size_t i = 0; i < len; i++) {
		const struct unit_command *c = &commands[i];

		all = arena_printf(arena, "%s%s%s%s%s%s%s", all, i ? " ; " : "", c->ignore_failure ? "-" : "",
				   c->no_variables ? ":" : "", c->privileged ? "+" : "", c->keep_ids ? "!" : "",
				   c->path);
		assert_null(c->args[c->args_len]);
		for (size_t j = 0; j < c->args_len; j++)
			all = arena_printf(arena, "%s <%s>", all, c->args[j]);
	}
	return all;
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(parse("/bin/a b 'c d' \"e\\tf\" %i %%"), "/bin/a </bin/a> <b> <c d> <e\tf> <a> <%>");
	assert_string_equal(parse("name --x"), "name <name> <--x>");
	assert_string_equal(parse(""), "");
	assert_string_equal(parse("/bin/a ; /bin/b c ;"), "/bin/a </bin/a> ; /bin/b </bin/b> <c>");
	assert_string_equal(parse("/bin/a ';' \\; x;"), "/bin/a </bin/a> <;> <;> <x;>");
}

static void prefixes(void **state)
{
	(void)state;
	assert_string_equal(parse("-:+/bin/a"), "-:+/bin/a </bin/a>");
	assert_string_equal(parse("!-@/bin/a b c"), "-!/bin/a <b> <c>");
	/* no meaning on kernels with ambient capabilities */
	assert_string_equal(parse("!!/bin/a"), "/bin/a </bin/a>");
	assert_string_equal(parse("|echo  'a b' $X ; /bin/c"), "/bin/sh <sh> <-c> <echo a b $X> ; /bin/c </bin/c>");
	assert_string_equal(parse("@|"), "/bin/sh <-sh>");
	assert_string_equal(parse("--/bin/a"),
		"web.service:7: ExecStart: the prefixes of '--/bin/a' contradict each other, or come twice");
	assert_string_equal(parse("+!/bin/a"),
		"web.service:7: ExecStart: the prefixes of '+!/bin/a' contradict each other, or come twice");
	assert_string_equal(parse("!!!/bin/a"),
		"web.service:7: ExecStart: the prefixes of '!!!/bin/a' contradict each other, or come twice");
}

static void what_cannot_be_run(void **state)
{
	(void)state;
	assert_string_equal(parse("bin/a"), "web.service:7: ExecStart: the program 'bin/a' is neither an absolute path "
			    "nor a name without '/'");
	assert_string_equal(parse("/bin/"), "web.service:7: ExecStart: the program '/bin/' is a directory");
	assert_string_equal(parse("-"), "web.service:7: ExecStart: there is no program to run");
	assert_string_equal(parse("/bin/a ; ;"), "web.service:7: ExecStart: there is no program to run");
	assert_string_equal(parse("@/bin/a"),
		"web.service:7: ExecStart: after '@' the program's own name for itself must follow");
	assert_string_equal(parse("/bin/a 'b"), "web.service:7: ExecStart: a quote (') has no end");
	assert_string_equal(parse("/bin/%b"), "web.service:7: ExecStart: %b, the boot's id, is another one at each "
			    "boot: a bundle cannot hold it");
}

static const char *expand(const char *value)
{
	static char *const env[] = { "A=one two", "Q='x y' z", "E=", "A=three  four", "BAD='", NULL };
	const struct unit_line line = { "Service", "ExecStart", value, "web.service", 7 };
	struct unit_command *commands = NULL;
	char **args, *all = arena_strdup(arena, "");
	size_t len = 0;

	assert_ok(unit_commands_parse(arena, &web, &host, &line, &commands, &len, &err), &err);
	if (unit_command_expand(arena, commands, env, &args, &len, &err) < 0)
		return err.text;
	assert_null(args[len]);
	for (size_t i = 0; i < len; i++)
		all = arena_printf(arena, "%s<%s>", all, args[i]);
	return all;
}

static void variables(void **state)
{
	(void)state;
	assert_string_equal(expand("/a $A x$A ${A} y${A}z"), "</a><three><four><x$A><three  four><ythree  fourz>");
	assert_string_equal(expand("/a $Q $E $NONE ${NONE} ${E}"), "</a><x y><z><><>");
	assert_string_equal(expand("/a $$A $${A} $ ${A"), "</a><$A><${A}><$><${A>");
	assert_string_equal(expand(":/a $A ${A} $$"), "</a><$A><${A}><$$>");
	assert_string_equal(expand("/a $BAD"), "the value of the variable BAD: a quote (') has no end");
}

static const struct CMUnitTest tests[] = {
	TEST(words),
	TEST(prefixes),
	TEST(what_cannot_be_run),
	TEST(variables),
};

UNIT_MAIN(tests)
