/* The default state root, and who may own the one below /tmp. */
#include <sys/stat.h>

#include "state/store.h"
#include "tests/unit/unit.h"

static char tmp_root[64];

static void follows_the_environment(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e;
	char *root;

	(void)state;
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_ok(state_root_default(a, false, &root, &e), &e);
	assert_string_equal(root, "/run/user/7/cloister");
	/* Root of the machine has one place, whatever its login session says. */
	assert_ok(state_root_default(a, true, &root, &e), &e);
	assert_string_equal(root, "/run/cloister");
	unsetenv("XDG_RUNTIME_DIR");
	assert_ok(state_root_default(a, true, &root, &e), &e);
	assert_string_equal(root, "/run/cloister");
}

static void below_tmp(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char text[512];
	struct stat st;
	struct err e;
	char *root;

	(void)state;
	snprintf(tmp_root, sizeof tmp_root, "/tmp/cloister-%u", (unsigned)geteuid());
	if (access(tmp_root, F_OK) == 0)
		skip();
	unsetenv("XDG_RUNTIME_DIR");
	assert_ok(state_root_default(a, false, &root, &e), &e);
	assert_string_equal(root, tmp_root);
	assert_int_equal(stat(tmp_root, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* Empty and relative values are as good as none. */
	setenv("XDG_RUNTIME_DIR", "", 1);
	assert_ok(state_root_default(a, false, &root, &e), &e);
	assert_string_equal(root, tmp_root);
	setenv("XDG_RUNTIME_DIR", "run", 1);
	assert_ok(state_root_default(a, false, &root, &e), &e);
	assert_string_equal(root, tmp_root);

	assert_int_equal(chmod(tmp_root, 0755), 0);
	snprintf(text, sizeof text,
		 "state root %s belongs to uid %u and has mode 0755, but must be ours with mode 0700: remove "
		 "it, or set XDG_RUNTIME_DIR or --root",
		 tmp_root, (unsigned)geteuid());
	assert_error(state_root_default(a, false, &root, &e), &e, EPERM, text);
	assert_int_equal(rmdir(tmp_root), 0);

	assert_int_equal(symlink("/usr", tmp_root), 0);
	snprintf(text, sizeof text, "open state root %s: not a directory", tmp_root);
	assert_error(state_root_default(a, false, &root, &e), &e, ENOTDIR, text);
	assert_int_equal(unlink(tmp_root), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(follows_the_environment),
	cmocka_unit_test(below_tmp),
};

UNIT_MAIN(tests)
