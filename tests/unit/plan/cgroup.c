/* Which cgroup a container gets. */
#include "tests/unit/unit.h"

#include "libocispec/field/read.h"
#include "plan/build.h"

static struct arena *arena;
static struct plan plan;
static struct plan_facts facts;
static struct plan_options options;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	facts = (struct plan_facts){ .privileged = true, .initial_userns = true, .own_cgroup = "/own/part" };
	options = (struct plan_options){ .id = "x" };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int plan_path(const char *path)
{
	struct oci_linux linux_section = { .cgroups_path = (char *)path };
	struct oci_spec spec = { .linux = &linux_section };
	struct build build = { .plan = &plan, .spec = &spec, .facts = &facts, .options = &options };

	plan = (struct plan){ .arena = arena };
	return plan_cgroup(&build, &err);
}

static void expect(const char *config, const char *path, bool required)
{
	assert_ok(plan_path(config), &err);
	assert_int_equal(plan.len, 1);
	assert_int_equal(plan.ops[0].type, OP_CGROUP);
	assert_int_equal(plan.ops[0].stage, STAGE_RUNTIME);
	assert_string_equal(plan.ops[0].cgroup.path, path);
	assert_string_equal(plan.cgroup_path, path);
	assert_int_equal(plan.ops[0].cgroup.required, required);
}

static void root_has_the_whole_tree(void **state)
{
	(void)state;
	expect("/a/b", "/a/b", true);
	expect("a/b", "/a/b", true);
	expect("//a/./b/", "/a/b", true);
	expect("/with:one/a:b:c", "/with:one/a:b:c", true);
	expect(NULL, "/cloister-x", false);
	expect("", "/cloister-x", false);
}

static void a_user_has_the_own_part(void **state)
{
	(void)state;
	facts.privileged = false;
	expect("/a/b", "/a/b", true);
	expect("a/b", "/own/part/a/b", true);
	expect(NULL, "/own/part/cloister-x", false);
	/* root in a user namespace is a user */
	facts.privileged = true;
	facts.initial_userns = false;
	facts.own_cgroup = "/";
	expect("a", "/a", true);
	expect(NULL, "/cloister-x", false);
}

static void what_is_refused(void **state)
{
	(void)state;
	assert_error(plan_path("/a/../../b"), &err, EINVAL, "linux.cgroupsPath: \"/a/../../b\" leads upwards");
	assert_error(plan_path("/"), &err, EINVAL, "linux.cgroupsPath: \"/\" is the root of all cgroups");
	assert_error(plan_path("./."), &err, EINVAL, "linux.cgroupsPath: \"./.\" is the root of all cgroups");
	assert_int_equal(plan_path("system.slice:podman:x"), -ENOTSUP);
	assert_non_null(strstr(err.text, "--systemd-cgroup"));
}

static void without_version_2(void **state)
{
	(void)state;
	facts.own_cgroup = NULL;
	assert_int_equal(plan_path("/a"), -ENODEV);
	assert_non_null(strstr(err.text, "mount -t cgroup2"));
	assert_ok(plan_path(NULL), &err);
	assert_int_equal(plan.len, 0);
	assert_null(plan.cgroup_path);
}

static void a_manager_that_is_disabled(void **state)
{
	(void)state;
	options.cgroup_manager = CGROUP_MANAGER_DISABLED;
	assert_ok(plan_path("/a"), &err);
	assert_int_equal(plan.len, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(root_has_the_whole_tree),
	TEST(a_user_has_the_own_part),
	TEST(what_is_refused),
	TEST(without_version_2),
	TEST(a_manager_that_is_disabled),
};

UNIT_MAIN(tests)
