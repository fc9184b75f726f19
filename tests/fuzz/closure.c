/* What run.cloister.closure may say, and after a NUL what the helper may answer: neither becomes a path unchecked. */
#include "tests/fuzz/fuzz.h"

#include "plan/closure.h"

static char closure_name[] = "run.cloister.closure", path_name[] = "run.cloister.path", append[] = "append";

static void check_words(struct arena *a, char *text)
{
	char *keys[] = { closure_name, path_name }, *values[] = { text, append }, **words;
	struct oci_string_map notes = { .keys = keys, .values = values, .len = 2 };
	struct oci_spec spec = { .annotations = &notes };
	struct err e = { 0 };

	if (!fuzz_succeeded(plan_closure_words(a, &spec, &words, &e), &e))
		return;
	fuzz_check(words && words[0] && strlen(text) <= CLOSURE_TEXT_MAX);
	for (; *words; words++)
		fuzz_check(**words == '/' && !strpbrk(*words, " ,\n\t\033"));
}

static void check_answer(struct arena *a, char *text)
{
	struct plan_closure closure = { .root = "" };
	struct err e = { 0 };

	if (!fuzz_succeeded(plan_closure_parse(a, text, &closure, &e), &e))
		return;
	fuzz_check(closure.len > 0);
	for (size_t i = 0; i < closure.len; i++) {
		const char *path = closure.paths[i].path;

		fuzz_check(str_has_prefix(path, "/nix/store/") || str_has_prefix(path, "/gnu/store/"));
		fuzz_check(!strchr(path + strlen("/nix/store/"), '/') && path[strlen("/nix/store/")] != '.');
		fuzz_check(i == 0 || strcmp(closure.paths[i - 1].path, path) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char *text = arena_strndup(a, (const char *)data, size);
	size_t len = strlen(text);

	check_words(a, text);
	if (len < size)
		check_answer(a, arena_strndup(a, (const char *)data + len + 1, size - len - 1));
	return 0;
}
