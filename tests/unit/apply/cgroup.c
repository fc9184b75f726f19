/* Making and destroying a cgroup, on a fake tree: nothing that is somebody else's is ever killed. */
#include "tests/unit/unit.h"

#include <signal.h>

#include "apply/apply.h"
#include "apply/cgroup.h"
#include "base/str.h"
#include "sys/cgroup.h"

/* The one cgroup of the fake; its descriptor is a copy of standard error, for close(2). */
static struct {
	bool exists, populated, may_enter, stubborn;
	int make_error, mark_error, flag;
	char mark[64], freeze[8];
	bool frozen;
} fake;
static struct str calls;
static struct err err;
static struct plan plan;
static struct apply ctx;
static const struct cgroup_owner owner = { "/run/state", "x" };

static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof fake);
	fake.may_enter = true;
	str_free(&calls);
	calls = STR_INIT;
	ctx = (struct apply){ .plan = &plan, .state_root = "/run/state", .id = "x", .cgroup_fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (ctx.cgroup_fd >= 0)
		close(ctx.cgroup_fd);
	str_free(&calls);
	return 0;
}

int sys_cgroup_open(const char *path)
{
	(void)path;
	return fake.exists ? dup(2) : -ENOENT;
}

int sys_cgroup_make(const char *path, bool *ret_made)
{
	(void)path;
	if (fake.make_error)
		return -fake.make_error;
	*ret_made = !fake.exists;
	fake.exists = true;
	return dup(2);
}

int sys_cgroup_mark(int fd, const char *text)
{
	(void)fd;
	if (fake.mark_error)
		return -fake.mark_error;
	if (fake.mark[0])
		return -EEXIST;
	snprintf(fake.mark, sizeof fake.mark, "%s", text);
	return 0;
}

int sys_cgroup_read_mark(int fd, char *buf, size_t size)
{
	(void)fd;
	snprintf(buf, size, "%s", fake.mark);
	return fake.mark[0] ? 0 : -ENODATA;
}

bool sys_cgroup_may_enter(int fd) { (void)fd; return fake.may_enter; }
int sys_cgroup_populated(int fd) { (void)fd; return fake.populated; }

int sys_cgroup_write(int fd, const char *file, const char *value)
{
	(void)fd;
	str_addf(&calls, "%s=%s ", file, value);
	if (strcmp(file, "cgroup.kill") == 0 && !fake.stubborn)
		fake.populated = false;
	return 0;
}

int sys_cgroup_read(int fd, const char *file, char *buf, size_t size)
{
	(void)fd;
	if (strcmp(file, "cgroup.events") == 0) {
		snprintf(buf, size, "populated 0\nfrozen %d\n", fake.frozen);
		return 0;
	}
	snprintf(buf, size, "%s", fake.freeze[0] ? fake.freeze : "0\n");
	return 0;
}

int sys_cgroup_wait_empty(int fd, int timeout_ms)
{
	(void)fd;
	(void)timeout_ms;
	return fake.populated ? -ETIMEDOUT : 0;
}

int sys_cgroup_wait_frozen(int fd, bool frozen, int timeout_ms)
{
	(void)fd;
	(void)timeout_ms;
	str_addf(&calls, "wait-%s ", frozen ? "frozen" : "thawed");
	return fake.stubborn && frozen ? -ETIMEDOUT : 0;
}

int sys_cgroup_read_flag(int mount, const char *path, const char *file)
{
	assert_int_equal(mount, 77);
	assert_string_equal(path, "/a/b");
	assert_string_equal(file, "cgroup.freeze");
	return fake.flag;
}

int sys_cgroup_open_below(int fd, const char *path)
{
	(void)fd;
	str_addf(&calls, "below=%s ", path);
	return strcmp(path, "missing") == 0 ? -ENOENT : dup(2);
}

int sys_cgroup_each_pid(int fd, int (*visit)(pid_t pid, void *data), void *data)
{
	(void)fd;
	str_add(&calls, "each ");
	return visit(getpid(), data);
}

int sys_cgroup_remove(const char *path, bool recursive)
{
	(void)path;
	str_addf(&calls, "remove%s ", recursive ? "-all" : "");
	if (fake.populated)
		return -EBUSY;
	fake.exists = false;
	fake.mark[0] = 0;
	return 0;
}

#define assert_calls(expected) assert_string_equal(str_text(&calls), expected)

static struct op cgroup_op(bool required)
{
	return (struct op){ .type = OP_CGROUP, .cgroup = { .path = "/a/b", .required = required } };
}

static void a_new_one_is_marked(void **state)
{
	struct op op = cgroup_op(true);

	(void)state;
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
	assert_true(ctx.cgroup_fd >= 0);
	assert_string_equal(fake.mark, "/run/state/x");
	fake.populated = true;
	assert_ok(cgroup_destroy("/a/b", &owner, &err), &err);
	assert_calls("cgroup.kill=1 remove-all ");
	assert_false(fake.exists);
	/* again: nothing to do */
	assert_ok(cgroup_destroy("/a/b", &owner, &err), &err);
}

static void it_is_asked_who_is_in_it(void **state)
{
	struct op op = cgroup_op(true);

	(void)state;
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
	assert_false(cgroup_holds_any("/a/b", &owner));
	fake.populated = true;
	assert_true(cgroup_holds_any("/a/b", &owner));
	snprintf(fake.mark, sizeof fake.mark, "/run/state/another");
	assert_false(cgroup_holds_any("/a/b", &owner));
}

static void one_in_use_is_refused_and_left_alone(void **state)
{
	struct op op = cgroup_op(true);

	(void)state;
	fake.exists = fake.populated = true;
	assert_error(apply_cgroup(&ctx, &op, &err), &err, EBUSY,
		     "the cgroup /a/b is in use: there are processes in it");
	fake.populated = false;
	fake.frozen = true;
	assert_error(apply_cgroup(&ctx, &op, &err), &err, EBUSY,
		     "the cgroup /a/b is frozen, or one above it: thaw it (cgroup.freeze)");
	fake.frozen = false;
	fake.populated = true;
	/* what the failed create does next */
	assert_ok(cgroup_destroy("/a/b", &owner, &err), &err);
	assert_ok(cgroup_signal("/a/b", &owner, SIGKILL, &err), &err);
	/* one that was not asked for is then left out */
	op = cgroup_op(false);
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
	assert_int_equal(ctx.cgroup_fd, -1);
	assert_null(strstr(str_text(&calls), "kill"));
	assert_true(fake.populated);
}

static void that_of_another_container_is_left_alone(void **state)
{
	struct op op = cgroup_op(true);

	(void)state;
	fake.exists = true;
	strcpy(fake.mark, "/run/state/y");
	assert_error(apply_cgroup(&ctx, &op, &err), &err, EBUSY, "the cgroup /a/b belongs to another container");
	assert_ok(cgroup_destroy("/a/b", &owner, &err), &err);
	assert_calls("");
	assert_true(fake.exists);
}

static void what_a_killed_create_left_is_removed(void **state)
{
	(void)state;
	fake.exists = true; /* made, not yet marked */
	assert_ok(cgroup_destroy("/a/b", &owner, &err), &err);
	assert_calls("remove ");
	assert_false(fake.exists);
}

static void a_stale_one_of_the_same_name_is_taken(void **state)
{
	struct op op = cgroup_op(true);

	(void)state;
	fake.exists = true;
	strcpy(fake.mark, "/run/state/x");
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
}

static void one_that_was_not_asked_for_may_be_missing(void **state)
{
	struct op op = cgroup_op(false);

	(void)state;
	fake.make_error = EACCES;
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
	assert_int_equal(ctx.cgroup_fd, -1);
	op = cgroup_op(true);
	assert_error(apply_cgroup(&ctx, &op, &err), &err, EACCES,
		     "cannot make the cgroup /a/b: permission denied (to others than root, its parent must be "
		     "delegated; under systemd --systemd-cgroup does that)");
	/* made, but of no use */
	fake.make_error = 0;
	fake.may_enter = false;
	op = cgroup_op(false);
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
	assert_int_equal(ctx.cgroup_fd, -1);
	assert_false(fake.exists);
	fake.may_enter = true;
	fake.mark_error = EPERM;
	assert_ok(apply_cgroup(&ctx, &op, &err), &err);
	assert_false(fake.exists);
}

static void processes_that_do_not_die_are_reported(void **state)
{
	(void)state;
	fake.exists = fake.populated = fake.stubborn = true;
	strcpy(fake.mark, "/run/state/x");
	assert_error(cgroup_destroy("/a/b", &owner, &err), &err, ETIMEDOUT,
		     "processes in the cgroup /a/b do not die");
}

static void signals_reach_all(void **state)
{
	(void)state;
	fake.exists = fake.populated = true;
	strcpy(fake.mark, "/run/state/x");
	assert_ok(cgroup_signal("/a/b", &owner, 0, &err), &err);
	assert_calls("cgroup.freeze=1 each cgroup.freeze=0 ");
	assert_ok(cgroup_signal("/a/b", &owner, SIGKILL, &err), &err);
	assert_calls("cgroup.freeze=1 each cgroup.freeze=0 cgroup.kill=1 ");
	/* nobody there any more */
	assert_ok(cgroup_signal("/a/b", &owner, SIGKILL, &err), &err);
	fake.exists = false;
	assert_ok(cgroup_signal("/a/b", &owner, SIGTERM, &err), &err);
}

static void only_its_own_can_be_frozen(void **state)
{
	(void)state;
	assert_error(cgroup_freeze("/a/b", &owner, true, &err), &err, ENOENT, "there is no cgroup /a/b");
	assert_int_equal(cgroup_is_frozen(-1, "/a/b", &owner, &err), 0);
	fake.exists = true;
	strcpy(fake.mark, "/run/state/y");
	strcpy(fake.freeze, "1\n");
	assert_error(cgroup_freeze("/a/b", &owner, true, &err), &err, ENOENT,
		     "the cgroup /a/b is not this container's");
	assert_int_equal(cgroup_is_frozen(-1, "/a/b", &owner, &err), 0);
	assert_calls("");
	strcpy(fake.mark, "/run/state/x");
	assert_int_equal(cgroup_is_frozen(-1, "/a/b", &owner, &err), 1);
	/* of many: the mount is open, and one look tells of most */
	fake.flag = 1;
	assert_int_equal(cgroup_is_frozen(77, "/a/b", &owner, &err), 1);
	fake.flag = 0;
	assert_int_equal(cgroup_is_frozen(77, "/a/b", &owner, &err), 0);
	fake.flag = -ENOENT;
	assert_int_equal(cgroup_is_frozen(77, "/a/b", &owner, &err), 0);
	fake.flag = -EIO;
	assert_int_equal(cgroup_is_frozen(77, "/a/b", &owner, &err), -EIO);
	strcpy(fake.freeze, "0\n");
	assert_int_equal(cgroup_is_frozen(-1, "/a/b", &owner, &err), 0);
	assert_ok(cgroup_freeze("/a/b", &owner, true, &err), &err);
	assert_ok(cgroup_freeze("/a/b", &owner, false, &err), &err);
	assert_calls("cgroup.freeze=1 wait-frozen cgroup.freeze=0 wait-thawed ");
}

static void a_failed_freeze_is_undone(void **state)
{
	(void)state;
	fake.exists = fake.stubborn = true;
	strcpy(fake.mark, "/run/state/x");
	assert_error(cgroup_freeze("/a/b", &owner, true, &err), &err, ETIMEDOUT,
		     "cannot freeze the cgroup /a/b: connection timed out");
	assert_calls("cgroup.freeze=1 wait-frozen cgroup.freeze=0 ");
}

static void only_its_own_can_be_entered(void **state)
{
	int fd = -1;

	(void)state;
	fake.exists = true;
	strcpy(fake.mark, "/run/state/y");
	assert_error(cgroup_enter("/a/b", &owner, NULL, &fd, &err), &err, ENOENT,
		     "the cgroup /a/b is not this container's");
	strcpy(fake.mark, "/run/state/x");
	assert_error(cgroup_enter("/a/b", &owner, "missing", &fd, &err), &err, ENOENT,
		     "open \"missing\" below the container's cgroup: no such file or directory");
	assert_int_equal(fd, -1);
	assert_ok(cgroup_enter("/a/b", &owner, "sub", &fd, &err), &err);
	assert_true(fd >= 0);
	close(fd);
	assert_ok(cgroup_enter("/a/b", &owner, NULL, &fd, &err), &err);
	close(fd);
	assert_calls("below=missing below=sub ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_new_one_is_marked),
	TEST(it_is_asked_who_is_in_it),
	TEST(one_in_use_is_refused_and_left_alone),
	TEST(that_of_another_container_is_left_alone),
	TEST(what_a_killed_create_left_is_removed),
	TEST(a_stale_one_of_the_same_name_is_taken),
	TEST(one_that_was_not_asked_for_may_be_missing),
	TEST(processes_that_do_not_die_are_reported),
	TEST(signals_reach_all),
	TEST(only_its_own_can_be_frozen),
	TEST(a_failed_freeze_is_undone),
	TEST(only_its_own_can_be_entered),
};

UNIT_MAIN(tests)
