/* OP_CONSOLE, on a fake of the terminal: the order of its steps, and what is said when one of them fails. */
#include "tests/unit/unit.h"

#include "apply/apply.h"
#include "apply/mount.h"
#include "apply/rootfs.h"
#include "base/str.h"
#include "sys/mount.h"
#include "sys/process.h"
#include "sys/pty.h"
#include "sys/socket.h"

static struct str calls;
static const char *failing;
static int failure;
static struct err err;
static struct apply ctx;

static int set_up(void **state)
{
	(void)state;
	str_free(&calls);
	failing = NULL;
	ctx = (struct apply){ .proc_fd = 100, .root_fd = 101, .console_fd = 102 };
	return 0;
}

static int call(const char *name, int success)
{
	str_addf(&calls, "%s ", name);
	return failing && strcmp(failing, name) == 0 ? -failure : success;
}

/* Descriptors are real, so that closing them is no mistake. */
static int call_fd(const char *name)
{
	int r = call(name, 0);

	return r < 0 ? r : dup(2);
}

int sys_pty_open(int proc_fd, int root_fd)
{
	assert_int_equal(proc_fd, 100);
	assert_int_equal(root_fd, 101);
	return call_fd("open");
}

int sys_pty_slave(int master) { (void)master; return call_fd("slave"); }
int sys_pty_number(int master, unsigned *ret) { (void)master; *ret = 12; return call("number", 0); }
int sys_pty_control(int slave) { (void)slave; return call("control", 0); }
int sys_new_session(void) { return call("session", 0); }
int sys_pty_become_standard(int fd) { (void)fd; return call("standard", 0); }

int sys_pty_plain_lines(int slave) { (void)slave; return call("plain", 0); }

int sys_pty_set_size(int fd, unsigned rows, unsigned columns)
{
	(void)fd;
	assert_int_equal(rows, 24);
	assert_int_equal(columns, 80);
	return call("size", 0);
}

int sys_pty_chown(int slave, uid_t uid)
{
	(void)slave;
	assert_int_equal(uid, 1000);
	return call("chown", 0);
}

int sys_socket_send_fd(int sock, const char *text, int fd)
{
	assert_int_equal(sock, 102);
	assert_string_equal(text, "/dev/pts/12");
	assert_true(fd > 2);
	return call("send", 0);
}

int sys_clone_tree_fd(int fd, bool recursive) { (void)fd; assert_false(recursive); return call_fd("clone"); }
int rootfs_mount_point(struct apply *c, const char *path, bool directory, bool nofollow, int *ret, struct err *e)
{
	int fd;

	/* What stands in its place, a symlink perhaps, is not followed. */
	assert_ptr_equal(c, &ctx);
	assert_string_equal(path, "/dev/console");
	assert_true(nofollow && !directory);
	fd = call_fd("target");
	if (fd < 0)
		return err_sys(e, -fd, "the mount point %s", path);
	*ret = fd;
	return 0;
}

int mount_attach(int mount_fd, int dest_fd, const char *dest, struct err *e)
{
	int r = call("attach", 0);

	assert_true(mount_fd > 2 && dest_fd > 2);
	return r < 0 ? err_sys(e, -r, "mount onto %s", dest) : 0;
}

static struct op console_op(bool bind)
{
	return (struct op){
		.type = OP_CONSOLE, .console = { .rows = 24, .columns = 80, .uid = 1000, .bind_console = bind },
	};
}

static void the_order_of_things(void **state)
{
	struct op op = console_op(true);

	(void)state;
	assert_ok(apply_console(&ctx, &op, &err), &err);
	assert_string_equal(str_text(&calls),
			    "open slave chown size clone target attach number send control standard ");
}

static void what_is_not_asked_for_is_left_out(void **state)
{
	struct op op = console_op(false);

	(void)state;
	op.console.rows = op.console.columns = 0;
	assert_ok(apply_console(&ctx, &op, &err), &err);
	assert_string_equal(str_text(&calls), "open slave chown number send control standard ");
}

static void somebody_must_take_it(void **state)
{
	struct op op = console_op(true);

	(void)state;
	ctx.console_fd = -1;
	assert_int_equal(apply_console(&ctx, &op, &err), -EINVAL);
	assert_non_null(strstr(err.text, "--console-socket"));
	assert_string_equal(str_text(&calls), "");
}

static void every_failure_is_explained(void **state)
{
	static const struct { const char *step; int num; const char *says; } cases[] = {
		{ "open", ENOENT, "mount a devpts on /dev/pts" },
		{ "open", ENODEV, "is not the terminal multiplexer" },
		{ "open", ENOSPC, "cannot make a terminal on the container's devpts: no space left on device" },
		{ "slave", EIO, "container's end" },
		{ "chown", EINVAL, "cannot give the terminal to uid 1000" },
		{ "size", EIO, "size to 80x24" },
		{ "clone", EPERM, "/dev/console" },
		{ "target", EROFS, "/dev/console" },
		{ "attach", EPERM, "mount onto /dev/console" },
		{ "send", EPIPE, "console socket: broken pipe" },
		{ "control", EPERM, "controlling terminal" },
		{ "standard", EBADF, "standard streams" },
	};
	struct op op = console_op(true);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		failing = cases[i].step;
		failure = cases[i].num;
		assert_int_equal(apply_console(&ctx, &op, &err), -cases[i].num);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%s: %s", cases[i].step, err.text);
	}
}

static void exec_begins_its_session_later(void **state)
{
	struct op op = console_op(false);
	struct op session = { .type = OP_SESSION, .session = { .terminal = true } };

	(void)state;
	op.console.session_later = true;
	assert_ok(apply_console(&ctx, &op, &err), &err);
	assert_string_equal(str_text(&calls), "open slave chown size number send standard ");
	assert_ok(apply_session(&ctx, &session, &err), &err);
	session.session.terminal = false;
	assert_ok(apply_session(&ctx, &session, &err), &err);
	assert_string_equal(str_text(&calls), "open slave chown size number send standard session control session ");
	failing = "session";
	failure = EPERM;
	assert_error(apply_session(&ctx, &session, &err), &err, EPERM,
		     "cannot begin a session of its own: operation not permitted");
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

static const struct CMUnitTest tests[] = {
	TEST(the_order_of_things),
	TEST(what_is_not_asked_for_is_left_out),
	TEST(somebody_must_take_it),
	TEST(every_failure_is_explained),
	TEST(exec_begins_its_session_later),
};

UNIT_MAIN(tests)
