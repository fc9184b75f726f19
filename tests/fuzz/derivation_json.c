/*
 * nix derivation show. What is accepted can be written as a .drv file, which is read again; and as JSON of each version
 * that has its hashes, which is read as the same derivation.
 */
#include "tests/fuzz/fuzz.h"

#include "derivation/aterm.h"
#include "derivation/show.h"

static void check_aterm(struct arena *a, const struct store *s, const struct derivation *d, struct str *ret)
{
	_cleanup_str_ struct str again = STR_INIT;
	struct derivation second;
	struct err e = { 0 };

	aterm_write(d, ret);
	fuzz_check(aterm_read(a, s, "again", d->name, str_text(ret), ret->len, &second, &e) == 0);
	aterm_write(&second, &again);
	fuzz_check(strcmp(str_text(ret), str_text(&again)) == 0);
}

static void check_json(struct arena *a, const struct store *s, struct drv_shown *shown, const char *aterm, int version)
{
	_cleanup_str_ struct str json = STR_INIT, text = STR_INIT;
	struct drv_shown *list;
	struct err e = { 0 };
	size_t n;

	if (!shown->path)
		shown->path = arena_printf(a, "%s/00000000000000000000000000000000-x.drv", s->dir);
	if (!fuzz_succeeded(drv_show_write(a, s, shown, 1, version, &json, &e), &e))
		return;
	/* Another path than version 4 says by itself is not kept. */
	if (!fuzz_succeeded(drv_show_read(a, s, "again", str_text(&json), json.len, &list, &n, &e), &e))
		fuzz_check(!"what was written is read again");
	fuzz_check(n == 1);
	aterm_write(&list[0].drv, &text);
	fuzz_check(strcmp(str_text(&text), aterm) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct drv_shown *list;
	struct store store;
	struct err e = { 0 };
	size_t n;

	fuzz_check(store_describe(a, STORE_NIX, NULL, &store, &e) == 0);
	if (!fuzz_succeeded(drv_show_read(a, &store, "x.json", (const char *)data, size, &list, &n, &e), &e))
		return 0;
	for (size_t i = 0; i < n; i++) {
		_cleanup_str_ struct str text = STR_INIT;

		check_aterm(a, &store, &list[i].drv, &text);
		check_json(a, &store, &list[i], str_text(&text), 3);
		check_json(a, &store, &list[i], str_text(&text), 4);
	}
	return 0;
}
