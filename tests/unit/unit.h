/*
 * What every unit test begins with. A unit test never runs as root: what it tests may be one wrong call away from the
 * machine's own mounts. The runner has dropped to an ordinary user before.
 */
#pragma once

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"

#define UNIT_MAIN(tests)                                                                     \
	int main(void)                                                                       \
	{                                                                                    \
		if (geteuid() == 0) {                                                        \
			fputs("a unit test does not run as root: use make check\n", stderr); \
			return 1;                                                            \
		}                                                                            \
		return cmocka_run_group_tests(tests, NULL, NULL);                            \
	}

/* A call fails with that number and exactly that text. */
#define assert_error(call, e, number, message) \
	do { \
		*(e) = (struct err){ 0 }; \
		assert_int_equal((call), -(number)); \
		assert_string_equal((e)->text, (message)); \
		assert_int_equal((e)->num, (number)); \
	} while (0)

/* A call succeeds; otherwise its message is shown. */
#define assert_ok(call, e) \
	do { \
		if ((call) < 0) \
			fail_msg("%s", (e)->text); \
	} while (0)

/* A new, empty directory; the path is static and is good until the next call. */
static inline const char *unit_temp_dir(void)
{
	static char path[4096];
	const char *base = getenv("TMPDIR");

	snprintf(path, sizeof path, "%s/unit-XXXXXX", base && *base ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	return path;
}

static inline int unit_remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

/* Removes a tree that a test has made. */
static inline void unit_remove_tree(const char *path)
{
	if (access(path, F_OK) == 0)
		assert_int_equal(nftw(path, unit_remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}
