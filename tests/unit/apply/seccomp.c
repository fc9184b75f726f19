/* Filters, compiled by the real libseccomp and loaded into children of the test; and their cache. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "apply/apply.h"
#include "apply/seccomp.h"
#include "base/io.h"
#include "sys/creds.c"
#include "sys/exec.c"
#include "sys/process.h"
#include "sys/notify.c"
#include "sys/socket.c"

static unsigned trimmed;
void sys_trim_heap(void) { trimmed++; }

static struct arena *arena;
static struct err err;
static char dir[4096];

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	snprintf(dir, sizeof dir, "%s", unit_temp_dir());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	unit_remove_tree(dir);
	return 0;
}

#define ALLOW OCI_SECCOMP_ACTION_SCMP_ACT_ALLOW
#define ERRNO OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO

/* What the call returns, as -errno, in a child that has loaded the filter. */
static int with_filter(const struct seccomp_program *program, long number, long arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (sys_set_no_new_privs() < 0 || sys_seccomp_load(program->filter, program->len, 0) < 0)
			_exit(255);
		/* not by _exit, where a sanitizer would look for leaks with calls that the filter denies */
		syscall(SYS_exit_group, syscall(number, arg, 0, 0) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) + 1000;
	assert_int_not_equal(WEXITSTATUS(status), 255);
	return WEXITSTATUS(status);
}

static void a_filter_does_what_it_says(void **state)
{
	const struct oci_syscall_arg arg = { .index = 0, .value = 7, .op = OCI_SECCOMP_OPERATORS_SCMP_CMP_EQ };
	const struct oci_syscall_arg masked = {
		.index = 0, .value = 0xf0, .value_two = 0x10, .op = OCI_SECCOMP_OPERATORS_SCMP_CMP_MASKED_EQ,
	};
	struct plan_seccomp_rule rules[] = {
		{ .name = "getppid", .action = ERRNO, .errno_ret = 99 },
		{ .name = "personality", .action = ERRNO, .errno_ret = 42, .args = &arg, .args_len = 1 },
		{ .name = "umask", .action = ERRNO, .errno_ret = 43, .args = &masked, .args_len = 1 },
		{ .name = "getuid", .action = OCI_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS },
		{ .name = "no_such_call", .action = ERRNO, .errno_ret = 1 },
	};
	struct plan_seccomp filter = { .default_action = ALLOW, .rules = rules, .rules_len = 5 };
	struct seccomp_program program;

	(void)state;
	assert_ok(seccomp_compile(arena, &filter, &program, &err), &err);
	assert_int_equal(with_filter(&program, SYS_getppid, 0), 99);
	assert_int_equal(with_filter(&program, SYS_personality, 7), 42);
	assert_int_equal(with_filter(&program, SYS_personality, 0xffffffff), 0);
	assert_int_equal(with_filter(&program, SYS_umask, 0x1f), 43);
	assert_int_equal(with_filter(&program, SYS_umask, 0x2f), 0);
	assert_int_equal(with_filter(&program, SYS_getuid, 0), 1000 + SIGSYS);
	assert_int_equal(with_filter(&program, SYS_getpid, 0), 0);
}

static void a_default_that_denies(void **state)
{
	struct plan_seccomp_rule rules[] = {
		{ .name = "exit_group", .action = ALLOW }, { .name = "exit", .action = ALLOW },
		{ .name = "getppid", .action = ALLOW }, { .name = "getppid", .action = ALLOW },
	};
	struct plan_seccomp filter = { .default_action = ERRNO, .default_errno = 38, .rules = rules, .rules_len = 4 };
	struct seccomp_program program;

	(void)state;
	assert_ok(seccomp_compile(arena, &filter, &program, &err), &err);
	assert_int_equal(with_filter(&program, SYS_getppid, 0), 0);
	assert_int_equal(with_filter(&program, SYS_getuid, 0), 38);
}

static void architectures_are_checked(void **state)
{
	const enum oci_seccomp_arch both[] = { OCI_SECCOMP_ARCH_SCMP_ARCH_X86_64, OCI_SECCOMP_ARCH_SCMP_ARCH_X86 };
	const enum oci_seccomp_arch big[] = { OCI_SECCOMP_ARCH_SCMP_ARCH_S390X };
	struct plan_seccomp_rule rule = { .name = "getppid", .action = ERRNO, .errno_ret = 5 };
	struct plan_seccomp filter = { .default_action = ALLOW, .rules = &rule, .rules_len = 1 };
	struct seccomp_program one, two;

	(void)state;
	assert_ok(seccomp_compile(arena, &filter, &one, &err), &err);
	filter.archs = both;
	filter.archs_len = 2;
	assert_ok(seccomp_compile(arena, &filter, &two, &err), &err);
	assert_true(two.len > one.len);
	filter.archs = big;
	filter.archs_len = 1;
	if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
		assert_error(seccomp_compile(arena, &filter, &two, &err), &err, EINVAL,
			     "architectures[0]: SCMP_ARCH_S390X has the other byte order than this machine");
}

static void every_architecture_has_a_name_for_the_library(void **state)
{
	struct plan_seccomp filter = { .default_action = ALLOW };
	struct seccomp_program program;

	(void)state;
	for (int i = 1; i <= OCI_SECCOMP_ARCH_SCMP_ARCH_S390X; i++) {
		enum oci_seccomp_arch arch = (enum oci_seccomp_arch)i;
		bool newer = strstr("SCMP_ARCH_LOONGARCH64 SCMP_ARCH_M68K SCMP_ARCH_SH SCMP_ARCH_SHEB",
				    oci_seccomp_arch_name(arch));
		int r;

		filter.archs = &arch;
		filter.archs_len = 1;
		r = seccomp_compile(arena, &filter, &program, &err);
		if (r < 0 && r != -EINVAL && !newer)
			fail_msg("%s", err.text);
	}
}

/* ---- the cache ---- */

static struct plan_seccomp_rule cached_rule = { .name = "getppid", .action = ERRNO, .errno_ret = 7 };
static struct plan_seccomp cached = { .default_action = ALLOW, .rules = &cached_rule, .rules_len = 1 };

static char *slot_path(void)
{
	char command[8192], name[64] = "";
	FILE *p;

	snprintf(command, sizeof command, "ls '%s/.seccomp-cache'", dir);
	p = popen(command, "r");
	assert_non_null(p);
	assert_int_equal(fscanf(p, "%63s", name), 1);
	assert_int_equal(fscanf(p, "%63s", command), EOF);
	pclose(p);
	return arena_printf(arena, "%s/.seccomp-cache/%s", dir, name);
}

static void compile_cached(int errno_expected)
{
	struct seccomp_program program;

	assert_ok(seccomp_compile_cached(arena, dir, &cached, &program, &err), &err);
	assert_int_equal(with_filter(&program, SYS_getppid, 0), errno_expected);
}

static void the_second_time_is_from_the_cache(void **state)
{
	struct stat first, second;

	(void)state;
	trimmed = 0;
	compile_cached(7);
	/* what libseccomp needed is given back, or each created container would hold it */
	assert_int_equal(trimmed, 1);
	assert_int_equal(stat(slot_path(), &first), 0);
	assert_int_equal(first.st_mode & 0777, 0600);
	compile_cached(7);
	assert_int_equal(stat(slot_path(), &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(trimmed, 1);
}

/* Changes one byte of the file, and expects that it is noticed and put right. */
static void broken_files_are_replaced(void **state)
{
	struct stat before, after;
	char *path, byte;
	int fd;

	(void)state;
	compile_cached(7);
	path = slot_path();
	assert_int_equal(stat(path, &before), 0);
	for (off_t at = 0; at < before.st_size; at += at < 40 ? 1 : 13) {
		fd = open(path, O_RDWR);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		assert_int_equal(fstat(fd, &before), 0);
		compile_cached(7);
		assert_int_equal(stat(path, &after), 0);
		assert_int_not_equal(before.st_ino, after.st_ino);
		close(fd);
	}
	assert_int_equal(truncate(path, 20), 0);
	compile_cached(7);
}

static void what_others_may_write_is_not_read(void **state)
{
	struct stat before, after;
	char *path;

	(void)state;
	compile_cached(7);
	path = slot_path();
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(stat(path, &before), 0);
	compile_cached(7);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	/* a link in place of the file; the directory open to others */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	compile_cached(7);
	assert_int_equal(lstat(path, &after), 0);
	assert_true(S_ISREG(after.st_mode));
	assert_int_equal(unlink(path), 0);
	path = arena_printf(arena, "%s/.seccomp-cache", dir);
	assert_int_equal(chmod(path, 0755), 0);
	compile_cached(7);
	assert_int_equal(rmdir(path), 0);
}

static void two_filters_in_one_slot(void **state)
{
	char *path, *other;

	(void)state;
	compile_cached(7);
	path = slot_path();
	/* the file of one filter at the place of another: the key inside tells */
	other = arena_printf(arena, "%s/other", dir);
	assert_int_equal(rename(path, other), 0);
	cached_rule.errno_ret = 8;
	compile_cached(8);
	path = slot_path();
	assert_int_equal(rename(other, path), 0);
	compile_cached(8);
	cached_rule.errno_ret = 7;
}

static void no_cache_is_no_failure(void **state)
{
	(void)state;
	assert_int_equal(chmod(dir, 0500), 0);
	compile_cached(7);
	assert_int_equal(chmod(dir, 0700), 0);
	snprintf(dir + strlen(dir), sizeof dir - strlen(dir), "/none");
	compile_cached(7);
	*strrchr(dir, '/') = 0;
}

static void the_operations(void **state)
{
	struct apply ctx = { .arena = arena, .state_root = dir };
	struct op op = { .seccomp = &cached };
	int status;
	pid_t pid;

	(void)state;
	assert_ok(apply_seccomp_build(&ctx, &op, &err), &err);
	pid = fork();
	if (pid == 0) {
		/* an ordinary user without no_new_privs */
		if (apply_seccomp(&ctx, &op, &err) != -EACCES || !strstr(err.text, "noNewPrivileges"))
			_exit(1);
		if (sys_set_no_new_privs() < 0 || apply_seccomp(&ctx, &op, &err) < 0)
			_exit(2);
		_exit(syscall(SYS_getppid) < 0 && errno == 7 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static const char *state_text(struct apply *ctx, const char *metadata)
{
	return arena_printf(ctx->arena, "state %s", metadata);
}

/* The child asks about what it needs to send, and the parent, who got the descriptor all the same, denies it. */
static void a_filter_that_asks(void **state)
{
	struct plan_seccomp_rule rules[] = {
		{ .name = "sendmsg", .action = OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY },
		{ .name = "futex", .action = OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY },
		{ .name = "getppid", .action = OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY },
	};
	struct plan_seccomp filter = { .default_action = ALLOW, .rules = rules, .rules_len = 3, .notify = true,
		.metadata = "m" };
	const struct op op = { .type = OP_SECCOMP, .seccomp = &filter };
	struct apply ctx = { .arena = arena, .state_root = dir, .process_state = state_text };
	struct seccomp_notif question = { 0 };
	struct seccomp_notif_resp reply = { .error = -55 };
	int pair[2], listener, status;
	char text[64];
	pid_t pid;

	(void)state;
	assert_int_equal(sys_socket_pair(pair), 0);
	ctx.listener_fd = pair[1];
	assert_ok(apply_seccomp_build(&ctx, &op, &err), &err);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		if (sys_set_no_new_privs() < 0 || apply_seccomp(&ctx, &op, &err) < 0)
			_exit(2);
		syscall(SYS_exit_group, syscall(SYS_getppid) < 0 && errno == 55 && ctx.listener_fd == -1 ? 0 : 3);
	}
	close(pair[1]);
	assert_int_equal(sys_socket_recv_fd(pair[0], text, sizeof text, &listener), 0);
	assert_string_equal(text, "state m");
	/* closed after the one message */
	assert_int_equal(read(pair[0], text, 1), 0);
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question), 0);
	assert_int_equal(question.data.nr, SYS_getppid);
	reply.id = question.id;
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(listener);
	close(pair[0]);
}

static void nobody_to_ask(void **state)
{
	struct plan_seccomp_rule rule = { .name = "getppid", .action = OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY };
	struct plan_seccomp filter = { .default_action = ALLOW, .rules = &rule, .rules_len = 1, .notify = true };
	const struct op op = { .type = OP_SECCOMP, .seccomp = &filter };
	struct apply ctx = { .arena = arena, .state_root = dir, .process_state = state_text };
	int pair[2], status;
	pid_t pid;

	(void)state;
	assert_ok(apply_seccomp_build(&ctx, &op, &err), &err);
	pid = fork();
	if (pid == 0) {
		sys_set_no_new_privs();
		sys_socket_pair(pair);
		close(pair[0]);
		ctx.listener_fd = pair[1];
		if (apply_seccomp(&ctx, &op, &err) != -EPIPE || !strstr(err.text, "has hung up"))
			_exit(1);
		/* and the filter is not in force */
		_exit(syscall(SYS_getppid) < 0 ? 2 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_filter_does_what_it_says),
	TEST(a_default_that_denies),
	TEST(architectures_are_checked),
	TEST(every_architecture_has_a_name_for_the_library),
	TEST(the_second_time_is_from_the_cache),
	TEST(broken_files_are_replaced),
	TEST(what_others_may_write_is_not_read),
	TEST(two_filters_in_one_slot),
	TEST(no_cache_is_no_failure),
	TEST(the_operations),
	TEST(a_filter_that_asks),
	TEST(nobody_to_ask),
};

UNIT_MAIN(tests)
