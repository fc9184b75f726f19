/* A plan as text: a line is a line whatever the config holds, every operation has a name and a form of its own. */
#include "tests/unit/plan/text.h"

#include <sched.h>

static void every_operation_and_stage_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < OP_COUNT; i++) {
		assert_non_null(plan_op_name(i));
		for (int k = 0; k < i; k++)
			assert_string_not_equal(plan_op_name(i), plan_op_name(k));
	}
	for (int i = 0; i < STAGE_COUNT; i++)
		assert_non_null(plan_stage_name(i));
}

static void stages_are_in_the_order_of_time(void **state)
{
	struct plan p = { .arena = arena, .init_flags = CLONE_NEWNS | CLONE_NEWPID };
	static const enum plan_stage order[] = { STAGE_START, STAGE_READY, STAGE_CREATED, STAGE_HOOKS,
		STAGE_FOR_INIT, STAGE_INIT, STAGE_RUNTIME };

	(void)state;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		plan_add(&p, order[i], OP_LOOPBACK, NULL);
	plan_print(&p, &text);
	assert_string_equal(str_text(&text),
		"runtime:\n  loopback\n"
		"clone init: mount pid\n"
		"init:\n  loopback\n"
		"for-init:\n  loopback\n"
		"hooks:\n  loopback\n"
		"created:\n  loopback\n"
		"ready:\n  loopback\n"
		"start:\n  loopback\n");
}

static void a_line_stays_a_line(void **state)
{
	(void)state;
	assert_string_equal(only("hostname,mount", "init",
		CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'uts'}," USERNS "]," SELF_MAPS,
		"{'destination':'/a b\\n  mount tmpfs "
		"/evil','type':'tmpfs','source':'x','options':['mode=\\u0007\\u007f','a\\\\b\\'']}",
		",'hostname':''")),
		"hostname \"\"\n"
		"mount tmpfs \"/a b\\x0a  mount tmpfs /evil\" \"mode=\\x07\\x7f\" \"a\\\\b\\\"\"\n");
}

/* Whoever adds an operation need not look whether there was memory: the plan remembers. */
static void want_of_memory_is_reported_at_the_end(void **state)
{
	struct plan p = { .arena = arena, .len = (size_t)1 << 60 };

	(void)state;
	plan_add(&p, STAGE_INIT, OP_HOSTNAME, NULL)->text = "x";
	assert_true(p.failed);
	assert_int_equal(p.scratch.type, OP_HOSTNAME);

	assert_null(arena_array(arena, SIZE_MAX, 2));
	assert_error(build_plan(ROOTLESS("", "")), &err, ENOMEM, "out of memory");
}

static const struct CMUnitTest tests[] = {
	TEXT_TEST(every_operation_and_stage_has_a_name),
	TEXT_TEST(stages_are_in_the_order_of_time),
	TEXT_TEST(a_line_stays_a_line),
	TEXT_TEST(want_of_memory_is_reported_at_the_end),
};

UNIT_MAIN(tests)
