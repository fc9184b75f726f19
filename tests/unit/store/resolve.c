/* What a person types, and where it leads. */
#include "store/resolve.h"

#include "fake.h"

static void check(struct fake *f, const char *typed, const char *path, const char *rest)
{
	struct store_ref ref;

	assert_ok(store_path_resolve(f->arena, &f->store, 1, typed, &ref, &f->e), &f->e);
	assert_string_equal(ref.path, path);
	assert_string_equal(ref.rest, rest);
}

static void names(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_file(&f, HELLO "/bin/hello", "", 0755);
	fake_link(&f, LINK, HELLO);
	check(&f, HELLO, HELLO, "");
	check(&f, HELLO "/", HELLO, "");
	check(&f, HELLO "//bin/./hello", HELLO, "/bin/hello");
	check(&f, "//nix/store/" A32 "-hello-2.12", HELLO, "");
	check(&f, arena_printf(f.arena, "%s" HELLO "/bin", f.root), HELLO, "/bin");
	check(&f, LINK, LINK, "");
	check(&f, LINK "/bin", LINK, "/bin");
	fake_end(&f);
}

static void links(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_file(&f, HELLO "/bin/hello", "", 0755);
	fake_link(&f, LINK, HELLO);
	fake_link(&f, "/home/result", HELLO);
	fake_link(&f, "/home/again", "result");
	fake_link(&f, "/home/up", "../home/./again/bin");
	fake_link(&f, "/home/to-link", LINK);
	/* A profile: its absolute links only exist below the root. */
	fake_link(&f, "/nix/var/nix/profiles/p", "p-1-link");
	fake_link(&f, "/nix/var/nix/profiles/p-1-link", HELLO);
	fake_link(&f, "/home/profile", "/nix/var/nix/profiles/p");
	check(&f, arena_printf(f.arena, "%s/home/result", f.root), HELLO, "");
	check(&f, arena_printf(f.arena, "%s/home/again/bin/hello", f.root), HELLO, "/bin/hello");
	check(&f, arena_printf(f.arena, "%s/home/up/hello", f.root), HELLO, "/bin/hello");
	check(&f, arena_printf(f.arena, "%s/home/to-link", f.root), LINK, "");
	check(&f, arena_printf(f.arena, "%s/home/profile", f.root), HELLO, "");
	assert_int_equal(chdir(arena_printf(f.arena, "%s/home", f.root)), 0);
	check(&f, "result", HELLO, "");
	check(&f, "./../home/result/", HELLO, "");
	assert_int_equal(chdir("/"), 0);
	fake_end(&f);
}

static void refused(struct fake *f, const char *typed, int number, const char *text)
{
	struct store_ref ref;

	assert_error(store_path_resolve(f->arena, &f->store, 1, typed, &ref, &f->e), &f->e, number, text);
}

static void errors(void **state)
{
	struct fake f;
	char *loop, *home;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_dir(&f, HELLO);
	fake_link(&f, "/home/loop", "loop");
	home = arena_printf(f.arena, "%s/home", f.root);
	loop = arena_printf(f.arena, "%s/loop", home);
	refused(&f, "", EINVAL, "an empty argument is not a store path");
	refused(&f, "/nix/store/foo", EINVAL,
		"/nix/store/foo is not a store path: /nix/store holds paths named HASH-NAME with a hash of 32 "
		"characters");
	refused(&f, HELLO "/../x", EINVAL, HELLO "/../x is not a store path: '..' leads out of " HELLO);
	refused(&f, GLIBC, ENOENT, arena_printf(f.arena, "store path %s" GLIBC ": no such file or directory", f.root));
	refused(&f, loop, ELOOP, arena_printf(f.arena, "follow %s: too many levels of symbolic links", loop));
	refused(&f, arena_printf(f.arena, "%s/no", home), ENOENT,
		arena_printf(f.arena, "%s/no: no such file or directory", home));
	refused(&f, home, EINVAL,
		arena_printf(f.arena, "%s is not a store path: %s is not below %s/nix/store", home, home, f.root));
	fake_end(&f);
}

/* The kind is found out, and a store that does not exist is told from a path that does not. */
static void locates(void **state)
{
	static const char guix_path[] = "/gnu/store/" A32 "-x";
	struct store s;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_GUIX);
	fake_dir(&f, guix_path);
	assert_ok(store_locate(f.arena, &(struct store_options){ .root = f.root }, guix_path, &s, &f.e), &f.e);
	assert_int_equal(s.kind, STORE_GUIX);
	assert_string_equal(s.dir, "/gnu/store");
	assert_string_equal(s.root, f.root);
	assert_string_equal(s.database, arena_printf(f.arena, "%s/var/guix/db/db.sqlite", f.root));
	assert_string_equal(store_kind_name(s.kind), "guix");
	assert_error(store_locate(f.arena, &(struct store_options){ .root = f.root }, HELLO, &s, &f.e), &f.e, ENOENT,
		     arena_printf(f.arena,
				  "store path " HELLO ": there is no store %s/nix/store: name a relocated one with "
				  "--store ROOT",
				  f.root));
	assert_error(store_locate(f.arena, &(struct store_options){ .root = "/no/such" }, HELLO, &s, &f.e), &f.e,
		     ENOENT, "open store root /no/such: no such file or directory");
	fake_end(&f);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(names), cmocka_unit_test(links), cmocka_unit_test(errors), cmocka_unit_test(locates),
};
UNIT_MAIN(tests)
