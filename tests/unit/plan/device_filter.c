/* Device rules: what of them is left, where they do not apply. */
#include "tests/unit/unit.h"

#include <sched.h>

#include "libocispec/field/read.h"
#include "plan/build.h"
#include "plan/device_filter.h"

#define DEFAULTS " +c *:* m +b *:* m +c 1:3 rwm +c 1:5 rwm +c 1:7 rwm +c 1:8 rwm +c 1:9 rwm +c 5:0 rwm +c 5:2 rwm" \
	" +c 136:* rwm"

static struct arena *arena;
static struct plan plan;
static struct plan_facts facts;
static struct plan_options options;
static struct build build;
static struct err err;
static struct str text;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	facts = (struct plan_facts){ .privileged = true, .initial_userns = true };
	options = (struct plan_options){ 0 };
	build = (struct build){ .plan = &plan, .facts = &facts, .options = &options };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	str_free(&text);
	return 0;
}

static const char *bounding = "";

static int plan_rules(const char *rules)
{
	char *json = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\","
				  "\"capabilities\":{\"bounding\":[%s]}},\"linux\":{\"resources\":{\"devices\":[%s]}}}",
				  bounding, rules);
	const char *cgroup = plan.cgroup_path;
	void *spec;

	plan = (struct plan){ .arena = arena, .cgroup_path = cgroup };
	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	build.spec = spec;
	return plan_device_filter(&build, &err);
}

/* The filter's text; "" if there is none. */
static const char *filter(const char *rules)
{
	plan.cgroup_path = "/x";
	assert_ok(plan_rules(rules), &err);
	str_free(&text);
	if (plan.len > 0) {
		assert_int_equal(plan.ops[0].type, OP_DEVICE_FILTER);
		assert_int_equal(plan.ops[0].stage, STAGE_RUNTIME);
		plan_device_filter_print(plan.ops[0].device_filter, &text);
	}
	return str_text(&text);
}

#define DENY_ALL "{\"allow\":false,\"access\":\"rwm\"}"
#define FUSE(allow, access) "{\"allow\":" allow ",\"type\":\"c\",\"major\":10,\"minor\":229,\"access\":\"" access "\"}"

static void rules_of_the_config_come_first(void **state)
{
	(void)state;
	assert_string_equal(filter(DENY_ALL), " -a *:* rwm" DEFAULTS);
	assert_string_equal(filter(DENY_ALL "," FUSE("true", "rw")), " -a *:* rwm +c 10:229 rw" DEFAULTS);
	assert_string_equal(filter("{\"allow\":true,\"type\":\"b\",\"major\":8,\"minor\":-1}"), " +b 8:* rwm" DEFAULTS);
	assert_string_equal(filter("{\"allow\":false,\"type\":\"a\",\"access\":\"m\"}"), " -a *:* m" DEFAULTS);
}

static void what_is_overruled_is_left_out(void **state)
{
	(void)state;
	assert_string_equal(filter(DENY_ALL "," FUSE("true", "rw") "," DENY_ALL "," FUSE("true", "r") ","
				   FUSE("true", "r")),
			    " -a *:* rwm +c 10:229 r" DEFAULTS);
	/* a rule about everything, but not all accesses, overrules nothing as a whole */
	assert_string_equal(filter(FUSE("true", "r") ",{\"allow\":false,\"access\":\"w\"}"),
			    " +c 10:229 r -a *:* w" DEFAULTS);
}

static void what_denies_nothing_is_no_filter(void **state)
{
	(void)state;
	assert_string_equal(filter("{\"allow\":true}"), "");
	assert_string_equal(filter(DENY_ALL ",{\"allow\":true}," FUSE("true", "rwm")), "");
	assert_string_equal(filter("{\"allow\":true}," FUSE("false", "rwm")), " +a *:* rwm -c 10:229 rwm" DEFAULTS);
	assert_string_equal(filter(""), "");
}

static void only_where_device_nodes_can_be_made(void **state)
{
	(void)state;
	build.new_ns = CLONE_NEWUSER;
	assert_string_equal(filter(DENY_ALL), "");
	build.new_ns = 0;
	build.joined_ns = CLONE_NEWUSER;
	assert_string_equal(filter(DENY_ALL), "");
	build.joined_ns = 0;
	facts.initial_userns = false;
	assert_string_equal(filter(DENY_ALL), "");
}

static void a_filter_needs_a_cgroup(void **state)
{
	(void)state;
	plan.cgroup_path = NULL;
	assert_int_equal(plan_rules(DENY_ALL), -ENODEV);
	assert_non_null(strstr(err.text, "linux.resources.devices: "));
	assert_non_null(strstr(err.text, "mount -t cgroup2"));
}

static void without_cgroups_nobody_may_make_devices(void **state)
{
	(void)state;
	plan.cgroup_path = NULL;
	options.cgroup_manager = CGROUP_MANAGER_DISABLED;
	bounding = "\"CAP_CHOWN\"";
	assert_ok(plan_rules(DENY_ALL), &err);
	assert_int_equal(plan.len, 0);
	bounding = "\"CAP_CHOWN\",\"CAP_MKNOD\"";
	assert_int_equal(plan_rules(DENY_ALL), -ENODEV);
	assert_non_null(strstr(err.text, "drop CAP_MKNOD"));
	bounding = "";
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(rules_of_the_config_come_first),
	TEST(what_is_overruled_is_left_out),
	TEST(what_denies_nothing_is_no_filter),
	TEST(only_where_device_nodes_can_be_made),
	TEST(a_filter_needs_a_cgroup),
	TEST(without_cgroups_nobody_may_make_devices),
};

UNIT_MAIN(tests)
