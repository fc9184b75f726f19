/* Devices that move in: when, under which names, and which names are wrong. */
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
	facts = (struct plan_facts){ .privileged = true };
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

static int plan_json(const char *devices)
{
	char *json = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"linux\":{\"netDevices\":%s}}", devices);
	void *spec;

	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	build.spec = spec;
	plan = (struct plan){ .arena = arena };
	return plan_net_devices(&build, &err);
}

static void init_waits_for_them(void **state)
{
	_cleanup_str_ struct str text = STR_INIT;

	(void)state;
	assert_ok(plan_json("{\"eth1\":{},\"eth2\":{\"name\":\"\"},\"eth3\":{\"name\":\"net%d\"},\"eth4\":{\"name\":"
			    "\"net%d\"}}"),
		  &err);
	plan_print(&plan, &text);
	assert_string_equal(str_text(&text), "clone init:\ninit:\n  call devices\ndevices:\n  net-device eth1 eth1\n"
			    "  net-device eth2 eth2\n  net-device eth3 net%d\n  net-device eth4 net%d\n");
	assert_string_equal(plan.ops[1].where, "linux.netDevices.eth1");
	assert_ok(plan_json("{}"), &err);
	assert_int_equal(plan.len, 0);
}

static void what_is_refused(void **state)
{
	(void)state;
	assert_error(plan_json("{\"a\":{},\"b\":{\"name\":\"a\"}}"), &err, EINVAL, "linux.netDevices.b.name: a "
		     "cannot be called a, too");
	assert_error(plan_json("{\"a\":{\"name\":\"%s\"}}"), &err, EINVAL,
		     "linux.netDevices.a.name: \"%s\" may hold one %d, and no other %");
	assert_error(plan_json("{\"a\":{\"name\":\"%d%d\"}}"), &err, EINVAL,
		     "linux.netDevices.a.name: \"%d%d\" may hold one %d, and no other %");
	facts.privileged = false;
	assert_error(plan_json("{\"a\":{}}"), &err, EPERM,
		     "linux.netDevices: to give a away takes root on the host (CAP_NET_ADMIN in its network "
			     "namespace)");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(init_waits_for_them),
	TEST(what_is_refused),
};

UNIT_MAIN(tests)
