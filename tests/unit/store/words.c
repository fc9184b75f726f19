/* What somebody may name who is not trusted, and what he then gets. */
#include "store/words.h"

#include "fake.h"

static struct fake f;

static int words_of(const char *const *words, size_t len, struct store_paths *ret)
{
	*ret = (struct store_paths){ 0 };
	return closure_from_words(f.arena, f.root, words, len, ret, &f.e);
}

static const char *closure_of(const char *one, const char *two)
{
	const char *const words[] = { one, two };
	struct store_paths closure;

	assert_ok(words_of(words, two ? 2 : 1, &closure), &f.e);
	return fake_text(&f, &closure);
}

#define refused(word, number, message)                                                                \
	do {                                                                                          \
		const char *const words_[] = { word };                                                \
		struct store_paths closure_;                                                          \
		assert_error(words_of(words_, 1, &closure_), &f.e, number, message);                  \
	} while (0)

static int set_up(void **state)
{
	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fake_dir(&f, HELLO "/bin");
	fake_dir(&f, GLIBC);
	fake_file(&f, BASH, "x", 0444);
	fake_link(&f, LINK, "/etc/shadow");
	fake_dir(&f, OTHER);
	for (size_t i = 0; i < 4; i++)
		fake_valid(&f, (const char *const[]){ HELLO, GLIBC, BASH, LINK }[i]);
	fake_reference(&f, HELLO, GLIBC);
	fake_reference(&f, HELLO, LINK);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_end(&f);
	return 0;
}

static void store_paths_have_closures(void **state)
{
	(void)state;
	assert_string_equal(closure_of(GLIBC, NULL), GLIBC "\n");
	assert_string_equal(closure_of(HELLO, GLIBC), HELLO "\n" GLIBC "\n" LINK "\n");
	assert_string_equal(closure_of(BASH, HELLO), HELLO "\n" GLIBC "\n" BASH "\n" LINK "\n");
	/* there, but not finished: no valid path */
	refused(OTHER, ENOENT, arena_printf(f.arena, "store path " OTHER " is not valid: the store database %s does "
		"not "
		"list it", f.store.database));
}

static void lists(void **state)
{
	const char *list = arena_printf(f.arena, "%s/list", f.root), *info = arena_printf(f.arena, "%s/info", f.root);

	(void)state;
	fake_file(&f, "/list", BASH "\n" GLIBC "\n", 0644);
	assert_string_equal(closure_of(list, NULL), GLIBC "\n" BASH "\n");
	assert_string_equal(closure_of(list, HELLO), HELLO "\n" GLIBC "\n" BASH "\n" LINK "\n");
	fake_file(&f, "/info/store-paths", GLIBC "\n", 0644);
	refused(info, EINVAL, arena_printf(f.arena, "%s is neither a store path below /nix/store or /gnu/store, nor "
		"a list "
		"of them, nor a closureInfo directory", info));
	fake_file(&f, "/info/registration", "", 0644);
	assert_string_equal(closure_of(info, NULL), GLIBC "\n");
	/* in the store */
	fake_file(&f, OTHER "/list", GLIBC "\n", 0444);
	assert_string_equal(closure_of(OTHER "/list", NULL), GLIBC "\n");
	fake_file(&f, OTHER "/registration", "", 0444);
	fake_file(&f, OTHER "/store-paths", BASH "\n", 0444);
	assert_string_equal(closure_of(OTHER, NULL), BASH "\n");
}

static void a_list_in_the_store_stays_there(void **state)
{
	(void)state;
	fake_link(&f, OTHER "/list", "/etc/passwd");
	refused(OTHER "/list", EINVAL, arena_printf(f.arena, "%s" OTHER "/list leads out of the store, to /etc/passwd",
		f.root));
	fake_file(&f, OTHER "/private", GLIBC "\n", 0400);
	refused(OTHER "/private", EACCES, arena_printf(f.arena, "%s" OTHER "/private is not readable for "
		"everybody", f.root));
}

static void what_is_listed_is_checked(void **state)
{
	const char *list = arena_printf(f.arena, "%s/list", f.root);

	(void)state;
	fake_file(&f, "/list", GLIBC "\n/etc/passwd\n", 0644);
	refused(list, EINVAL, arena_printf(f.arena, "%s: line 2: expected a store path of this store", list));
	fake_file(&f, "/list", GLIBC "/../../../etc\n", 0644);
	refused(list, EINVAL, arena_printf(f.arena, "%s: line 1: expected a store path of this store", list));
	fake_file(&f, "/list", GLIBC "x\n", 0644);
	refused(list, ENOENT, arena_printf(f.arena, "store path %s" GLIBC "x of the closure: no such file or directory",
		f.root));
	/* a build's directory */
	fake_file(&f, "/list", OTHER "\n", 0644);
	assert_int_equal(chmod(arena_printf(f.arena, "%s" OTHER, f.root), 0750), 0);
	refused(list, EACCES, arena_printf(f.arena, "store path %s" OTHER " is not readable for everybody", f.root));
}

static void other_words(void **state)
{
	(void)state;
	refused("hello", EINVAL, "'hello' is not an absolute path without '.', '..' or '//'");
	refused(HELLO "/../x", EINVAL, "'" HELLO "/../x' is not an absolute path without '.', '..' or '//'");
	refused("//nix/store", EINVAL, "'//nix/store' is not an absolute path without '.', '..' or '//'");
	refused(HELLO "/", EINVAL, "'" HELLO "/' is not an absolute path without '.', '..' or '//'");
	refused("/nix/store/hello", EINVAL, "'/nix/store/hello' is not a store path: /nix/store holds paths named "
		"HASH-NAME with a hash of 32 characters");
	refused("/nix/store", EINVAL, "'/nix/store' is not a store path: /nix/store holds paths named HASH-NAME with a "
		"hash of 32 characters");
	refused("/etc", EINVAL, "/etc is neither a store path below /nix/store or /gnu/store, nor a list of them, "
		"nor a "
		"closureInfo directory");
	refused("/dev/null", EINVAL, "/dev/null is neither a store path below /nix/store or /gnu/store, nor a list "
		"of them, "
		"nor a closureInfo directory");
	refused("/gnu/store/" A32 "-x", ENOENT, arena_printf(f.arena, "the closure of /gnu/store/" A32 "-x is not "
		"known, "
		"because its store has no database %s/var/guix/db/db.sqlite: name a closureInfo directory or a list "
		"of the "
		"paths", f.root));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(store_paths_have_closures), TEST(lists), TEST(a_list_in_the_store_stays_there),
		TEST(what_is_listed_is_checked),
	TEST(other_words),
};

UNIT_MAIN(tests)
