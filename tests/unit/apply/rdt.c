/* Groups of resctrl, on a directory that looks like it. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "apply/rdt.h"
#include "base/io.h"
#include "sys/resctrl.h"

static char dir[4096];
static int missing;               /* resctrl cannot be opened, with this */
static struct err err;
static struct apply ctx;

int sys_resctrl_open(void)
{
	return missing ? missing : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static const char *path(const char *name)
{
	return arena_printf(ctx.arena, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static const char *content(const char *name)
{
	char *text;

	assert_ok(io_read_file(ctx.arena, AT_FDCWD, path(name), 4096, &text, NULL, &err), &err);
	return text;
}

static void group(const char *name, const char *schemata)
{
	assert_int_equal(mkdir(path(name), 0700), 0);
	put(arena_printf(ctx.arena, "%s/schemata", name), schemata);
	put(arena_printf(ctx.arena, "%s/tasks", name), "");
}

static int set_up(void **state)
{
	(void)state;
	missing = 0;
	snprintf(dir, sizeof dir, "%s", unit_temp_dir());
	ctx = (struct apply){ .arena = arena_new(), .target = 42 };
	assert_int_equal(mkdir(path("info"), 0700), 0);
	put("info/last_cmd_status", "ok\n");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(ctx.arena);
	unit_remove_tree(dir);
	return 0;
}

static int make(const char *name, enum rdt_make how, const char *line, const char *monitor)
{
	struct op_rdt rdt = { .group = name, .make = how, .lines = &line, .lines_len = line ? 1 : 0,
		.monitor = monitor };
	const struct op op = { .rdt = &rdt };

	return apply_rdt_group(&ctx, &op, &err);
}

static int join_group(const char *name, const char *monitor)
{
	struct op_rdt rdt = { .group = name, .monitor = monitor };
	const struct op op = { .rdt = &rdt };

	return apply_rdt_task(&ctx, &op, &err);
}

static bool exists(const char *name)
{
	return access(path(name), F_OK) == 0;
}

static void not_mounted(void **state)
{
	(void)state;
	missing = -ENODEV;
	assert_error(make("web", RDT_MAKE_OWN, NULL, NULL), &err, ENODEV, "the resctrl file system is not mounted, "
		     "or this processor has no Resource Director Technology: mount -t resctrl resctrl /sys/fs/resctrl");
	assert_false(ctx.rdt_made);
	assert_ok(rdt_destroy("web", &err), &err);
}

static void its_own(void **state)
{
	(void)state;
	/* the files of a group appear with it in resctrl, but not here */
	assert_ok(make("web", RDT_MAKE_OWN, NULL, NULL), &err);
	assert_true(ctx.rdt_made && exists("web"));
	/* somebody else's, which is then not to be removed */
	ctx.rdt_made = false;
	assert_error(make("web", RDT_MAKE_OWN, NULL, NULL), &err, EEXIST, "make the group web: file exists");
	assert_false(ctx.rdt_made);
	assert_ok(rdt_destroy("web", &err), &err);
	assert_false(exists("web"));
	assert_ok(rdt_destroy("web", &err), &err);
}

static void other_schemata(void **state)
{
	const char *lines[] = { "L3:0=f", "MB:0=50" };
	struct op_rdt rdt = { .group = "web", .lines = lines, .lines_len = 2 };
	const struct op op = { .rdt = &rdt };

	(void)state;
	assert_error(apply_rdt_schemata(&ctx, &op, &err), &err, ENOENT,
		     "write the schemata of the group web: no such file or directory");
	group("web", "");
	assert_ok(apply_rdt_schemata(&ctx, &op, &err), &err);
	assert_string_equal(content("web/schemata"), "L3:0=f\nMB:0=50\n");
	unlink(path("web/schemata"));
	put("info/last_cmd_status", "Invalid id\n");
	assert_error(apply_rdt_schemata(&ctx, &op, &err), &err, ENOENT,
		     "Invalid id: write the schemata of the group web: no such file or directory");
}

static void the_kernels_words(void **state)
{
	(void)state;
	put("info/last_cmd_status", "Non-hex character in the mask zz\nmore\n");
	/* a schema that is refused: here, because there is no such file */
	assert_error(make("gold", RDT_MAKE_OR_COMPARE, "L3:0=zz", NULL), &err, ENOENT,
		     "Non-hex character in the mask zz: write the schema \"L3:0=zz\": no such file or directory");
	/* and what was made in vain is gone */
	assert_false(exists("gold"));
}

static void compared(void **state)
{
	(void)state;
	group("gold", "    MB:0=100;1= 70\n    L3:0=00ff;1=7ff\n");
	assert_ok(make("gold", RDT_MAKE_OR_COMPARE, "L3:0=ff;1=7FF", NULL), &err);
	assert_ok(make("gold", RDT_MAKE_OR_COMPARE, "L3:1=07ff", NULL), &err);
	assert_ok(make("gold", RDT_MAKE_OR_COMPARE, "MB:0=100", NULL), &err);
	assert_string_equal(content("gold/schemata"), "    MB:0=100;1= 70\n    L3:0=00ff;1=7ff\n");
	static const char *const others[] = { "L3:0=f", "L3:2=ff", "L2:0=ff", "MB:0=10", "L3:0=ff;1=7fe", "L3",
		"L3:0" };
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_error(make("gold", RDT_MAKE_OR_COMPARE, others[i], NULL), &err, EEXIST, arena_printf(ctx.arena,
			     "the group gold exists, and its schemata are not \"%s\"", others[i]));
	assert_true(exists("gold") && !ctx.rdt_made);
}

static void by_name(void **state)
{
	(void)state;
	assert_error(make("gold", RDT_MUST_EXIST, NULL, NULL), &err, ENOENT,
		     "there is no group gold, and nothing says what it should be: make it, or give a schema");
	group("gold", "");
	assert_ok(make("gold", RDT_MUST_EXIST, NULL, NULL), &err);
	assert_ok(make(".", RDT_MUST_EXIST, NULL, NULL), &err);
	assert_false(ctx.rdt_made);
}

static void monitored(void **state)
{
	(void)state;
	group("gold", "");
	assert_int_equal(mkdir(path("gold/mon_groups"), 0700), 0);
	assert_ok(make("gold", RDT_MUST_EXIST, NULL, "gold/mon_groups/web"), &err);
	assert_true(ctx.rdt_made && exists("gold/mon_groups/web"));
	put("gold/mon_groups/web/tasks", "");
	assert_ok(join_group("gold", "gold/mon_groups/web"), &err);
	assert_string_equal(content("gold/tasks"), "42\n");
	assert_string_equal(content("gold/mon_groups/web/tasks"), "42\n");
	unlink(path("gold/mon_groups/web/tasks"));
	assert_ok(rdt_destroy("gold/mon_groups/web", &err), &err);
	assert_false(exists("gold/mon_groups/web"));
	assert_error(make("gold", RDT_MUST_EXIST, NULL, "gold/nowhere/web"), &err, ENOENT,
		     "make the monitoring group gold/nowhere/web: no such file or directory");
	assert_error(join_group("silver", NULL), &err, ENOENT, "put the process into the group silver: no such file "
		     "or directory");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(not_mounted),
	TEST(its_own),
	TEST(other_schemata),
	TEST(the_kernels_words),
	TEST(compared),
	TEST(by_name),
	TEST(monitored),
};

UNIT_MAIN(tests)
