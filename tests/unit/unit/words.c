/* Words of unit files: quotes, escapes, and what is neither. */
#include "unit/words.h"

#include "tests/unit/arena.h"

enum { BOTH = UNIT_WORD_QUOTES | UNIT_WORD_ESCAPES };

/* The words in a row, each with < > around it. */
static const char *split(const char *text, const char *separators, unsigned rules)
{
	char **words, *all = arena_strdup(arena, "");
	size_t len;

	if (unit_split(arena, text, separators, rules, &words, &len, &err) < 0)
		return err.text;
	assert_null(words[len]);
	for (size_t i = 0; i < len; i++)
		all = arena_printf(arena, "%s<%s>", all, words[i]);
	return all;
}

static void words_and_blanks(void **state)
{
	(void)state;
	assert_string_equal(split("", " \t", BOTH), "");
	assert_string_equal(split(" \t ", " \t", BOTH), "");
	assert_string_equal(split("  one two\tthree ", " \t", BOTH), "<one><two><three>");
	assert_string_equal(split("a::b", ":", 0), "<a><b>");
}

static void quotes(void **state)
{
	(void)state;
	assert_string_equal(split("'one two' \"three 'four'\" five'six seven'", " ", BOTH),
			    "<one two><three 'four'><fivesix seven>");
	assert_string_equal(split("\"\" ''", " ", BOTH), "<><>");
	assert_string_equal(split("it's", " ", 0), "<it's>");
	assert_string_equal(split("say \"hello", " ", BOTH), "a quote (\") has no end");
	assert_string_equal(split("say 'hello\"", " ", BOTH), "a quote (') has no end");
}

static void escapes(void **state)
{
	(void)state;
	assert_string_equal(split("\\x41\\102\\n\\s\\\\\\\"\\' \\u00e9\\U0001F600\\u20ac", " ", BOTH),
			    "<AB\n \\\"'><\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac>");
	assert_string_equal(split("'a\\sb' \\a\\b\\f\\r\\t\\v", " ", BOTH), "<a b><\a\b\f\r\t\v>");
	/* no escapes: they stay, as systemd leaves them */
	assert_string_equal(split("\\d+ \\x4 \\x00 \\400 \\ud800 \\U00110000 \\", " ", BOTH),
			    "<\\d+><\\x4><\\x00><\\400><\\ud800><\\U00110000><\\>");
	/* where escapes have no meaning, a backslash still protects a blank, a quote and itself */
	assert_string_equal(split("a\\ b \\\"c \\\\n \\n \\", " ", UNIT_WORD_QUOTES), "<a b><\"c><\\n><n><\\>");
}

static void quoted_or_not(void **state)
{
	const char *text = "; \";\" ';'";
	char *word;
	bool quoted;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(unit_next_word(arena, &text, " ", BOTH, &word, &quoted, &err), 0);
		assert_string_equal(word, ";");
		assert_int_equal(quoted, i > 0);
	}
	assert_int_equal(unit_next_word(arena, &text, " ", BOTH, &word, &quoted, &err), 0);
	assert_null(word);
}

static const struct CMUnitTest tests[] = {
	TEST(words_and_blanks),
	TEST(quotes),
	TEST(escapes),
	TEST(quoted_or_not),
};

UNIT_MAIN(tests)
