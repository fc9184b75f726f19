/* A text as a store path of Nix and of Guix. What is one is a plain file name below the store. */
#include "tests/fuzz/fuzz.h"

#include "store/path.h"

static void parse(struct arena *a, enum store_kind kind, const char *text)
{
	struct store_paths list = { 0 };
	struct store store;
	struct err e = { 0 };

	fuzz_check(store_describe(a, kind, NULL, &store, &e) == 0);
	size_t whole = store_path_len(&store, text), dir = strlen(store.dir);
	bool ok = fuzz_succeeded(store_paths_add(a, &list, &store, text, "fuzz", &e), &e);

	fuzz_check(ok == store_path_ok(&store, text) && list.len == ok);
	fuzz_check(ok ? whole == strlen(text) : whole == 0 || text[whole] == '/');
	if (!whole)
		return;
	fuzz_check(strncmp(text, store.dir, dir) == 0 && text[dir] == '/');
	fuzz_check(whole == dir + 1 + store_name_len(text + dir + 1));
	fuzz_check(whole - dir - 1 <= STORE_HASH_LEN + 1 + STORE_NAME_MAX);
	fuzz_check(!memchr(text + dir + 1, '/', whole - dir - 1) && text[dir + 1] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	const char *text = arena_strndup(a, (const char *)data, size);

	parse(a, STORE_NIX, text);
	parse(a, STORE_GUIX, text);
	return 0;
}
