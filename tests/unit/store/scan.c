/* References found by looking: wherever a hash can hide, and nowhere else. */
#include "store/scan.h"

#include "fake.h"
#include "store/closure.h"

static void found(struct fake *f, const char *expected)
{
	struct store_paths list = { 0 };
	struct scan *scan;

	assert_ok(scan_open(f->arena, &f->store, &scan, &f->e), &f->e);
	assert_ok(scan_references(scan, f->arena, HELLO, &list, &f->e), &f->e);
	store_paths_sort(&list);
	assert_string_equal(fake_text(f, &list), expected);
}

static void begin(struct fake *f)
{
	fake_begin(f, STORE_NIX);
	fake_dir(f, HELLO);
	fake_file(f, GLIBC, "x", 0644);
	fake_link(f, BASH, "x");
	fake_dir(f, "/nix/store/.links");
	fake_file(f, "/nix/store/" B32 "-glibc.lock", "", 0644);
}

static void places(void **state)
{
	struct fake f;

	(void)state;
	begin(&f);
	found(&f, "");
	fake_link(&f, HELLO "/deep/er/link", "../" B32);
	found(&f, GLIBC "\n");
	fake_file(&f, HELLO "/share/" C32 ".txt", "", 0644);
	found(&f, GLIBC "\n" BASH "\n");
	fake_file(&f, HELLO "/lib/x", "\x7f" "ELF x" A32 "y", 0644);
	found(&f, HELLO "\n" GLIBC "\n" BASH "\n");
	/* Twice is once; a hash without a path, or of 31 characters, is nothing. */
	fake_file(&f, HELLO "/lib/y", A32 A32 " " F32 " ddddddddddddddddddddddddddddddd", 0644);
	found(&f, HELLO "\n" GLIBC "\n" BASH "\n");
	fake_end(&f);
}

/* Whatever the buffer's size, a hash on its edge is found: one at every offset around several edges. */
static void edges(void **state)
{
	enum { EDGE = 256 * 1024, SIZE = 3 * EDGE };
	char *bytes = malloc(SIZE);
	struct fake f;

	(void)state;
	begin(&f);
	for (long edge = EDGE; edge < SIZE; edge += EDGE - 31)
		for (long at = edge - 34; at < edge + 34 && at + 32 < SIZE; at++) {
			memset(bytes, '-', SIZE);
			memcpy(bytes + at, B32, 32);
			fake_bytes(&f, HELLO "/big", bytes, (size_t)at + 32, 0644);
			found(&f, GLIBC "\n");
		}
	free(bytes);
	fake_end(&f);
}

/* In a long run of base-32 characters the hash is at no special place. */
static void runs(void **state)
{
	struct fake f;

	(void)state;
	begin(&f);
	for (int before = 0; before < 70; before++) {
		char text[256] = "";

		for (int i = 0; i < before; i++)
			strcat(text, i % 2 ? "0" : "z");
		strcat(text, C32 "1zz0");
		fake_file(&f, HELLO "/run", text, 0644);
		found(&f, BASH "\n");
	}
	fake_end(&f);
}

static void closures(void **state)
{
	struct store_paths roots, closure;
	struct fake f;

	(void)state;
	begin(&f);
	fake_file(&f, HELLO "/bin/hello", GLIBC "/lib", 0755);
	fake_file(&f, GLIBC, "needs " C32, 0644);
	roots = fake_list(&f, HELLO);
	assert_ok(closure_from_scan(f.arena, &f.store, &roots, &closure, &f.e), &f.e);
	assert_string_equal(fake_text(&f, &closure), HELLO "\n" GLIBC "\n" BASH "\n");
	assert_ok(closure_check_present(&f.store, &closure, &f.e), &f.e);
	unlink(arena_printf(f.arena, "%s" BASH, f.root));
	assert_error(closure_check_present(&f.store, &closure, &f.e), &f.e, ENOENT,
		     arena_printf(f.arena, "store path %s" BASH " of the closure: no such file or directory", f.root));
	assert_int_equal(mkfifo(arena_printf(f.arena, "%s" BASH, f.root), 0644), 0);
	assert_error(closure_check_present(&f.store, &closure, &f.e), &f.e, EINVAL,
		     arena_printf(f.arena,
				  "store path %s" BASH " is neither a directory nor a file nor a symbolic link",
				  f.root));
	fake_end(&f);
}

static void errors(void **state)
{
	struct store_paths list = { 0 };
	struct scan *scan;
	struct fake f;

	(void)state;
	begin(&f);
	fake_file(&f, HELLO "/secret", "", 0);
	assert_int_equal(mkfifo(arena_printf(f.arena, "%s" HELLO "/fifo", f.root), 0644), 0);
	assert_ok(scan_open(f.arena, &f.store, &scan, &f.e), &f.e);
	assert_error(scan_references(scan, f.arena, HELLO, &list, &f.e), &f.e, EACCES,
		     "open 'secret' in " HELLO ": permission denied");
	fake_end(&f);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(places), cmocka_unit_test(edges), cmocka_unit_test(runs), cmocka_unit_test(closures),
	cmocka_unit_test(errors),
};
UNIT_MAIN(tests)
