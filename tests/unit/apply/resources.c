/* Limits written to a fake tree of cgroups: controllers on the way down, what the kernel refuses, and the way back. */
#include "tests/unit/unit.h"

#include <fcntl.h>

#include "apply/apply.h"
#include "apply/controllers.h"
#include "apply/resources.h"
#include "base/log.h"
#include "base/str.h"
#include "sys/cgroup.h"
#include "sys/resctrl.h"

/* The files of the fake. A descriptor is a copy of standard error, whose number is looked up in `opened`. */
struct file {
	const char *cgroup, *name;
	char text[512];
	int write_error;
};

static struct file files[40];
static size_t files_len;
static const char *opened[1024];
static struct str calls;
static struct arena *arena;
static struct err err;
static struct plan plan;
static struct apply ctx;
static struct op ops[16];

static struct file *find(const char *cgroup, const char *name)
{
	for (size_t i = 0; i < files_len; i++)
		if (strcmp(files[i].cgroup, cgroup) == 0 && strcmp(files[i].name, name) == 0)
			return &files[i];
	return NULL;
}

static struct file *put(const char *cgroup, const char *name, const char *value)
{
	struct file *f = find(cgroup, name);

	if (!f)
		f = &files[files_len++];
	*f = (struct file){ .cgroup = cgroup, .name = name };
	snprintf(f->text, sizeof f->text, "%s\n", value);
	return f;
}

int sys_cgroup_open(const char *path)
{
	int fd;

	for (size_t i = 0; i < files_len; i++)
		if (strcmp(files[i].cgroup, path) == 0) {
			fd = dup(2);
			assert_in_range(fd, 0, 1023);
			opened[fd] = files[i].cgroup;
			return fd;
		}
	return -ENOENT;
}

int sys_cgroup_read(int fd, const char *file, char *buf, size_t size)
{
	struct file *f = find(opened[fd], file);

	if (!f)
		return -ENOENT;
	snprintf(buf, size, "%s", f->text);
	return 0;
}

static void enable(const char *parent, const char *value)
{
	struct file *list = find(parent, "cgroup.subtree_control");
	char *end = strchr(list->text, '\n');

	for (; *value; value++)
		if (*value != '+')
			*end++ = *value;
	strcpy(end, " \n");
}

int sys_cgroup_write(int fd, const char *file, const char *value)
{
	struct file *f = find(opened[fd], file);

	str_addf(&calls, "%s/%s=%s;", opened[fd], file, value);
	if (!f)
		return -ENOENT;
	if (f->write_error)
		return -f->write_error;
	if (strcmp(file, "cgroup.subtree_control") == 0)
		enable(opened[fd], value);
	else
		snprintf(f->text, sizeof f->text, "%s\n", value);
	return 0;
}

int sys_resctrl_open(void)
{
	return -ENODEV;
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	files_len = 0;
	memset(ops, 0, sizeof ops);
	str_free(&calls);
	calls = STR_INIT;
	put("/", "cgroup.controllers", "cpu memory pids");
	put("/", "cgroup.subtree_control", "");
	put("/a", "cgroup.controllers", "cpu memory pids");
	put("/a", "cgroup.subtree_control", "");
	put("/a/b", "cgroup.controllers", "");
	put("/a/b", "memory.max", "max");
	put("/a/b", "memory.current", "4096");
	put("/a/b", "pids.max", "max");
	plan = (struct plan){ .arena = arena, .ops = ops, .cgroup_path = "/a/b" };
	ctx = (struct apply){ .arena = arena, .plan = &plan, .proc_fd = -1 };
	ctx.cgroup_fd = sys_cgroup_open("/a/b");
	return log_open("/dev/null", "text", false, &err);
}

static int tear_down(void **state)
{
	(void)state;
	if (ctx.cgroup_fd >= 0)
		close(ctx.cgroup_fd);
	str_free(&calls);
	arena_free(arena);
	return 0;
}

#define assert_calls(expected) assert_string_equal(str_text(&calls), expected)

static int enable_on(const char *list)
{
	return controllers_enable("/a/b", ctx.cgroup_fd, list, &err);
}

static void controllers_come_down_the_tree(void **state)
{
	(void)state;
	assert_ok(enable_on("memory pids"), &err);
	assert_calls("//cgroup.subtree_control=+memory +pids;/a/cgroup.subtree_control=+memory +pids;");
	/* what is given already is not given again */
	str_free(&calls);
	calls = STR_INIT;
	put("/", "cgroup.subtree_control", "cpu memory");
	put("/a", "cgroup.subtree_control", "");
	assert_ok(enable_on("cpu memory"), &err);
	assert_calls("/a/cgroup.subtree_control=+cpu +memory;");
	/* nor is anything looked at when all is there */
	str_free(&calls);
	calls = STR_INIT;
	put("/", "cgroup.subtree_control", "")->write_error = EIO;
	put("/a/b", "cgroup.controllers", "cpu memory");
	assert_ok(enable_on("memory"), &err);
	assert_calls("");
}

static void where_they_get_stuck(void **state)
{
	struct file *gives;

	(void)state;
	assert_error(enable_on("memory io"), &err, ENODEV,
		     "the cgroup / was not given the controller io: version 1 may have it (boot with cgroup_no_v1=io), "
		     "or it "
		     "must be delegated (systemd: Delegate=yes for user@.service)");
	gives = put("/a", "cgroup.subtree_control", "cpu");
	gives->write_error = EBUSY;
	assert_error(
		enable_on("cpu memory"), &err, EBUSY,
		"the cgroup /a has processes of its own, so it cannot give the controller memory to cgroups below it: "
		"name another place by linux.cgroupsPath, or use --systemd-cgroup");
	gives->write_error = EACCES;
	assert_error(enable_on("cpu memory"), &err, EACCES,
		     "the cgroup /a does not give the controller memory to those below it, and the caller may not "
		     "change that: "
		     "it must be delegated (systemd: Delegate=yes for user@.service)");
	/* "mem" is not given because "memory" is */
	put("/", "cgroup.controllers", "memory");
	assert_int_equal(enable_on("mem"), -ENODEV);
}

static void all_that_may_be(void **state)
{
	(void)state;
	put("/a", "cgroup.subtree_control", "")->write_error = EBUSY;
	controllers_enable_all("/a/b", ctx.cgroup_fd);
	assert_string_equal(find("/", "cgroup.subtree_control")->text, "cpu memory pids \n");
	/* one by one, when not all together */
	assert_calls(
		"//cgroup.subtree_control=+cpu +memory +pids;/a/cgroup.subtree_control=+cpu +memory +pids;"
		"/a/cgroup.subtree_control=+cpu;/a/cgroup.subtree_control=+memory;/a/cgroup.subtree_control=+pids;");
	str_free(&calls);
	calls = STR_INIT;
	put("/a/b", "cgroup.controllers", "pids memory cpu");
	controllers_enable_all("/a/b", ctx.cgroup_fd);
	assert_calls("");
}

static struct op write_op(const char *file, const char *value)
{
	return (struct op){
		.type = OP_CGROUP_WRITE, .index = -1, .where = "w", .cgroup_write = { .file = file, .value = value }
	};
}

static void one_limit(void **state)
{
	struct op op = write_op("memory.max", "8192");

	(void)state;
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
	op = write_op("pids.max", "");
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
	assert_calls("/a/b/memory.max=8192;/a/b/pids.max=\n;");
	/* the other file, where there is only that */
	op = write_op("io.bfq.weight", "10");
	op.cgroup_write.else_file = "io.weight";
	op.cgroup_write.else_value = "1";
	assert_error(
		apply_cgroup_write(&ctx, &op, &err), &err, ENOENT,
		"this kernel has neither io.bfq.weight nor io.weight: it needs the I/O scheduler BFQ (modprobe bfq) or "
		"CONFIG_BLK_CGROUP_IOCOST");
	put("/a/b", "io.weight", "default 100");
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
	assert_string_equal(find("/a/b", "io.weight")->text, "1\n");
	put("/a/b", "io.bfq.weight", "default 100");
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
	assert_string_equal(find("/a/b", "io.bfq.weight")->text, "10\n");
}

static void what_the_kernel_refuses(void **state)
{
	struct op op = write_op("cpu.max", "5 5");

	(void)state;
	assert_error(apply_cgroup_write(&ctx, &op, &err), &err, ENOENT,
		     "this kernel has no file cpu.max in a cgroup: no such file or directory");
	put("/a/b", "cpu.max", "max 100000")->write_error = EINVAL;
	assert_error(apply_cgroup_write(&ctx, &op, &err), &err, EINVAL, "write \"5 5\" to cpu.max: invalid argument");
	op = write_op("io.max", "8:0 rbps=1");
	put("/a/b", "io.max", "")->write_error = ENODEV;
	assert_error(apply_cgroup_write(&ctx, &op, &err), &err, ENODEV,
		     "write \"8:0 rbps=1\" to io.max: there is no such block device");
	/* lifting a limit that cannot be there, but not one that is there and stays */
	op = write_op("cpu.max.burst", "0");
	op.cgroup_write.if_there = true;
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
	put("/a/b", "cpu.max.burst", "1")->write_error = EPERM;
	assert_int_equal(apply_cgroup_write(&ctx, &op, &err), -EPERM);
	close(ctx.cgroup_fd);
	ctx.cgroup_fd = -1;
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
}

/* A kernel that cannot swap needs no limit for it; one that does not count swap cannot keep any. */
static void swap(void **state)
{
	struct op op = write_op("memory.swap.max", "0");
	const char *dir = unit_temp_dir();
	char file[4200];
	FILE *f;

	(void)state;
	ctx.proc_fd = open(dir, O_RDONLY | O_DIRECTORY);
	assert_ok(apply_cgroup_write(&ctx, &op, &err), &err);
	snprintf(file, sizeof file, "%s/swaps", dir);
	f = fopen(file, "w");
	assert_non_null(f);
	fclose(f);
	assert_error(apply_cgroup_write(&ctx, &op, &err), &err, ENOENT,
		     "this kernel does not count swap by cgroup: boot with swapaccount=1");
	close(ctx.proc_fd);
	unit_remove_tree(dir);
}

static void a_limit_that_must_fit(void **state)
{
	struct op op = { .type = OP_CGROUP_FITS, .fits = 4096 };

	(void)state;
	assert_error(apply_cgroup_fits(&ctx, &op, &err), &err, EBUSY,
		     "4096 bytes are in use, so the limit cannot be 4096 (memory.checkBeforeUpdate)");
	op.fits = 4097;
	assert_ok(apply_cgroup_fits(&ctx, &op, &err), &err);
}

static void plan_of(struct op a, struct op b, struct op c)
{
	ops[0] = a;
	ops[1] = b;
	ops[2] = c;
	plan.len = 3;
}

static void a_failed_update_is_undone(void **state)
{
	(void)state;
	put("/a/b", "io.max", "8:0 rbps=7 wbps=max riops=max wiops=max");
	put("/a/b", "cpu.max", "max 100000")->write_error = EINVAL;
	plan_of(write_op("memory.max", "8192"), write_op("io.max", "8:0 rbps=1"), write_op("cpu.max", "1 1"));
	ops[1].index = 4;
	assert_error(resources_update(&ctx, &err), &err, EINVAL, "w: write \"1 1\" to cpu.max: invalid argument");
	assert_string_equal(find("/a/b", "memory.max")->text, "max\n");
	assert_calls("/a/b/memory.max=8192;/a/b/io.max=8:0 rbps=1;/a/b/cpu.max=1 1;"
		     "/a/b/io.max=8:0 rbps=7 wbps=max riops=max wiops=max;/a/b/memory.max=max;");
	/* a device that had no limit, and one that had no weight */
	str_free(&calls);
	calls = STR_INIT;
	put("/a/b", "io.weight", "default 100\n8:1 5");
	plan_of(write_op("io.max", "8:16 wiops=1"), write_op("io.weight", "8:16 3"), write_op("cpu.max", "1 1"));
	assert_int_equal(resources_update(&ctx, &err), -EINVAL);
	assert_non_null(strstr(str_text(&calls), ";/a/b/io.weight=8:16 default;/a/b/io.max=8:16 rbps=max wbps=max "
						 "riops=max wiops=max;"));
	str_free(&calls);
	calls = STR_INIT;
	plan_of(write_op("io.weight", "7"), write_op("cpu.max", "1 1"), write_op("cpu.max", "1 1"));
	put("/a/b", "io.weight", "default 100\n8:1 5");
	assert_int_equal(resources_update(&ctx, &err), -EINVAL);
	assert_calls("/a/b/io.weight=7;/a/b/cpu.max=1 1;/a/b/io.weight=default 100;");
}

static void what_cannot_be_undone_is_named(void **state)
{
	(void)state;
	put("/a/b", "misc.max", "");
	put("/a/b", "cpu.max", "max 100000")->write_error = EINVAL;
	plan_of(write_op("pids.max", "5"), write_op("misc.max", "res_a 1"), write_op("cpu.max", "1 1"));
	assert_error(
		resources_update(&ctx, &err), &err, EINVAL,
		"w: write \"1 1\" to cpu.max: invalid argument; already changed, and could not be put back: misc.max");
	assert_string_equal(find("/a/b", "pids.max")->text, "max\n");
}

/* The group of resctrl comes last, and takes the others back when it cannot be. */
static void caches(void **state)
{
	struct op_rdt rdt = { .group = "web" };

	(void)state;
	plan_of(write_op("memory.max", "8192"), (struct op){ .type = OP_RDT_SCHEMATA, .rdt = &rdt, .index = -1 },
		(struct op){ 0 });
	ops[1].where = "intelRdt";
	plan.len = 2;
	assert_int_equal(resources_update(&ctx, &err), -ENODEV);
	assert_string_equal(find("/a/b", "memory.max")->text, "max\n");
}

static void an_update(void **state)
{
	(void)state;
	plan_of((struct op){ .type = OP_CGROUP_CONTROLLERS, .text = "memory", .index = -1 },
		(struct op){ .type = OP_CGROUP_FITS, .fits = 8192, .index = -1 }, write_op("memory.max", "8192"));
	assert_ok(resources_update(&ctx, &err), &err);
	assert_string_equal(find("/a/b", "memory.max")->text, "8192\n");
	assert_non_null(strstr(str_text(&calls), "+memory"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(controllers_come_down_the_tree),
	TEST(where_they_get_stuck),
	TEST(all_that_may_be),
	TEST(one_limit),
	TEST(what_the_kernel_refuses),
	TEST(swap),
	TEST(a_limit_that_must_fit),
	TEST(a_failed_update_is_undone),
	TEST(what_cannot_be_undone_is_named),
	TEST(caches),
	TEST(an_update),
};

UNIT_MAIN(tests)
