/* The unit that systemd is asked for. What a whole plan looks like is in tests/golden/systemd*. */
#include "tests/unit/unit.h"

#include "plan/build.h"
#include "plan/unit.h"

static struct arena *arena;
static struct plan plan;
static struct plan_facts facts;
static struct plan_options options;
static struct oci_linux section;
static struct oci_spec spec;
static struct build build;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	facts = (struct plan_facts){ .privileged = true, .initial_userns = true, .own_cgroup = "/" };
	options = (struct plan_options){ .id = "x", .cgroup_manager = CGROUP_MANAGER_SYSTEMD };
	section = (struct oci_linux){ 0 };
	spec = (struct oci_spec){ .linux = &section };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int plan_unit_of(const char *path)
{
	section.cgroups_path = (char *)path;
	plan = (struct plan){ .arena = arena };
	build = (struct build){ .plan = &plan, .spec = &spec, .facts = &facts, .options = &options };
	return plan_cgroup(&build, &err);
}

static void expect(const char *path, const char *name, const char *slice)
{
	assert_ok(plan_unit_of(path), &err);
	assert_non_null(plan.unit);
	assert_string_equal(plan.unit->name, name);
	assert_string_equal(plan.unit->slice, slice);
	assert_null(plan.cgroup_path);
	assert_true(plan.has_outer);
	assert_int_equal(plan.ops[0].type, OP_UNIT);
	assert_int_equal(plan.ops[0].stage, STAGE_FOR_OUTER);
}

static void names(void **state)
{
	(void)state;
	expect(NULL, "cloister-x.scope", "system.slice");
	expect("", "cloister-x.scope", "system.slice");
	expect("::name", "name.scope", "system.slice");
	expect(":pre:name", "pre-name.scope", "system.slice");
	expect("a-b.slice:pre:name", "pre-name.scope", "a-b.slice");
	expect("a.slice:ignored:a-b.slice", "a-b.slice", "a.slice");
	expect("-.slice:pre:name", "pre-name.scope", "-.slice");
	options.id = "a+b+c";
	expect(NULL, "cloister-a\\x2bb\\x2bc.scope", "system.slice");
	facts.privileged = false;
	expect("::name", "name.scope", "user.slice");
	assert_true(plan.unit->user);
	facts.privileged = true;
	facts.initial_userns = false;
	expect("::name", "name.scope", "user.slice");
	assert_true(plan.unit->user);
}

static void wrong_names(void **state)
{
	static const char *const wrong[] = {
		"/a/b", "name", "a:b", ":a:b:c", "a:b:", "x:a:b", ".slice:a:b", "a--b.slice:a:b", "-a.slice:a:b",
		"a-.slice:a:b", "a/b.slice:a:b", ":a:b/c", ":a:b c", ":a/b:c", "::../a", ":a:--b.slice", "\n::a",
	};
	char id[300];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(plan_unit_of(wrong[i]), -EINVAL);
		assert_ptr_equal(strstr(err.text, "linux.cgroupsPath: "), err.text);
		assert_null(plan.unit);
	}
	memset(id, 'i', sizeof id - 1);
	id[sizeof id - 1] = '\0';
	options.id = id;
	assert_int_equal(plan_unit_of(NULL), -ENAMETOOLONG);
	facts.own_cgroup = NULL;
	assert_int_equal(plan_unit_of(NULL), -ENODEV);
}

/* The words for a write to a file of the cgroup, in one text. */
static const char *words_for(const char *file, const char *value)
{
	struct plan_unit unit = { .name = "u" };
	const char *text = "";

	plan = (struct plan){ .arena = arena };
	plan_add(&plan, STAGE_RUNTIME, OP_CGROUP_WRITE, NULL)->cgroup_write = (struct op_cgroup_write){
		.file = file, .value = value,
	};
	plan_unit_limits(&plan, &unit);
	assert_false(plan.failed);
	for (size_t i = 0; i < unit.words_len; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? " " : "", unit.words[i]);
	return text;
}

static void limits(void **state)
{
	(void)state;
	assert_string_equal(words_for("memory.max", "max"), "MemoryMax t 18446744073709551615");
	assert_string_equal(words_for("memory.min", "4096"), "MemoryMin t 4096");
	assert_string_equal(words_for("cpu.max", "max 100000"),
			    "CPUQuotaPeriodUSec t 100000 CPUQuotaPerSecUSec t 18446744073709551615");
	/* systemd counts in hundredths: never less than was asked for */
	assert_string_equal(words_for("cpu.max", "1 100000"), "CPUQuotaPeriodUSec t 100000 CPUQuotaPerSecUSec t 10000");
	assert_string_equal(words_for("cpu.max", "150000"), "CPUQuotaPerSecUSec t 1500000");
	assert_string_equal(words_for("cpu.max", "5 0"), "");
	assert_string_equal(words_for("cpuset.cpus", "0,8-9"), "AllowedCPUs ay 2 1 3");
	assert_string_equal(words_for("cpuset.mems", "1"), "AllowedMemoryNodes ay 1 2");
	/* what is nonsense the kernel refuses, not systemd */
	assert_string_equal(words_for("cpuset.cpus", "x"), "");
	assert_string_equal(words_for("cpuset.cpus", "0-99999999999"), "");
	assert_string_equal(words_for("io.weight", "default 300"), "IOWeight t 300");
	assert_string_equal(words_for("io.weight", "300"), "IOWeight t 300");
	assert_string_equal(words_for("io.weight", "8:0 default"), "");
	assert_string_equal(words_for("io.max", "8:0 rbps=1 wiops=max"),
			    "IOReadBandwidthMax a(st) 1 /dev/block/8:0 1 "
			    "IOWriteIOPSMax a(st) 1 /dev/block/8:0 18446744073709551615");
	assert_string_equal(words_for("hugetlb.2MB.max", "1"), "");
}

static int with_annotation(const char *key, const char *value)
{
	char *keys[] = { (char *)key }, *values[] = { (char *)value };
	struct oci_string_map map = { keys, values, 1 };
	int r;

	spec.annotations = &map;
	r = plan_unit_of(NULL);
	assert_ok(r, &err);
	r = plan_unit_properties(&build, &err);
	spec.annotations = NULL;
	return r;
}

/* The last words are those of the annotation. */
static void annotation(const char *name, const char *value, const char *expected)
{
	const char *text = "";
	bool after = false;

	assert_ok(with_annotation(arena_printf(arena, "org.systemd.property.%s", name), value), &err);
	for (size_t i = 0; i < plan.unit->words_len; i++) {
		if (after)
			text = arena_printf(arena, "%s%s%s", text, *text ? " " : "", plan.unit->words[i]);
		after |= i >= 2 && strcmp(plan.unit->words[i - 2], "TasksAccounting") == 0;
	}
	assert_string_equal(text, expected);
}

static void annotations(void **state)
{
	static const char *const wrong[][2] = {
		{ "x", "1" }, { "", "1" }, { "AbC1", "1" }, { "abc", "1" }, { "Abc", "" }, { "Abc", "x" },
		{ "Abc", "1 2" }, { "Abc", "uint64" }, { "Abc", "uint64 'a'" }, { "Abc", "string 1" },
		{ "Abc", "boolean 1" }, { "Abc", "'a" }, { "Abc", "[1, 'a']" }, { "Abc", "[1" }, { "Abc", "[1 2]" },
		{ "Abc", "[1] 2" }, { "Abc", "{}" }, { "Abc", "@u 5" },
	};

	(void)state;
	annotation("TimeoutStopUSec", "uint64 5", "TimeoutStopUSec t 5");
	annotation("TimeoutStopSec", "uint64 5", "TimeoutStopUSec t 5000000");
	annotation("TimeoutStopSec", " 0.25 ", "TimeoutStopUSec t 250000");
	annotation("TimeoutStopSec", "double 1e300", "TimeoutStopUSec t 18446744073709551615");
	annotation("CollectMode", "'inactive'", "CollectMode s inactive");
	annotation("CollectMode", "\"in \\\"quotes\\\"\"", "CollectMode s in \"quotes\"");
	annotation("SendSIGHUP", "true", "SendSIGHUP b true");
	annotation("KillSignal", "-1", "KillSignal i -1");
	annotation("After", "['a.service','b.service']", "After as 2 a.service b.service");
	annotation("After", "[]", "After as 0");
	annotation("IPIngress", "[uint32 1, 2]", "IPIngress au 2 1 2");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *key = arena_printf(arena, "org.systemd.property.%s", wrong[i][0]);

		assert_int_equal(with_annotation(key, wrong[i][1]), -EINVAL);
		assert_ptr_equal(strstr(err.text, "annotations.\"org.systemd.property."), err.text);
	}
	assert_ok(with_annotation("org.systemd.other", "?"), &err);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(names),
	TEST(wrong_names),
	TEST(limits),
	TEST(annotations),
};

UNIT_MAIN(tests)
