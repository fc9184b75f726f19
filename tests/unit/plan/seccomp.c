/* The filter as data: what the config may say twice or leave out has one meaning. */
#include "tests/unit/unit.h"

#include <linux/seccomp.h>

#include "libocispec/field/read.h"
#include "plan/build.h"
#include "plan/seccomp.h"

static struct arena *arena;
static struct plan plan;
static struct err err;
static struct str text;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	str_free(&text);
	return 0;
}

static int plan_json(const char *seccomp)
{
	char *json = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":%s}}", seccomp);
	struct build build = { .plan = &plan };
	void *spec;

	plan = (struct plan){ .arena = arena };
	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	build.spec = spec;
	return plan_seccomp(&build, &err);
}

static const char *printed(const char *seccomp)
{
	assert_ok(plan_json(seccomp), &err);
	assert_int_equal(plan.len, 1);
	assert_int_equal(plan.ops[0].stage, STAGE_RUNTIME);
	str_free(&text);
	plan_seccomp_print(plan.ops[0].seccomp, &text);
	return str_text(&text);
}

static void rules_are_printed_in_full(void **state)
{
	(void)state;
	assert_string_equal(printed("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":38,"
		"\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\"],\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],"
		"\"syscalls\":[{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_ALLOW\"},"
		"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\","
		"\"args\":[{\"index\":0,\"value\":2114060288,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"},"
		"{\"index\":1,\"value\":5,\"op\":\"SCMP_CMP_NE\"}]},"
		"{\"names\":[\"clone3\"],\"action\":\"SCMP_ACT_ERRNO\"}]}"),
		" default ERRNO(38); arch X86_64,X86; flag LOG; ALLOW: read write; "
		"ALLOW if arg0 MASKED_EQ 0x7e020000 0 and arg1 NE 0x5: clone; ERRNO(1): clone3");
}

static void errno_is_eperm_by_default(void **state)
{
	(void)state;
	assert_string_equal(printed("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":["
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\"},{\"names\":[\"b\"],\"action\":\"SCMP_ACT_TRACE\"},"
		"{\"names\":[\"c\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":0}]}"),
		" default ALLOW; ERRNO(1): a; TRACE(1): b; ERRNO(0): c");
}

static void a_repeated_index_means_any_of_them(void **state)
{
	(void)state;
	assert_string_equal(printed("{\"defaultAction\":\"SCMP_ACT_KILL\",\"syscalls\":[{\"names\":[\"personality\"],"
		"\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},"
		"{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]}]}"),
		" default KILL; ALLOW if arg0 EQ 0: personality; ALLOW if arg0 EQ 0x8: personality");
}

static void what_says_nothing_is_left_out(void **state)
{
	(void)state;
	/* as the default; another errno is not the same; what cannot be a system call */
	assert_string_equal(printed("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		"{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\"},"
		"{\"names\":[\"b\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":2},"
		"{\"names\":[\"c; ALLOW: d\",\"\"],\"action\":\"SCMP_ACT_ALLOW\"}]}"),
		" default ERRNO(1); ERRNO(2): b");
}

static void flags_are_the_kernels(void **state)
{
	(void)state;
	assert_ok(plan_json("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
			    "\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]}"), &err);
	assert_int_equal(plan.ops[0].seccomp->flags, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

#define ASKS "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_NOTIFY\"}]"
#define LISTENER "\"listenerPath\":\"/x\",\"listenerMetadata\":\"m\""
#define ALL_FLAGS "\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]"

static void who_is_asked(void **state)
{
	(void)state;
	assert_ok(plan_json("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," LISTENER "," ALL_FLAGS "," ASKS "}"), &err);
	assert_int_equal(plan.len, 2);
	assert_int_equal(plan.ops[0].type, OP_SECCOMP_LISTENER);
	assert_string_equal(plan.ops[0].text, "/x");
	assert_string_equal(plan.ops[1].seccomp->metadata, "m");
	assert_true(plan.ops[1].seccomp->notify);
	/* the kernel does not take both */
	assert_int_equal(plan.ops[1].seccomp->flags, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
	str_free(&text);
	plan_seccomp_print(plan.ops[1].seccomp, &text);
	assert_string_equal(str_text(&text), " default ALLOW; flag WAIT_KILLABLE_RECV; NOTIFY: a");
	/* nobody asks */
	assert_ok(plan_json("{\"defaultAction\":\"SCMP_ACT_ALLOW\"," LISTENER "," ALL_FLAGS "}"), &err);
	assert_int_equal(plan.len, 1);
	assert_false(plan.ops[0].seccomp->notify);
	assert_int_equal(plan.ops[0].seccomp->flags, SECCOMP_FILTER_FLAG_TSYNC);
}

static void what_is_refused(void **state)
{
	(void)state;
	assert_error(plan_json("{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"\"}"), &err, EINVAL,
		     "linux.seccomp.listenerPath: is missing, but SCMP_ACT_NOTIFY needs somebody who answers");
	assert_error(plan_json("{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"defaultErrnoRet\":1,\"listenerPath\":\"/x\"}"),
		     &err, EINVAL, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot return an errno: leave it out");
	assert_error(plan_json("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}"), &err, EINVAL,
		     "linux.seccomp.defaultAction: SCMP_ACT_ALLOW cannot return an errno: leave it out");
	assert_error(plan_json("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],"
			       "\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":5000}]}"), &err, EINVAL,
		     "linux.seccomp.syscalls[0]: errno 5000 is above 4095");
	assert_error(plan_json("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"],"
			       "\"action\":\"SCMP_ACT_KILL\","
			       "\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}"),
		     &err, EINVAL, "linux.seccomp.syscalls[0].args[0]: index 6: a system call has arguments 0 to 5");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(rules_are_printed_in_full),
	TEST(errno_is_eperm_by_default),
	TEST(a_repeated_index_means_any_of_them),
	TEST(what_says_nothing_is_left_out),
	TEST(flags_are_the_kernels),
	TEST(who_is_asked),
	TEST(what_is_refused),
};

UNIT_MAIN(tests)
