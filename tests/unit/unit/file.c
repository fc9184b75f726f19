/* Unit files: sections, assignments, lines that go on, and what is no unit file. */
#include "unit/file.h"

#include "tests/unit/arena.h"

/* Each assignment as LINE:SECTION.KEY=<VALUE> */
static const char *parse_bytes(const char *text, size_t len)
{
	struct unit_lines lines = { 0 };
	char *all = arena_strdup(arena, "");

	if (unit_file_parse(arena, "x.service", text, len, &lines, &err) < 0)
		return err.text;
	for (size_t i = 0; i < lines.len; i++) {
		const struct unit_line *l = &lines.items[i];

		assert_string_equal(l->file, "x.service");
		all = arena_printf(arena, "%s%u:%s.%s=<%s> ", all, l->line, l->section, l->key, l->value);
	}
	return all;
}

static const char *parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static void sections_and_assignments(void **state)
{
	(void)state;
	assert_string_equal(parse(""), "");
	assert_string_equal(parse("[Unit]\nDescription = a = b \n\n[Service]\n  ExecStart=/bin/x  \r\nExecStart="),
			    "2:Unit.Description=<a = b> 5:Service.ExecStart=</bin/x> 6:Service.ExecStart=<> ");
	assert_string_equal(parse("\xef\xbb\xbf[A]\nB=c"), "2:A.B=<c> ");
	assert_string_equal(parse("# a=b\n ; [x]\n[A]\n\t#\nB=c # d\n"), "5:A.B=<c # d> ");
}

static void lines_that_go_on(void **state)
{
	(void)state;
	assert_string_equal(parse("[A]\nB=one\\\ntwo\\\n  three\nC=d\n"), "2:A.B=<one two   three> 5:A.C=<d> ");
	/* comments between them are passed over, and their backslashes mean nothing */
	assert_string_equal(parse("[A]\nB=one\\\n# no\\\n  ; no\ntwo\n"), "2:A.B=<one two> ");
	/* an escaped backslash ends nothing; an empty line ends what goes on */
	assert_string_equal(parse("[A]\nB=one\\\\\nC=two\\\n\nD=e\n"), "2:A.B=<one\\\\> 3:A.C=<two> 5:A.D=<e> ");
	/* nothing left to go on with */
	assert_string_equal(parse("[A]\nB=one\\"), "2:A.B=<one> ");
	assert_string_equal(parse("[A]\nB=one\\\n# end"), "2:A.B=<one> ");
	/* what looks like an assignment is a part of the value */
	assert_string_equal(parse("[A]\nB=one\\\nC=two\n"), "2:A.B=<one C=two> ");
}

static void no_unit_files(void **state)
{
	(void)state;
	assert_string_equal(parse("[A]\nB\n"),
			    "x.service:2: neither a section nor an assignment: '=' is missing");
	assert_string_equal(parse("[A]\n=b\n"), "x.service:2: there is no name before '='");
	assert_string_equal(parse("\nA=b\n"), "x.service:2: an assignment before the first section");
	assert_string_equal(parse("[A\n"), "x.service:1: the section's name has no ']' at its end");
	assert_string_equal(parse("[]\n"), "x.service:1: the section has no name");
	assert_string_equal(parse_bytes("[A]\nB=\0\n", 8), "x.service:2: a NUL byte: this is no unit file");
	assert_string_equal(parse("[A]\nB=\xff\n"), "x.service: the file is not UTF-8");
}

/* A file of `before`, n times `c`, and `after`. */
static const char *parse_long(const char *before, char c, size_t n, const char *after)
{
	size_t len = strlen(before);
	char *text = arena_alloc(arena, len + n + strlen(after) + 1);

	strcpy(text, before);
	memset(text + len, c, n);
	strcpy(text + len + n, after);
	return parse(text);
}

static void limits(void **state)
{
	struct unit_lines lines = { 0 };

	(void)state;
	assert_null(strstr(parse_long("[A]\nB=", 'x', UNIT_LINE_MAX - 2, "\n"), "longer"));
	assert_string_equal(parse_long("[A]\nB=", 'x', UNIT_LINE_MAX - 1, "\n"),
			    "x.service:2: the line is longer than 1048576 bytes");
	assert_string_equal(parse_long("[A]\nB=\\\n", 'x', UNIT_LINE_MAX - 2, "\n"),
			    "x.service:2: the line is longer than 1048576 bytes");
	assert_string_equal(parse_long("", '\n', UNIT_FILE_MAX + 1, ""),
			    "x.service: the file is larger than 4194304 bytes");
	lines.len = UNIT_LINES_MAX;
	assert_error(unit_file_parse(arena, "x", "[A]\nB=c", 7, &lines, &err), &err, E2BIG,
		     "x:2: the unit has more than 100000 assignments");
}

static const struct CMUnitTest tests[] = {
	TEST(sections_and_assignments),
	TEST(lines_that_go_on),
	TEST(no_unit_files),
	TEST(limits),
};

UNIT_MAIN(tests)
