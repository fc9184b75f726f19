/* Joining namespaces in an order that the kernel allows, and what belongs to new ones. */
#include "tests/unit/apply/fake_proc.h"

#include <sched.h>

#include "base/str.h"
#include "sys/creds.h"
#include "sys/namespace.h"
#include "sys/process.h"

static struct str calls;
static const char *failing;
static int failure;
static uint64_t needs_user;       /* these cannot be joined before a user namespace is */
static bool user_joined;
static char paths[8][300];

static int called(const char *line)
{
	str_addf(&calls, "%s\n", line);
	return failing && strncmp(failing, line, strlen(failing)) == 0 ? failure : 0;
}

static int setns_name(uint64_t type, char *line, size_t size)
{
	return snprintf(line, size, "setns %s", type == CLONE_NEWUSER ? "user" : type == CLONE_NEWNS ? "mount" :
			type == CLONE_NEWNET ? "net" : type == CLONE_NEWPID ? "pid" : "?");
}

int sys_setns(int fd, uint64_t type)
{
	char line[64];
	int r;

	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	setns_name(type, line, sizeof line);
	if ((type & needs_user) && !user_joined) {
		str_addf(&calls, "%s: not yet\n", line);
		return -EPERM;
	}
	r = called(line);
	user_joined |= r == 0 && type == CLONE_NEWUSER;
	return r;
}

int sys_unshare(uint64_t flags)
{
	char line[64];

	snprintf(line, sizeof line, "unshare %llx", (unsigned long long)flags);
	return called(line);
}

int sys_loopback_up(void) { return called("loopback"); }
int sys_set_hostname(const char *name) { return called(name); }
int sys_set_domainname(const char *name) { return called(name); }
int sys_new_session_keyring(const char *name) { return called(name); }
int sys_die_with_parent(bool on) { return called(on ? "die-with-parent" : "live-on"); }
static bool dumpable;
static struct plan plan;

int sys_set_dumpable(bool on)
{
	assert_false(on);
	dumpable = on;
	return 0;
}
int sys_set_gid(gid_t gid) { return called(gid == 5 ? "gid 5" : "gid 0"); }
int sys_set_uid(uid_t uid) { return called(uid == 4 ? "uid 4" : "uid 0"); }

static int set_up(void **state)
{
	(void)state;
	calls = STR_INIT;
	failing = NULL;
	needs_user = 0;
	user_joined = false;
	dumpable = true;
	plan = (struct plan){ 0 };
	if (proc_set_up() != 0)
		return 1;
	ctx.plan = &plan;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	str_free(&calls);
	proc_tear_down();
	return 0;
}

/* Namespaces are files here. */
static struct plan_join join_of(enum oci_namespace_type type, uint64_t flag, size_t n)
{
	char name[16];

	snprintf(name, sizeof name, "ns%zu", n);
	proc_file(name, "");
	snprintf(paths[n], sizeof paths[n], "%s/%s", proc_path, name);
	return (struct plan_join){ type, flag, paths[n] };
}

#define MOUNT(n) join_of(OCI_NAMESPACE_TYPE_MOUNT, CLONE_NEWNS, n)
#define USER(n) join_of(OCI_NAMESPACE_TYPE_USER, CLONE_NEWUSER, n)
#define NET(n) join_of(OCI_NAMESPACE_TYPE_NETWORK, CLONE_NEWNET, n)
#define PID(n) join_of(OCI_NAMESPACE_TYPE_PID, CLONE_NEWPID, n)
#define assert_calls(expected) assert_string_equal(str_text(&calls), expected)

static void the_mount_namespace_comes_last(void **state)
{
	const struct plan_join items[] = { MOUNT(0), NET(1), PID(2) };
	struct op op = { .join = { items, 3 } };

	(void)state;
	assert_int_equal(apply_join(&ctx, &op, &err), 0);
	assert_calls("setns net\nsetns pid\nsetns mount\n");
	assert_false(ctx.setgroups_denied);
	assert_false(dumpable);
}

/* Whose id maps are still to be written must own its files in /proc. */
static void with_a_user_namespace_to_come_it_stays_dumpable(void **state)
{
	const struct plan_join items[] = { NET(0) };
	struct op op = { .join = { items, 1 } };

	(void)state;
	plan.init_flags = CLONE_NEWUSER;
	assert_int_equal(apply_join(&ctx, &op, &err), 0);
	assert_true(dumpable);
}

/* A namespace may belong to the user namespace that is joined, or to ours. */
static void what_needs_the_user_namespace_waits_for_it(void **state)
{
	const struct plan_join items[] = { MOUNT(0), NET(1), PID(2), USER(3) };
	struct op op = { .join = { items, 4 } };

	(void)state;
	needs_user = CLONE_NEWNET | CLONE_NEWNS;
	proc_file("42/setgroups", "deny\n");
	assert_int_equal(apply_join(&ctx, &op, &err), 0);
	assert_calls("setns net: not yet\nsetns pid\nsetns user\nsetns net\nsetns mount\n");
	assert_true(ctx.setgroups_denied);
	proc_file("42/setgroups", "allow\n");
	assert_int_equal(apply_join(&ctx, &op, &err), 0);
	assert_false(ctx.setgroups_denied);
	proc_failing = "42/setgroups";
	proc_failure = -EACCES;
	assert_int_equal(apply_join(&ctx, &op, &err), -EACCES);
	assert_non_null(strstr(err.text, "read setgroups of the user namespace"));
}

static void what_cannot_be_joined(void **state)
{
	struct plan_join items[] = { NET(0), MOUNT(1) }, many[17];
	struct op op = { .join = { items, 2 } };
	char wanted[400];

	(void)state;
	failing = "setns net";
	failure = -EINVAL;
	snprintf(wanted, sizeof wanted, "join %s: is not a network namespace", paths[0]);
	assert_error(apply_join(&ctx, &op, &err), &err, EINVAL, wanted);
	failure = -EPERM;
	snprintf(wanted, sizeof wanted, "join the network namespace %s: operation not permitted", paths[0]);
	assert_error(apply_join(&ctx, &op, &err), &err, EPERM, wanted);
	items[0].path = "/no/such/ns";
	str_free(&calls);
	calls = STR_INIT;
	assert_error(apply_join(&ctx, &op, &err), &err, ENOENT, "open the network namespace /no/such/ns: no such file "
		"or directory");
	/* all are opened before one is joined */
	assert_calls("");
	for (size_t i = 0; i < 17; i++)
		many[i] = items[1];
	op.join = (struct op_join){ many, 17 };
	assert_error(apply_join(&ctx, &op, &err), &err, EINVAL, "too many namespaces to join");
}

static void new_ones(void **state)
{
	struct op op = { .unshare.flags = CLONE_NEWUSER };

	(void)state;
	assert_int_equal(apply_unshare(&ctx, &op, &err), 0);
	assert_calls("unshare 10000000\n");
	failing = "unshare";
	failure = -ENOSPC;
	assert_int_equal(apply_unshare(&ctx, &op, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "user.max_user_namespaces"));
	failure = -EINVAL;
	assert_error(apply_unshare(&ctx, &op, &err), &err, EINVAL, "make new namespaces: invalid argument");
}

/* The kernel forgets PR_SET_PDEATHSIG when the ids change. */
static void becoming_root_of_the_namespace(void **state)
{
	struct op op = { .set_ids = { 4, 5 } };

	(void)state;
	assert_int_equal(apply_set_ids(&ctx, &op, &err), 0);
	assert_calls("gid 5\nuid 4\ndie-with-parent\n");
	failing = "uid";
	failure = -EINVAL;
	assert_error(apply_set_ids(&ctx, &op, &err), &err, EINVAL, "become id 4:5 of the user namespace: invalid "
		"argument");
	failing = "gid";
	failure = -EPERM;
	assert_int_equal(apply_set_ids(&ctx, &op, &err), -EPERM);
}

static void names_and_the_rest(void **state)
{
	struct op op = { .text = "box" };

	(void)state;
	assert_int_equal(apply_hostname(&ctx, &op, &err), 0);
	assert_int_equal(apply_domainname(&ctx, &op, &err), 0);
	assert_int_equal(apply_keyring(&ctx, &op, &err), 0);
	assert_int_equal(apply_loopback(&ctx, &op, &err), 0);
	assert_calls("box\nbox\nbox\nloopback\n");
	failing = "box";
	failure = -EPERM;
	assert_error(apply_hostname(&ctx, &op, &err), &err, EPERM, "set it to 'box': operation not permitted");
	assert_error(apply_domainname(&ctx, &op, &err), &err, EPERM, "set it to 'box': operation not permitted");
	failure = -EDQUOT;
	assert_int_equal(apply_keyring(&ctx, &op, &err), -EDQUOT);
	assert_non_null(strstr(err.text, "--no-new-keyring"));
	/* a kernel without keyrings has none to share */
	failure = -ENOSYS;
	assert_int_equal(apply_keyring(&ctx, &op, &err), 0);
	failing = "loopback";
	failure = -EPERM;
	assert_error(apply_loopback(&ctx, &op, &err), &err, EPERM, "bring the loopback interface up: operation not "
		"permitted");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
static const struct CMUnitTest tests[] = {
	TEST(the_mount_namespace_comes_last),
	TEST(with_a_user_namespace_to_come_it_stays_dumpable),
	TEST(what_needs_the_user_namespace_waits_for_it),
	TEST(what_cannot_be_joined),
	TEST(new_ones),
	TEST(becoming_root_of_the_namespace),
	TEST(names_and_the_rest),
};

UNIT_MAIN(tests)
