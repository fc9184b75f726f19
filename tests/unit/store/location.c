/* store/location: where files and references are, also with a store above another. */
#include "fake.h"

#include "store/closure.h"
#include "store/registry.h"

static void above(void **state)
{
	struct store_path_info info = { .path = (char *)BASH, .hash = { .algorithm = HASH_SHA256 } };
	struct store_paths closure;
	struct registry *g;
	struct store folder;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fake_file(&f, HELLO, "below", 0644);
	fake_file(&f, GLIBC, "below", 0644);
	fake_valid(&f, HELLO);
	fake_valid(&f, GLIBC);
	fake_reference(&f, HELLO, GLIBC);
	assert_ok(store_describe_folder(f.arena, STORE_NIX, arena_printf(f.arena, "%s/out", f.root), &folder, &f.e),
		  &f.e);
	assert_string_equal(store_physical(f.arena, &folder, HELLO),
			    arena_printf(f.arena, "%s/out%s", f.root, strrchr(HELLO, '/')));
	assert_ok(registry_open(f.arena, &folder, &g, &f.e), &f.e);
	assert_ok(registry_add(g, &info, 1, &f.e), &f.e);
	registry_close(g);
	fake_file(&f, arena_printf(f.arena, "/out%s", strrchr(BASH, '/')), "above", 0644);

	struct store_paths roots = fake_list(&f, BASH);
	assert_ok(store_paths_add(f.arena, &roots, &f.store, HELLO, "", &f.e), &f.e);
	assert_int_equal(closure_from_database(f.arena, &f.store, &roots, &closure, &f.e), -ENOENT);
	f.store.above = &folder;
	assert_ok(closure_from_database(f.arena, &f.store, &roots, &closure, &f.e), &f.e);
	assert_string_equal(fake_text(&f, &closure), HELLO "\n" GLIBC "\n" BASH "\n");
	assert_ok(closure_check_present(&f.store, &closure, &f.e), &f.e);
	assert_string_equal(store_physical(f.arena, &f.store, BASH),
			    arena_printf(f.arena, "%s/out%s", f.root, strrchr(BASH, '/')));
	assert_string_equal(store_physical(f.arena, &f.store, HELLO), arena_printf(f.arena, "%s%s", f.root, HELLO));
	assert_string_equal(store_physical(f.arena, &f.store, HELLO "/bin/x"),
			    arena_printf(f.arena, "%s%s/bin/x", f.root, HELLO));
	/* of another store below the same root */
	assert_string_equal(store_physical(f.arena, &f.store, "/gnu/store/x"),
			    arena_printf(f.arena, "%s/gnu/store/x", f.root));
	fake_end(&f);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(above) };
UNIT_MAIN(tests)
