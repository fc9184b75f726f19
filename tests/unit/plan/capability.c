/* Names and numbers of capabilities. */
#include "tests/unit/unit.h"

#include <linux/capability.h>

#include "plan/capability.h"

static void names_and_numbers(void **state)
{
	(void)state;
	assert_int_equal(capability_number("CAP_CHOWN"), CAP_CHOWN);
	assert_int_equal(capability_number("cap_sys_admin"), CAP_SYS_ADMIN);
	assert_int_equal(capability_number("CAP_CHECKPOINT_RESTORE"), 40);
	assert_int_equal(capability_number("CAP_"), -1);
	assert_int_equal(capability_number("CHOWN"), -1);
	assert_int_equal(capability_number(""), -1);
	assert_null(capability_name(CAPABILITY_COUNT));
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		assert_int_equal(capability_number(capability_name(i)), i);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(names_and_numbers) };

UNIT_MAIN(tests)
