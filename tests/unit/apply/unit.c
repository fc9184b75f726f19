/* What cloister-systemd is called with, and what its answers mean. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "apply/unit.h"
#include "base/io.h"
#include "sys/cgroup.h"
#include "sys/command.h"

static char said[4096];           /* the words of the last call, each with a blank behind it */
static struct sys_command_result answer;
static char mark[PATH_MAX];       /* of the cgroup; "": none */
static char moved[64];            /* what was written to cgroup.procs */
static int opened;                /* what opening the cgroup gives; 0: a descriptor */
static struct apply ctx;
static struct err err;

int sys_command_run(const struct sys_command *command, struct sys_command_result *ret)
{
	said[0] = '\0';
	for (char *const *word = command->argv; *word; word++) {
		strcat(said, *word);
		strcat(said, " ");
	}
	*ret = answer;
	return 0;
}

int sys_cgroup_open(const char *path)
{
	(void)path;
	return opened ? opened : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int sys_cgroup_mark(int fd, const char *text)
{
	(void)fd;
	if (mark[0])
		return -EEXIST;
	snprintf(mark, sizeof mark, "%s", text);
	return 0;
}

int sys_cgroup_read_mark(int fd, char *buf, size_t size)
{
	(void)fd;
	snprintf(buf, size, "%s", mark);
	return mark[0] ? 0 : -ENODATA;
}

int sys_cgroup_write(int fd, const char *file, const char *value)
{
	(void)fd;
	assert_string_equal(file, "cgroup.procs");
	snprintf(moved, sizeof moved, "%s", value);
	return 0;
}

/* What apply/cgroup.c reaches, and these tests do not. */
int sys_cgroup_make(const char *path, bool *made) { (void)path, (void)made; return -ENOSYS; }
int sys_cgroup_read(int fd, const char *file, char *buf, size_t size)
{
	(void)fd, (void)file, (void)buf, (void)size;
	return -ENOSYS;
}
int sys_cgroup_read_flag(int mount, const char *path, const char *file)
{
	(void)mount, (void)path, (void)file;
	return -ENOSYS;
}
int sys_cgroup_open_below(int fd, const char *path) { (void)fd, (void)path; return -ENOSYS; }
int sys_cgroup_populated(int fd) { (void)fd; return -ENOSYS; }
int sys_cgroup_wait_empty(int fd, int ms) { (void)fd, (void)ms; return -ENOSYS; }
int sys_cgroup_wait_frozen(int fd, bool frozen, int ms) { (void)fd, (void)frozen, (void)ms; return -ENOSYS; }
int sys_cgroup_remove(const char *path, bool recursive) { (void)path, (void)recursive; return -ENOSYS; }
bool sys_cgroup_may_enter(int fd) { (void)fd; return false; }
int sys_cgroup_each_pid(int fd, int (*visit)(pid_t pid, void *data), void *data)
{
	(void)fd, (void)visit, (void)data;
	return -ENOSYS;
}

static int set_up(void **state)
{
	(void)state;
	ctx = (struct apply){
		.arena = arena_new(), .id = "web", .state_root = "/run/c", .target = 42, .cgroup_fd = -1,
		.systemd_helper = "/x/cloister-systemd",
	};
	answer = (struct sys_command_result){ 0 };
	mark[0] = moved[0] = '\0';
	opened = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (ctx.cgroup_fd >= 0)
		close(ctx.cgroup_fd);
	arena_free(ctx.arena);
	return 0;
}

static int start(const char *name, bool user)
{
	static const char *words[] = { "Slice", "s", "a.slice" };
	struct plan_unit unit = { .name = name, .slice = "a.slice", .user = user, .words = words, .words_len = 3 };
	const struct op op = { .type = OP_UNIT, .unit = &unit };

	return apply_unit(&ctx, &op, &err);
}

static void a_scope_is_made_around_the_process(void **state)
{
	(void)state;
	strcpy(answer.output, "/a.slice/web.scope\n");
	assert_ok(start("web.scope", false), &err);
	assert_string_equal(said, "/x/cloister-systemd system start web.scope Description s cloister container web "
			    "(/run/c) PIDs au 1 42 Slice s a.slice ");
	assert_string_equal(ctx.cgroup_path, "/a.slice/web.scope");
	assert_true(ctx.cgroup_fd >= 0);
	assert_string_equal(mark, "/run/c/web");
	assert_string_equal(moved, "");
	assert_true(ctx.unit_asked);
}

static void systemd_puts_nobody_into_a_slice(void **state)
{
	(void)state;
	strcpy(answer.output, "/b.slice");
	assert_ok(start("b.slice", true), &err);
	assert_string_equal(said, "/x/cloister-systemd user start b.slice Description s cloister container web "
			    "(/run/c) Slice s a.slice ");
	assert_string_equal(moved, "42");
}

static void what_fails(void **state)
{
	(void)state;
	answer.status = W_EXITCODE(1, 0);
	strcpy(answer.output, "systemd says no\nand more");
	assert_error(start("web.scope", false), &err, EIO, "systemd says no");
	assert_true(ctx.unit_asked);
	answer.status = W_EXITCODE(2, 0);
	strcpy(answer.output, "no bus");
	assert_error(start("web.scope", false), &err, ENOTCONN, "no bus");
	assert_false(ctx.unit_asked);
	answer = (struct sys_command_result){ .exec_error = ENOENT };
	assert_error(start("web.scope", false), &err, ENOENT,
		     "the systemd cgroup manager needs /x/cloister-systemd, which cannot be run: no such file or "
		     "directory");
	answer = (struct sys_command_result){ .timed_out = true };
	assert_error(start("web.scope", false), &err, ETIMEDOUT, "systemd does not answer within 90 s");
	answer = (struct sys_command_result){ .status = W_EXITCODE(0, 9) };
	assert_error(start("web.scope", false), &err, EIO, "cloister-systemd was killed");
	assert_null(ctx.cgroup_path);
	/* what it has made cannot be seen from here, or is another's */
	answer = (struct sys_command_result){ .output = "/a.slice/web.scope" };
	opened = -ENOENT;
	assert_error(start("web.scope", false), &err, ENOENT,
		     "open the cgroup /a.slice/web.scope, which systemd has made for the unit web.scope: no such file "
		     "or directory");
	opened = 0;
	strcpy(mark, "/run/d/web");
	assert_error(start("web.scope", false), &err, EBUSY,
		     "the cgroup /a.slice/web.scope belongs to another container");
	assert_null(ctx.cgroup_path);
}

static void the_other_calls(void **state)
{
	static const char *words[] = { "TasksMax", "t", "5" };
	const struct unit unit = { "/x/cloister-systemd", "web.scope", true };
	const struct cgroup_owner owner = { "/run/c", "web" };
	const struct plan_unit plan = { .name = "web.scope", .words = words, .words_len = 3 };

	(void)state;
	assert_ok(unit_destroy(&unit, &owner, &err), &err);
	assert_string_equal(said, "/x/cloister-systemd user stop web.scope cloister container web (/run/c) ");
	assert_ok(unit_attach(&unit, 7, &err), &err);
	assert_string_equal(said, "/x/cloister-systemd user attach web.scope 7 ");
	assert_ok(unit_set("/x/cloister-systemd", &plan, &err), &err);
	assert_string_equal(said, "/x/cloister-systemd system set web.scope TasksMax t 5 ");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_scope_is_made_around_the_process),
	TEST(systemd_puts_nobody_into_a_slice),
	TEST(what_fails),
	TEST(the_other_calls),
};

UNIT_MAIN(tests)
