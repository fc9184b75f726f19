/* The START operations, on a fake of sys/ that writes down each call and keeps the state that is read back. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/resource.h>

#include "apply/apply.h"
#include "base/str.h"
#include "plan/capability.h"
#include "sys/creds.h"
#include "sys/exec.h"

static struct str calls;
static const char *failing;       /* the call that fails ... */
static int failure;               /* ... with this */
static struct sys_caps caps;
static bool lying;                /* the kernel says yes to capset(2), and does nothing */
static uint64_t bounding, ambient;
static const char *cwd;
static struct err err;
static struct apply ctx;

static int reset(void **state)
{
	(void)state;
	str_free(&calls);
	calls = STR_INIT;
	failing = NULL;
	lying = false;
	caps = (struct sys_caps){ .effective = 0xff, .permitted = 0xff };
	bounding = 0xff;
	ambient = 0;
	cwd = "/";
	err = (struct err){ 0 };
	return 0;
}

static int call(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int call(const char *name, const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	str_addf(&calls, "%s(%s) ", name, text);
	return failing && strcmp(failing, name) == 0 ? failure : 0;
}

mode_t sys_umask(mode_t mask) { call("umask", "%o", mask); return 0; }
int sys_set_personality(unsigned long domain) { return call("personality", "%lx", domain); }
int sys_set_rlimit(int resource, uint64_t soft, uint64_t hard)
{
	return call("rlimit", "%d %llx %llx", resource, (unsigned long long)soft, (unsigned long long)hard);
}
int sys_fill_standard_streams(void) { return call("fill", "%s", ""); }
int sys_set_cloexec(int fd, bool on) { return call("cloexec", "%d %d", fd, on); }
int sys_cloexec_from(unsigned first) { return call("cloexec_from", "%u", first); }
int sys_reset_signals(void) { return call("signals", "%s", ""); }
int sys_keep_caps(bool keep) { return call("keep", "%d", keep); }
int sys_set_dumpable(bool dumpable) { return call("dumpable", "%d", dumpable); }
int sys_set_no_new_privs(void) { return call("nnp", "%s", ""); }
int sys_set_gid(gid_t gid) { return call("gid", "%u", gid); }
int sys_give_streams(uid_t uid, gid_t gid) { return call("streams", "%u %u", uid, gid); }
int sys_chdir(const char *path) { return call("chdir", "%s", path); }

int sys_set_uid(uid_t uid)
{
	/* What the kernel does to a process that keeps its capabilities. */
	caps.effective = 0;
	return call("uid", "%u", uid);
}

int sys_set_groups(const gid_t *gids, size_t n)
{
	return call("groups", "%zu%s%.0u", n, n ? " " : "", n ? gids[0] : 0);
}

int sys_caps_get(struct sys_caps *ret)
{
	*ret = caps;
	return 0;
}

int sys_caps_set(const struct sys_caps *c)
{
	int r = call("caps", "%llx %llx %llx", (unsigned long long)c->effective, (unsigned long long)c->permitted,
		     (unsigned long long)c->inheritable);

	if (r == 0 && !lying)
		caps = *c;
	return r;
}

int sys_bounding_get(uint64_t *ret, unsigned *ret_known)
{
	assert_null(ret_known);
	*ret = bounding;
	return 0;
}

/* A kernel that knows eight of them. */
int sys_bounding_drop(unsigned cap)
{
	int r = cap < 8 ? call("drop", "%u", cap) : -EINVAL;

	if (r == 0)
		bounding &= ~CAPABILITY_BIT(cap);
	return r;
}

int sys_ambient_clear(void) { ambient = 0; return call("ambient_clear", "%s", ""); }

int sys_ambient_raise(unsigned cap)
{
	ambient |= CAPABILITY_BIT(cap);
	return call("ambient", "%u", cap);
}

int sys_getcwd(char *buf, size_t size)
{
	snprintf(buf, size, "%s", cwd);
	return call("getcwd", "%s", "");
}

#define assert_calls(expected) assert_string_equal(str_text(&calls), expected)

static void a_user_keeps_what_the_next_steps_need(void **state)
{
	const gid_t groups[] = { 10, 20 };
	struct op op = { .user = { .uid = 1000, .gid = 100, .groups = groups, .groups_len = 2, .set_groups = true } };

	(void)state;
	assert_int_equal(apply_user(&ctx, &op, &err), 0);
	assert_calls("keep(1) groups(2 10) gid(100) uid(1000) dumpable(0) keep(0) caps(ff ff 0) ");
	assert_int_equal(caps.effective, 0xff);
}

static void no_groups_are_set_where_they_are_denied(void **state)
{
	struct op op = { .user = { .uid = 0, .gid = 0, .set_groups = false } };

	(void)state;
	assert_int_equal(apply_user(&ctx, &op, &err), 0);
	assert_null(strstr(calls.text, "groups("));
}

static void groups_are_left_where_a_joined_namespace_denies_them(void **state)
{
	struct op op = { .user = { .set_groups = true } };

	(void)state;
	failing = "groups";
	failure = -EPERM;
	ctx.setgroups_denied = true;
	assert_int_equal(apply_user(&ctx, &op, &err), 0);
	assert_non_null(strstr(calls.text, "uid("));
	/* not if some were asked for, and not if it is denied for another reason */
	op.user.groups = (const gid_t[]){ 5 };
	op.user.groups_len = 1;
	assert_int_equal(apply_user(&ctx, &op, &err), -EPERM);
	op.user.groups_len = 0;
	ctx.setgroups_denied = false;
	assert_int_equal(apply_user(&ctx, &op, &err), -EPERM);
}

static void an_unmapped_user_is_explained(void **state)
{
	struct op op = { .user = { .uid = 77, .gid = 0 } };

	(void)state;
	failing = "uid";
	failure = -EINVAL;
	assert_int_equal(apply_user(&ctx, &op, &err), -EINVAL);
	assert_non_null(strstr(err.text, "uid 77: it is not mapped in linux.uidMappings"));
}

static void a_failed_drop_of_groups_is_fatal(void **state)
{
	struct op op = { .user = { .set_groups = true } };

	(void)state;
	failing = "groups";
	failure = -EPERM;
	assert_int_equal(apply_user(&ctx, &op, &err), -EPERM);
	assert_null(strstr(calls.text, "uid("));
}

static void capabilities_are_exact(void **state)
{
	struct op op = { .capabilities = { .effective = 0x1, .permitted = 0x3, .inheritable = 0x2, .ambient = 0x2 } };

	(void)state;
	ambient = 0x80;
	assert_int_equal(apply_capabilities(&ctx, &op, &err), 0);
	assert_calls("ambient_clear() caps(1 3 2) ambient(1) ");
	assert_int_equal(ambient, 0x2);
}

static void capabilities_that_did_not_take_are_an_error(void **state)
{
	struct op op = { .capabilities = { .effective = 0x1, .permitted = 0x1 } };

	(void)state;
	failing = "caps";
	failure = -EPERM;
	assert_int_equal(apply_capabilities(&ctx, &op, &err), -EPERM);
	failing = NULL;
	lying = true;
	assert_int_equal(apply_capabilities(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "effective 0xff"));
}

static void bounding_drops_just_the_rest(void **state)
{
	struct op op = { .capabilities = { .bounding = 0xf1 } };

	(void)state;
	assert_int_equal(apply_bounding(&ctx, &op, &err), 0);
	assert_calls("drop(1) drop(2) drop(3) ");
	assert_int_equal(bounding, 0xf1);
	/* one that is not there cannot be given */
	op.capabilities.bounding = 0x1f1;
	assert_int_equal(apply_bounding(&ctx, &op, &err), -EPERM);
}

static void descriptors_are_kept_or_marked(void **state)
{
	struct op op = { .preserve = 2 };

	(void)state;
	assert_int_equal(apply_close_fds(&ctx, &op, &err), 0);
	assert_calls("fill() cloexec(3 0) cloexec(4 0) cloexec_from(5) signals() ");
}

static void a_preserved_descriptor_must_be_open(void **state)
{
	struct op op = { .preserve = 1 };

	(void)state;
	failing = "cloexec";
	failure = -EBADF;
	assert_int_equal(apply_close_fds(&ctx, &op, &err), -EBADF);
	assert_string_equal(err.text, "--preserve-fds 1: descriptor 3 is not open");
}

static void the_working_directory_must_be_inside(void **state)
{
	struct op op = { .text = "/proc/self/fd/8" };

	(void)state;
	assert_int_equal(apply_cwd(&ctx, &op, &err), 0);
	cwd = "(unreachable)/home";
	assert_int_equal(apply_cwd(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "outside the container's root"));
}

static void a_working_directory_that_is_none(void **state)
{
	struct op op = { .text = "/missing" };

	(void)state;
	failing = "chdir";
	failure = -ENOENT;
	assert_int_equal(apply_cwd(&ctx, &op, &err), -ENOENT);
	assert_non_null(strstr(err.text, "\"/missing\": no such file or directory"));
}

static void limits_and_the_rest(void **state)
{
	struct op limit = {
		.rlimit = { .resource = RLIMIT_NOFILE, .soft = 16, .hard = UINT64_MAX, .name = "RLIMIT_NOFILE" },
	};
	struct op domain = { .personality = 8 };
	struct op mask = { .mode = 027 };
	struct op none = { 0 };

	(void)state;
	assert_int_equal(apply_rlimit(&ctx, &limit, &err), 0);
	assert_int_equal(apply_personality(&ctx, &domain, &err), 0);
	assert_int_equal(apply_umask(&ctx, &mask, &err), 0);
	assert_int_equal(apply_no_new_privs(&ctx, &none, &err), 0);
	assert_calls("rlimit(7 10 ffffffffffffffff) personality(8) umask(27) nnp() ");
	failing = "rlimit";
	failure = -EPERM;
	assert_int_equal(apply_rlimit(&ctx, &limit, &err), -EPERM);
	assert_non_null(strstr(err.text, "RLIMIT_NOFILE"));
	assert_non_null(strstr(err.text, "CAP_SYS_RESOURCE"));
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

static const struct CMUnitTest tests[] = {
	TEST(a_user_keeps_what_the_next_steps_need),
	TEST(no_groups_are_set_where_they_are_denied),
	TEST(groups_are_left_where_a_joined_namespace_denies_them),
	TEST(an_unmapped_user_is_explained),
	TEST(a_failed_drop_of_groups_is_fatal),
	TEST(capabilities_are_exact),
	TEST(capabilities_that_did_not_take_are_an_error),
	TEST(bounding_drops_just_the_rest),
	TEST(descriptors_are_kept_or_marked),
	TEST(a_preserved_descriptor_must_be_open),
	TEST(the_working_directory_must_be_inside),
	TEST(a_working_directory_that_is_none),
	TEST(limits_and_the_rest),
};

UNIT_MAIN(tests)
