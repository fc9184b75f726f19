/* Groups of caches and memory bandwidth: whose they are, what is written, and what is removed with the container. */
#include "tests/unit/unit.h"

#include "libocispec/field/read.h"
#include "plan/build.h"

static struct arena *arena;
static struct plan plan;
static struct plan_options options;
static struct build build;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	options = (struct plan_options){ .id = "web" };
	build = (struct build){ .plan = &plan, .options = &options };
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const char *printed_by(int (*planner)(struct build *, struct err *), const char *rdt)
{
	char *json = arena_printf(arena, "{\"ociVersion\":\"1.3.0\",\"linux\":{%s}}", rdt), *copy;
	struct str text = STR_INIT;
	void *spec;

	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	build.spec = spec;
	plan = (struct plan){ .arena = arena, .exec = planner == plan_rdt_join };
	assert_ok(planner(&build, &err), &err);
	plan_print(&plan, &text);
	copy = arena_strdup(arena, str_text(&text));
	str_free(&text);
	return copy;
}

static const char *printed(const char *rdt)
{
	return printed_by(plan_rdt, rdt);
}

#define RDT(text) "\"intelRdt\":{" text "}"

static void a_group_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(printed(""), "clone init:\n");
	assert_string_equal(printed(RDT("")), "runtime:\n  rdt-group web own\nclone init:\nready:\n  rdt-task web\n");
	assert_string_equal(plan.rdt_path, "web");
	assert_string_equal(
		printed(RDT("\"closID\":\"\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L2:0=f\",\"L2:1=f\"],"
			    "\"l3CacheSchema\":\"L3:0=f\",\"enableMonitoring\":true")),
		"runtime:\n  rdt-group web own L3:0=f MB:0=20 L2:0=f L2:1=f monitor=web/mon_groups/web\n"
		"clone init:\nready:\n  rdt-task web/mon_groups/web\n");
	/* which goes along with the group */
	assert_string_equal(plan.rdt_path, "web");
}

static void a_group_by_name(void **state)
{
	(void)state;
	assert_string_equal(printed(RDT("\"closID\":\"gold\"")),
			    "runtime:\n  rdt-group gold must-exist\nclone init:\nready:\n  rdt-task gold\n");
	assert_null(plan.rdt_path);
	assert_string_equal(printed(RDT("\"closID\":\"gold\",\"schemata\":[\"MB:0=1\"]")),
			    "runtime:\n  rdt-group gold make-or-compare MB:0=1\nclone init:\nready:\n  rdt-task "
				    "gold\n");
	assert_null(plan.rdt_path);
	assert_string_equal(printed(RDT("\"closID\":\"/\",\"enableMonitoring\":true")),
			    "runtime:\n  rdt-group . must-exist monitor=./mon_groups/web\nclone init:\nready:\n"
			    "  rdt-task ./mon_groups/web\n");
	assert_string_equal(plan.rdt_path, "./mon_groups/web");
}

/* It joins what create has made, and makes nothing. */
static void of_exec(void **state)
{
	(void)state;
	assert_string_equal(printed_by(plan_rdt_join, ""), "");
	assert_string_equal(printed_by(plan_rdt_join, RDT("\"schemata\":[\"MB:0=1\"],\"enableMonitoring\":true")),
			    "outer:\n  rdt-task web/mon_groups/web\n");
	assert_null(plan.rdt_path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_group_of_its_own),
	TEST(a_group_by_name),
	TEST(of_exec),
};

UNIT_MAIN(tests)
