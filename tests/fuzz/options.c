/* A command line, one word a line. */
#include "tests/fuzz/fuzz.h"

#include "cli/options.h"

struct got {
	bool force;
	const char *bundle;
	unsigned count;
	struct option_list list;
};

static const struct option_def defs[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct got, force), NULL, "a flag" },
	{ "bundle", 'b', OPTION_TEXT, offsetof(struct got, bundle), "DIR", "a text" },
	{ "count", 0, OPTION_COUNT, offsetof(struct got, count), "N", "a number" },
	{ "list", 'l', OPTION_LIST, offsetof(struct got, list), "WORD", "each counts" },
	{ 0 },
};

static void parse(const char *text, size_t stop_after)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char *copy = arena_strdup(a, text), *word, **argv = NULL, **slot;
	struct option_words words;
	struct got got = { 0 };
	struct err e = { 0 };
	size_t argc = 0;

	while ((word = strsep(&copy, "\n"))) {
		slot = arena_push(a, &argv, &argc, sizeof *slot);
		*slot = word;
	}
	slot = arena_push(a, &argv, &argc, sizeof *slot);
	*slot = NULL;
	if (!fuzz_succeeded(options_parse(a, defs, stop_after, argv, &got, &words, &e), &e))
		return;
	fuzz_check(words.len < argc && words.before_dashes <= words.len && !words.items[words.len]);
	fuzz_check(words.dashes || words.before_dashes == words.len);
	for (size_t i = 0; i < got.list.len; i++)
		fuzz_check(got.list.items[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, size);

	for (size_t stop_after = 0; stop_after < 3; stop_after++)
		parse(text, stop_after);
	return 0;
}
