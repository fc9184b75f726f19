/* Id maps and other files below /proc: what is written where, by whom, and how refusals are explained. */
#include "tests/unit/apply/fake_proc.h"

#include <sys/stat.h>

#include "apply/procfs.h"
#include "base/str.h"
#include "sys/command.h"
#include "sys/process.h"

static struct str commands;
static struct sys_command_result result;
static int command_failure;

int sys_command_run(const struct sys_command *c, struct sys_command_result *ret)
{
	const char *name = strrchr(c->path, '/') + 1;

	str_addf(&commands, "%s:", name);
	for (char *const *a = c->argv; *a; a++)
		str_addf(&commands, " %s", *a);
	str_addc(&commands, '\n');
	assert_null(c->envp[0]);
	assert_true(c->timeout > 0);
	*ret = result;
	return command_failure;
}

/* No process is ever made here. */
pid_t sys_clone(const struct sys_clone *c, int *ret_pidfd) { (void)c, (void)ret_pidfd; return -EAGAIN; }
int sys_pidfd_kill(int pidfd, int signal) { (void)pidfd, (void)signal; return -ESRCH; }
int sys_wait(pid_t pid) { (void)pid; return -ECHILD; }
int sys_die_with_parent(bool on) { (void)on; return 0; }

static int set_up(void **state)
{
	(void)state;
	commands = STR_INIT;
	result = (struct sys_command_result){ 0 };
	command_failure = 0;
	return proc_set_up();
}

static int tear_down(void **state)
{
	(void)state;
	str_free(&commands);
	proc_tear_down();
	return 0;
}

static const struct oci_id_mapping ranges[] = {
	{ .container_id = 0, .host_id = 1000, .size = 1 },
	{ .container_id = 1, .host_id = 100000, .size = 4294867295u },
};

static struct op map_of(enum id_map_how how)
{
	return (struct op){ .id_map = { .uids = { ranges, 2 }, .gids = { ranges, 1 }, .how = how } };
}

static void one_writes_ones_own(void **state)
{
	struct op op = map_of(ID_MAP_SELF);

	(void)state;
	proc_file("42/uid_map", "");
	proc_file("42/gid_map", "");
	proc_file("42/setgroups", "");
	assert_int_equal(apply_id_map(&ctx, &op, &err), 0);
	assert_string_equal(proc_text("42/setgroups"), "deny");
	assert_string_equal(proc_text("42/uid_map"), "0 1000 1\n1 100000 4294867295\n");
	assert_string_equal(proc_text("42/gid_map"), "0 1000 1\n");
	proc_failing = "42/setgroups";
	proc_failure = -EPERM;
	assert_error(apply_id_map(&ctx, &op, &err), &err, EPERM, "deny setgroups: operation not permitted");
}

static void the_privileged_write_anothers(void **state)
{
	struct op op = map_of(ID_MAP_DIRECT);

	(void)state;
	ctx.target = 77;
	proc_file("77/uid_map", "");
	proc_file("77/gid_map", "");
	assert_int_equal(apply_id_map(&ctx, &op, &err), 0);
	assert_string_equal(proc_text("77/uid_map"), "0 1000 1\n1 100000 4294867295\n");
	assert_string_equal(proc_text("77/gid_map"), "0 1000 1\n");
	/* setgroups stays allowed: 77/setgroups is not there, and nobody missed it */
	proc_failing = "77/gid_map";
	proc_failure = -EPERM;
	assert_error(apply_id_map(&ctx, &op, &err), &err, EPERM, "write the map of group ids: operation not permitted");
	proc_failing = "77/uid_map";
	assert_error(apply_id_map(&ctx, &op, &err), &err, EPERM, "write the map of user ids: operation not permitted");
}

/* The helpers are looked for in PATH first. */
static void helpers(const char *dir)
{
	static const char *const names[] = { "newuidmap", "newgidmap" };
	char path[400];

	for (int i = 0; i < 2; i++) {
		proc_file(names[i], "");
		snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		assert_int_equal(chmod(path, 0755), 0);
	}
	snprintf(path, sizeof path, "relative::%s", dir);
	setenv("PATH", path, 1);
}

static void the_helpers_are_told(void **state)
{
	struct op op = map_of(ID_MAP_HELPERS);

	(void)state;
	helpers(proc_path);
	ctx.target = 77;
	assert_int_equal(apply_id_map(&ctx, &op, &err), 0);
	assert_string_equal(str_text(&commands),
		"newuidmap: newuidmap 77 0 1000 1 1 100000 4294867295\n"
		"newgidmap: newgidmap 77 0 1000 1\n");
}

static void the_helpers_may_fail(void **state)
{
	struct op op = map_of(ID_MAP_HELPERS);

	(void)state;
	helpers(proc_path);
	result.status = 1 << 8;
	strcpy(result.output, "newuidmap: uid range [0-1) -> [1000-1001) not allowed");
	assert_int_equal(apply_id_map(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "newuidmap refused the map: newuidmap: uid range [0-1) -> [1000-1001) not "
		"allowed (are the "
				"ranges in /etc/subuid?)"));
	/* one refusal is enough */
	assert_null(strstr(str_text(&commands), "newgidmap"));
	result.timed_out = true;
	assert_int_equal(apply_id_map(&ctx, &op, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "newuidmap did not end within 30 s"));
	result = (struct sys_command_result){ .exec_error = EACCES };
	assert_int_equal(apply_id_map(&ctx, &op, &err), -EACCES);
	result.exec_error = 0;
	command_failure = -ENOMEM;
	assert_int_equal(apply_id_map(&ctx, &op, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "run "));
}

/* ---- the other files ---- */

static void sysctl_and_oom_score(void **state)
{
	struct op op = { .sysctl = { "net/ipv4/x", "1 2" } };

	(void)state;
	proc_file("sys/net/ipv4/x", "");
	assert_int_equal(apply_sysctl(&ctx, &op, &err), 0);
	assert_string_equal(proc_text("sys/net/ipv4/x"), "1 2");
	op.sysctl.key = "net/ipv4/no";
	assert_error(apply_sysctl(&ctx, &op, &err), &err, ENOENT, "set it to '1 2': no such file or directory");
	op.sysctl.key = arena_printf(ctx.arena, "%0600d", 0);
	assert_error(apply_sysctl(&ctx, &op, &err), &err, ENAMETOOLONG, "set it to '1 2': file name too long");

	op = (struct op){ .oom_score = -500 };
	proc_file("42/oom_score_adj", "");
	proc_file("7/oom_score_adj", "");
	assert_int_equal(apply_oom_score(&ctx, &op, &err), 0);
	assert_string_equal(proc_text("42/oom_score_adj"), "-500");
	ctx.target = 7;
	assert_int_equal(apply_oom_score(&ctx, &op, &err), 0);
	assert_string_equal(proc_text("7/oom_score_adj"), "-500");
	proc_failing = "7/oom_score_adj";
	proc_failure = -EACCES;
	assert_int_equal(apply_oom_score(&ctx, &op, &err), -EACCES);
	assert_non_null(strstr(err.text, "needs CAP_SYS_RESOURCE on the host"));
}

static void reading_our_own(void **state)
{
	char text[6];

	(void)state;
	proc_file("42/setgroups", "allow and more");
	assert_int_equal(procfs_read_self(&ctx, "setgroups", text, sizeof text), 0);
	assert_string_equal(text, "allow");
	assert_int_equal(procfs_read_self(&ctx, "none", text, sizeof text), -ENOENT);
}

static void clocks(void **state)
{
	struct oci_time_offset monotonic = { .secs = -5, .nanosecs = 7 }, boottime = { .secs = 9 };
	struct oci_time_offsets offsets = { .monotonic = &monotonic, .boottime = &boottime };
	struct op op = { .time_offsets = &offsets };

	(void)state;
	proc_file("42/timens_offsets", "");
	assert_int_equal(apply_time_offsets(&ctx, &op, &err), 0);
	assert_string_equal(proc_text("42/timens_offsets"), "monotonic -5 7\nboottime 9 0\n");
	proc_failing = "42/timens_offsets";
	proc_failure = -ERANGE;
	assert_int_equal(apply_time_offsets(&ctx, &op, &err), -ERANGE);
	assert_non_null(strstr(err.text, "a clock may not go below 0"));
	proc_failure = -ENOENT;
	assert_int_equal(apply_time_offsets(&ctx, &op, &err), -ENOENT);
	assert_non_null(strstr(err.text, "without time namespaces"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
static const struct CMUnitTest tests[] = {
	TEST(one_writes_ones_own),
	TEST(the_privileged_write_anothers),
	TEST(the_helpers_are_told),
	TEST(the_helpers_may_fail),
	TEST(sysctl_and_oom_score),
	TEST(reading_our_own),
	TEST(clocks),
};

UNIT_MAIN(tests)
