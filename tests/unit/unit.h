/*
 * What every unit test begins with. A unit test never runs as root: what it tests may be one wrong call away from the
 * machine's own mounts. The runner has dropped to an ordinary user before.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define UNIT_MAIN(tests)                                                                     \
	int main(void)                                                                       \
	{                                                                                    \
		if (geteuid() == 0) {                                                        \
			fputs("a unit test does not run as root: use make check\n", stderr); \
			return 1;                                                            \
		}                                                                            \
		return cmocka_run_group_tests(tests, NULL, NULL);                            \
	}
