/* Priorities and the memory policy: who sets them, with which numbers, and which lists of nodes are wrong. */
#include "tests/unit/unit.h"

#include <sched.h>

#include "libocispec/field/read.h"
#include "plan/build.h"

static struct arena *arena;
static struct plan plan;
static struct plan_facts facts;
static struct plan_options options;
static struct build build;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	plan = (struct plan){ .arena = arena };
	facts = (struct plan_facts){ .last_cap = 40 };
	options = (struct plan_options){ .id = "x" };
	build = (struct build){ .plan = &plan, .facts = &facts, .options = &options };
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int plan_json(const char *process, const char *linux_part)
{
	char *json = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],"
				  "\"env\":[\"HOME=/\"]%s},\"linux\":{%s}}", process, linux_part);
	void *spec;

	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	build.spec = spec;
	plan.len = 0;
	plan.ops = NULL;
	return plan_process(&build, &err);
}

/* The lines of the printed plan with that operation, and the stage in front. */
static const char *lines(enum op_type type)
{
	struct str all = STR_INIT;
	struct plan one = plan;
	char *text;

	for (size_t i = 0; i < plan.len; i++) {
		if (plan.ops[i].type != type)
			continue;
		one.ops = &plan.ops[i];
		one.len = 1;
		plan_print(&one, &all);
	}
	text = arena_strdup(arena, str_text(&all));
	str_free(&all);
	/* without the line about the clone, which is in every plan */
	char *clone = strstr(text, "clone init:\n");
	if (clone)
		memmove(clone, clone + 12, strlen(clone + 12) + 1);
	return text;
}

#define SCHEDULER(text) ",\"scheduler\":{" text "}"
#define DEADLINE SCHEDULER("\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":2,\"period\":3," \
			   "\"flags\":[\"SCHED_FLAG_RECLAIM\",\"SCHED_FLAG_RESET_ON_FORK\"]")

static void numbers_of_the_kernel(void **state)
{
	(void)state;
	assert_ok(plan_json(DEADLINE ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\",\"priority\":4}", ""), &err);
	assert_string_equal(lines(OP_SCHEDULER), "start:\n  scheduler SCHED_DEADLINE nice=0 priority=0 runtime=1 "
			    "deadline=2 period=3 SCHED_FLAG_RECLAIM SCHED_FLAG_RESET_ON_FORK\n");
	assert_string_equal(lines(OP_IO_PRIORITY), "start:\n  io-priority IOPRIO_CLASS_IDLE 4\n");
	for (size_t i = 0; i < plan.len; i++) {
		const struct op *op = &plan.ops[i];

		if (op->type == OP_SCHEDULER) {
			assert_int_equal(op->scheduler.policy, 6);
			assert_int_equal(op->scheduler.flags, 1 | 2);
		}
		if (op->type == OP_IO_PRIORITY)
			assert_int_equal(op->io_priority.class, 3);
	}
}

static void the_runtime_where_it_may_more(void **state)
{
	static const char both[] = SCHEDULER("\"policy\":\"SCHED_OTHER\",\"nice\":-5")
		",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RT\",\"priority\":0}";

	const struct oci_id_mapping root = { .size = 1 };

	(void)state;
	build.uids = build.gids = (struct plan_id_map){ .ranges = &root, .len = 1 };
	/* unprivileged: nobody can do more than the process itself */
	build.new_ns = CLONE_NEWUSER;
	assert_ok(plan_json(both, ""), &err);
	assert_string_equal(lines(OP_SCHEDULER), "start:\n  scheduler SCHED_OTHER nice=-5 priority=0\n");
	facts.privileged = true;
	assert_ok(plan_json(both, ""), &err);
	assert_string_equal(lines(OP_SCHEDULER), "ready:\n  scheduler SCHED_OTHER nice=-5 priority=0\n");
	assert_string_equal(lines(OP_IO_PRIORITY), "ready:\n  io-priority IOPRIO_CLASS_RT 0\n");
	build.new_ns = 0;
	assert_ok(plan_json(both, ""), &err);
	assert_string_equal(lines(OP_SCHEDULER), "start:\n  scheduler SCHED_OTHER nice=-5 priority=0\n");
}

#define POLICY(mode, rest) "\"memoryPolicy\":{\"mode\":\"" mode "\"" rest "}"

static const struct op_memory_policy *policy(const char *linux_part)
{
	assert_ok(plan_json("", linux_part), &err);
	for (size_t i = 0; i < plan.len; i++)
		if (plan.ops[i].type == OP_MEMORY_POLICY)
			return plan.ops[i].memory_policy;
	fail_msg("no memory policy for %s", linux_part);
	return NULL;
}

static void nodes_and_modes(void **state)
{
	const struct op_memory_policy *m;

	(void)state;
	m = policy(POLICY("MPOL_INTERLEAVE", ",\"nodes\":\"1-3, 7,64,1023\",\"flags\":[\"MPOL_F_STATIC_NODES\"]"));
	assert_int_equal(m->mode, 3 | 1 << 15);
	assert_true(m->nodes[0] == 0x8e && m->nodes[1] == 1 && m->nodes[15] == UINT64_C(1) << 63 && m->nodes[2] == 0);
	assert_string_equal(lines(OP_MEMORY_POLICY),
			    "start:\n  memory-policy MPOL_INTERLEAVE \"1-3, 7,64,1023\" MPOL_F_STATIC_NODES\n");
	assert_int_equal(policy(POLICY("MPOL_BIND", ",\"nodes\":\"0\",\"flags\":[\"MPOL_F_RELATIVE_NODES\","
				"\"MPOL_F_NUMA_BALANCING\"]"))->mode, 2 | 1 << 14 | 1 << 13);
	assert_int_equal(policy(POLICY("MPOL_WEIGHTED_INTERLEAVE", ",\"nodes\":\"0\""))->mode, 6);
	assert_int_equal(policy(POLICY("MPOL_PREFERRED_MANY", ",\"nodes\":\"0\""))->mode, 5);
	m = policy(POLICY("MPOL_PREFERRED", ""));
	assert_int_equal(m->mode, 1);
	assert_false(m->has_nodes);
	assert_int_equal(policy(POLICY("MPOL_LOCAL", ",\"nodes\":\"\""))->mode, 4);
	assert_int_equal(policy(POLICY("MPOL_DEFAULT", ""))->mode, 0);
}

static void wrong_nodes(void **state)
{
	static const char *const lists[] = { "1-", "-1", "3-1", "1-2-3", "0,,x" };

	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		assert_error(plan_json("", arena_printf(arena, POLICY("MPOL_BIND", ",\"nodes\":\"%s\""), lists[i])),
			     &err, EINVAL,
			     arena_printf(arena, "linux.memoryPolicy.nodes: \"%s\" is not a list like 0-3,7",
					  lists[i]));
	assert_error(plan_json("", POLICY("MPOL_BIND", ",\"nodes\":\"0-1024\"")), &err, EINVAL,
		     "linux.memoryPolicy.nodes: \"0-1024\" names a node above 1023");
	assert_error(plan_json("", POLICY("MPOL_BIND", "")), &err, EINVAL,
		     "linux.memoryPolicy.nodes: is missing or empty, but MPOL_BIND needs a node");
	assert_error(plan_json("", POLICY("MPOL_LOCAL", ",\"nodes\":\"0\"")), &err, EINVAL,
		     "linux.memoryPolicy.nodes: MPOL_LOCAL takes no nodes");
}

/* config.md: "not applicable to the container's init process", so there is nothing to do and nothing to refuse. */
static void affinity_is_for_exec(void **state)
{
	struct str with = STR_INIT, without = STR_INIT;

	(void)state;
	assert_ok(plan_json("", ""), &err);
	plan_print(&plan, &without);
	assert_ok(plan_json(",\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"0\"}", ""), &err);
	plan_print(&plan, &with);
	assert_string_equal(str_text(&with), str_text(&without));
	str_free(&with);
	str_free(&without);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(numbers_of_the_kernel),
	TEST(the_runtime_where_it_may_more),
	TEST(nodes_and_modes),
	TEST(wrong_nodes),
	TEST(affinity_is_for_exec),
};

UNIT_MAIN(tests)
