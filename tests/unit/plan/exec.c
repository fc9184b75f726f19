/* The plan of exec: nothing with more rights than the config's comes into the container's sight. */
#include "tests/unit/unit.h"

#include <sched.h>

#include "libocispec/field/read.h"
#include "plan/plan.h"

static struct arena *arena;
static struct plan plan;
static struct plan_facts facts;
static struct plan_options options;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	facts = (struct plan_facts){
		.bounding = UINT64_MAX,
		.last_cap = 40,
		.entered = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID,
		.root_mapped = true,
	};
	options = (struct plan_options){ .id = "x" };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int build(const char *json)
{
	void *spec;

	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	return plan_build_exec(arena, spec, &facts, &options, &plan, &err);
}

#define CONFIG(process, rest)                                                                                          \
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"],\"env\":[\"HOME=/\"]" process "}" rest \
	"}"
#define NNP ",\"noNewPrivileges\":true"
#define FILTER ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}"

static const char *order(void)
{
	static struct str text;

	str_free(&text);
	for (enum plan_stage stage = 0; stage < STAGE_COUNT; stage++) {
		bool any = false;

		for (size_t i = 0; i < plan.len; i++) {
			if (plan.ops[i].stage != stage)
				continue;
			if (!any)
				str_addf(&text, "%s: ", plan_stage_name(stage));
			any = true;
			str_addf(&text, "%s ", plan_op_name(plan.ops[i].type));
		}
	}
	return str_text(&text);
}

static void the_shortest_plan(void **state)
{
	(void)state;
	assert_ok(build(CONFIG("", "")), &err);
	assert_string_equal(order(), "outer: enter set-ids "
			    "start: close-fds bounding user cwd find-exec capabilities fork session exec ");
}

static void the_filter_needs_no_privilege_after_the_fork(void **state)
{
	(void)state;
	assert_ok(build(CONFIG(NNP, FILTER)), &err);
	assert_string_equal(
		order(),
		"runtime: seccomp-build outer: enter set-ids "
		"start: close-fds bounding user cwd find-exec capabilities no-new-privs fork session seccomp exec ");
	assert_ok(build(CONFIG("", FILTER)), &err);
	assert_string_equal(order(), "runtime: seccomp-build outer: enter set-ids "
			    "start: close-fds bounding user cwd find-exec seccomp capabilities fork session exec ");
}

static void what_needs_the_callers_rights_comes_before_entering(void **state)
{
	(void)state;
	options.new_keyring = true;
	facts.privileged = true;
	assert_ok(build(CONFIG(",\"oomScoreAdj\":-5,\"terminal\":true,\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\"},"
			       "\"scheduler\":{\"policy\":\"SCHED_BATCH\"},"
			       "\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1-3\"}", "")), &err);
	assert_string_equal(order(), "runtime: cpu-affinity "
			    "outer: io-priority scheduler cpu-affinity oom-score enter set-ids keyring console "
			    "start: close-fds bounding user cwd find-exec capabilities fork session exec ");
}

static const struct op *find(enum op_type type, enum plan_stage stage)
{
	for (size_t i = 0; i < plan.len; i++)
		if (plan.ops[i].type == type && plan.ops[i].stage == stage)
			return &plan.ops[i];
	fail_msg("no %s in the plan", plan_op_name(type));
	return NULL;
}

static void only_what_differs_is_entered(void **state)
{
	(void)state;
	assert_ok(build(CONFIG("", "")), &err);
	assert_int_equal(find(OP_ENTER, STAGE_OUTER)->enter, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
	/* without a pid namespace of its own there is nobody to hide from */
	facts.entered = CLONE_NEWNS;
	assert_ok(build(CONFIG("", "")), &err);
	assert_string_equal(order(), "outer: enter "
			    "start: close-fds bounding user cwd find-exec capabilities session exec ");
	/* a user namespace without root */
	facts.entered = CLONE_NEWNS | CLONE_NEWUSER;
	facts.root_mapped = false;
	assert_ok(build(CONFIG("", "")), &err);
	assert_string_equal(order(), "outer: enter "
			    "start: close-fds bounding user cwd find-exec capabilities session exec ");
}

static void processors(void **state)
{
	const struct op_cpu_affinity *cpus;

	(void)state;
	assert_ok(build(CONFIG(",\"execCPUAffinity\":{\"initial\":\"0,2-3\"}", "")), &err);
	cpus = find(OP_CPU_AFFINITY, STAGE_RUNTIME)->cpus;
	assert_int_equal(cpus->cpus[0], 0xd);
	/* the first does not last */
	cpus = find(OP_CPU_AFFINITY, STAGE_OUTER)->cpus;
	assert_true(cpus->cpus[0] == UINT64_MAX && cpus->cpus[PLAN_CPUS / 64 - 1] == UINT64_MAX);
	assert_ok(build(CONFIG(",\"execCPUAffinity\":{\"final\":\"64\"}", "")), &err);
	cpus = find(OP_CPU_AFFINITY, STAGE_OUTER)->cpus;
	assert_true(cpus->cpus[0] == 0 && cpus->cpus[1] == 1);
	assert_error(build(CONFIG(",\"execCPUAffinity\":{\"final\":\"8192\"}", "")), &err, EINVAL,
		     "process.execCPUAffinity.final: \"8192\" names a processor above 8191");
	assert_error(build(CONFIG(",\"execCPUAffinity\":{\"initial\":\"3-1\"}", "")), &err, EINVAL,
		     "process.execCPUAffinity.initial: \"3-1\" is not a list like 0-3,7");
}

static void what_a_fork_would_lose_is_refused(void **state)
{
	(void)state;
	assert_error(build(CONFIG(",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}", "")), &err, ENOTSUP,
		     "process.scheduler.policy: exec cannot give SCHED_DEADLINE to a process in a pid namespace: use "
		     "another policy");
	assert_error(
		build(CONFIG(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"]}",
			     "")),
		&err, ENOTSUP,
		"process.scheduler.flags[0]: exec cannot set SCHED_FLAG_RESET_ON_FORK for a process in a pid "
		"namespace: leave it out");
	facts.entered = CLONE_NEWNS;
	assert_ok(build(CONFIG(",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}", "")), &err);
}

static void groups_that_cannot_be_set(void **state)
{
	(void)state;
	facts.setgroups_denied = true;
	assert_ok(build(CONFIG("", "")), &err);
	assert_false(find(OP_USER, STAGE_START)->user.set_groups);
	assert_int_equal(build(CONFIG(",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[1]}", "")), -EPERM);
}

static void it_can_be_printed(void **state)
{
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	assert_ok(build(CONFIG(NNP ",\"execCPUAffinity\":{\"initial\":\"0\"}", "")), &err);
	plan_print(&plan, &out);
	assert_string_equal(str_text(&out),
			    "runtime:\n"
			    "  cpu-affinity 0\n"
			    "outer:\n"
			    "  cpu-affinity all\n"
			    "  enter user mount pid\n"
			    "  set-ids 0:0\n"
			    "start:\n"
			    "  close-fds keep=0\n"
			    "  bounding bounding=\n"
			    "  user 0:0\n"
			    "  cwd /\n"
			    "  find-exec\n"
			    "  capabilities permitted= effective= inheritable= ambient=\n"
			    "  no-new-privs\n"
			    "  fork\n"
			    "  session\n"
			    "  exec sh\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(the_shortest_plan),
	TEST(the_filter_needs_no_privilege_after_the_fork),
	TEST(what_needs_the_callers_rights_comes_before_entering),
	TEST(only_what_differs_is_entered),
	TEST(processors),
	TEST(what_a_fork_would_lose_is_refused),
	TEST(groups_that_cannot_be_set),
	TEST(it_can_be_printed),
};

UNIT_MAIN(tests)
