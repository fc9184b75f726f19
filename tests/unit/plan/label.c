/* Labels: on which hosts, for which mounts, in which order. */
#include "tests/unit/unit.h"

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
	facts = (struct plan_facts){ 0 };
	build = (struct build){ .plan = &plan, .facts = &facts, .options = &options };
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void read_json(const char *process, const char *linux_part)
{
	char *json = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\"%s},\"linux\":{%s}}",
				  process, linux_part);
	void *spec;

	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	build.spec = spec;
}

#define BOTH ",\"apparmorProfile\":\"a b\",\"selinuxLabel\":\"s:t\""

static void a_host_without(void **state)
{
	(void)state;
	read_json("", "");
	assert_ok(plan_check_labels(&build, &err), &err);
	read_json(",\"apparmorProfile\":\"\",\"selinuxLabel\":\"\"", "\"mountLabel\":\"\"");
	assert_ok(plan_check_labels(&build, &err), &err);
	read_json(",\"selinuxLabel\":\"x\"", "");
	assert_error(plan_check_labels(&build, &err), &err, ENOTSUP,
		     "process.selinuxLabel: SELinux is not enabled on this host: leave the label out");
	read_json("", "\"mountLabel\":\"x\"");
	assert_error(plan_check_labels(&build, &err), &err, ENOTSUP,
		     "linux.mountLabel: SELinux is not enabled on this host: leave the label out");
	read_json(",\"apparmorProfile\":\"x\"", "");
	facts.selinux = true;
	assert_error(plan_check_labels(&build, &err), &err, ENOTSUP,
		     "process.apparmorProfile: AppArmor is not enabled on this host: leave the profile out");
	/* which is what it is then, anyway */
	read_json(",\"apparmorProfile\":\"unconfined\"", "");
	assert_ok(plan_check_labels(&build, &err), &err);
	plan_labels(&build, STAGE_INIT);
	assert_int_equal(plan.len, 0);
}

static void of_the_process(void **state)
{
	_cleanup_str_ struct str text = STR_INIT;

	(void)state;
	facts.selinux = facts.apparmor = true;
	read_json(BOTH, "");
	assert_ok(plan_check_labels(&build, &err), &err);
	plan_key_label(&build, STAGE_INIT);
	plan_labels(&build, STAGE_START);
	plan_print(&plan, &text);
	assert_string_equal(str_text(&text), "clone init:\ninit:\n  label attr/keycreate s:t\nstart:\n"
			    "  label attr/apparmor/exec \"exec a b\"\n  label attr/exec s:t\n");
}

static struct op_mount labelled(const char *fstype, char *option)
{
	char **options_list = arena_array(arena, 2, sizeof *options_list);
	struct op_mount m = { .fstype = fstype, .options = options_list };

	options_list[0] = option;
	plan_label_mount(&build, &m);
	return m;
}

static void of_mounts(void **state)
{
	(void)state;
	read_json("", "\"mountLabel\":\"s:t:c1,c2\"");
	assert_string_equal(labelled("tmpfs", "size=1").options[0], "size=1");
	assert_string_equal(labelled("tmpfs", "size=1").options[1], "context=s:t:c1,c2");
	assert_null(labelled("tmpfs", "size=1").options[2]);
	assert_string_equal(labelled("tmpfs", NULL).options[0], "context=s:t:c1,c2");
	/* the config knows better */
	assert_string_equal(labelled("tmpfs", "context=x").options[0], "context=x");
	assert_null(labelled("tmpfs", "context=x").options[1]);
	assert_null(labelled("proc", NULL).options[0]);
	assert_null(labelled("sysfs", NULL).options[0]);
	assert_null(labelled("cgroup2", NULL).options[0]);
	assert_null(labelled("mqueue", NULL).options[0]);
	assert_string_equal(labelled("mqueue", NULL).label, "s:t:c1,c2");
	read_json("", "\"mountLabel\":\"\"");
	assert_null(labelled("tmpfs", NULL).options[0]);
	assert_null(labelled("mqueue", NULL).label);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_host_without),
	TEST(of_the_process),
	TEST(of_mounts),
};

UNIT_MAIN(tests)
