/* Paths below the container's root: what is made, what is not followed, what is said; and the root itself. */
#include "tests/unit/apply/fake_mount.h"

#include "apply/rootfs.h"

static int point(const char *path, bool directory, bool nofollow)
{
	int fd = -1, r = rootfs_mount_point(&ctx, path, directory, nofollow, &fd, &err);

	if (r == 0)
		close(fd);
	return r;
}

static void mount_points_are_made(void **state)
{
	struct stat st;

	(void)state;
	umask(022);
	assert_int_equal(point("/a/b/c", true, false), 0);
	assert_int_equal(type_below_root("/a/b/c"), S_IFDIR);
	assert_int_equal(point("/a/b/file", false, false), 0);
	assert_int_equal(type_below_root("/a/b/file"), S_IFREG);
	assert_int_equal(fstatat(ctx.root_fd, "a/b", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	/* what is there is taken as it is */
	assert_int_equal(point("/a/b/file", true, false), 0);
	assert_int_equal(type_below_root("/a/b/file"), S_IFREG);
	assert_int_equal(point("/", true, false), 0);
	assert_int_equal(point("/single", false, true), 0);
}

static int file_point(const char *path)
{
	int fd = -1, r = rootfs_file_point(&ctx, path, &fd, &err);

	if (r == 0)
		close(fd);
	return r;
}

static void a_file_as_a_mount_point(void **state)
{
	(void)state;
	make(root_path, "/there");
	make_link("there", "/link");
	assert_int_equal(file_point("/dev/null"), 0);
	assert_int_equal(type_below_root("/dev/null"), S_IFREG);
	assert_int_equal(file_point("/dev/null"), 0);
	assert_int_equal(file_point("/there"), 0);
	/* the link itself, not where it leads to */
	assert_int_equal(file_point("/link"), 0);
	assert_error(file_point("/there/x"), &err, ENOTDIR,
		"the mount point /there/x: a component of it is no directory, or a symlink to nowhere: not a "
		"directory");
}

static void symlinks_in_the_way(void **state)
{
	(void)state;
	make(root_path, "/file");
	make_link("nowhere", "/dangling");
	/* with nofollow the link itself is the mount point */
	assert_int_equal(point("/dangling", false, true), 0);
	assert_int_equal(type_below_root("/nowhere"), 0);
	/* where a dangling link leads, the mount point is made */
	assert_int_equal(point("/dangling/x", true, false), 0);
	assert_int_equal(type_below_root("/nowhere/x"), S_IFDIR);
	make(root_path, "/d/");
	make_link("../e/one", "/d/two");
	make_link("/d/two/three", "/four");
	assert_int_equal(point("/four/file", false, false), 0);
	assert_int_equal(type_below_root("/e/one/three/file"), S_IFREG);
	/* but never out of the root, by ".." below what is not there; nor for ever */
	make_link("missing/../../../../../../../../../../tmp/out", "/out");
	assert_error(point("/out", true, false), &err, ELOOP,
		"the mount point /out: a component of it is no directory, or a symlink to nowhere: too many levels of "
		"symbolic links");
	make_link("loop/x", "/loop");
	assert_int_equal(point("/loop", true, false), -ELOOP);
	assert_error(point("/file/x", true, false), &err, ENOTDIR,
		"the mount point /file/x: a component of it is no directory, or a symlink to nowhere: not a directory");
}

static void a_path_can_be_too_long(void **state)
{
	char path[5000];

	(void)state;
	memset(path, 'a', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	for (size_t i = 0; i < sizeof path - 1; i += 100)
		path[i] = '/';
	assert_int_equal(point(path, true, false), -ENAMETOOLONG);
}

static void the_parent_is_kept(void **state)
{
	const char *name;
	int fd, again;

	(void)state;
	assert_int_equal(rootfs_parent(&ctx, "/dev/null", &fd, &name, &err), 0);
	assert_string_equal(name, "null");
	assert_string_equal(name_of(fd), "/dev");
	assert_int_equal(rootfs_parent(&ctx, "/dev/zero", &again, &name, &err), 0);
	assert_int_equal(again, fd);
	assert_int_equal(rootfs_parent(&ctx, "/deva/x", &fd, &name, &err), 0);
	assert_string_equal(name_of(fd), "/deva");
	assert_int_equal(rootfs_parent(&ctx, "/top", &fd, &name, &err), 0);
	assert_string_equal(name_of(fd), "/");
	assert_error(rootfs_parent(&ctx, "/dev/", &fd, &name, &err), &err, EINVAL,
		"/dev/ is not an absolute path of a file");
	assert_error(rootfs_parent(&ctx, "dev", &fd, &name, &err), &err, EINVAL,
		"dev is not an absolute path of a file");
}

static void the_root_becomes_a_mount(void **state)
{
	struct op op = { .rootfs = { .path = host_path, .slot = PLAN_NO_SLOT } };
	char cwd[300];

	(void)state;
	close_fd(&ctx.root_fd);
	is_mount_root = true;
	assert_int_equal(apply_rootfs(&ctx, &op, &err), 0);
	/* private: the tree, for pivot_root; and what it is attached to, lest it appears on the host */
	assert_calls("clone-fd host: rec\n"
		     "setattr host: +0 -0 private\n"
		     "setattr host: +0 -0 private\n"
		     "attach host: host:\n");
	assert_string_equal(getcwd(cwd, sizeof cwd), host_path);
	close_fd(&ctx.root_fd);
	forget_calls();
	op.rootfs.slave = true;
	assert_int_equal(apply_rootfs(&ctx, &op, &err), 0);
	assert_non_null(strstr(calls.text, "clone-fd host: rec\nsetattr host: +0 -0 slave\nsetattr host: +0 -0 "
		"private\n"));
	assert_true(ctx.root_fd >= 0);
}

static void outer_only_opens_it(void **state)
{
	struct op op = { .rootfs = { .path = host_path, .slot = PLAN_NO_SLOT, .open_only = true } };

	(void)state;
	close_fd(&ctx.root_fd);
	assert_int_equal(apply_rootfs(&ctx, &op, &err), 0);
	assert_calls("");
	assert_string_equal(name_of(ctx.root_fd), "host:");
}

static void a_root_that_is_not_there(void **state)
{
	struct op op = { .rootfs = { .path = "/no/such/root", .slot = PLAN_NO_SLOT } };

	(void)state;
	close_fd(&ctx.root_fd);
	assert_error(apply_rootfs(&ctx, &op, &err), &err, ENOENT, "open the root file system /no/such/root: no such "
		"file or directory");
	op.rootfs.path = host_path;
	is_mount_root = true;
	failing = "attach";
	failure = -EINVAL;
	assert_error(apply_rootfs(&ctx, &op, &err), &err, EINVAL, "make the root file system a mount: invalid "
		"argument");
}

static void the_end_of_it(void **state)
{
	(void)state;
	assert_int_equal(apply_root_readonly(&ctx, &(struct op){ 0 }, &err), 0);
	assert_calls("setattr / +1 -0 \n");
	forget_calls();
	assert_int_equal(apply_pivot(&ctx, &(struct op){ .propagation = 0 }, &err), 0);
	assert_calls("pivot\n");
	forget_calls();
	assert_int_equal(apply_pivot(&ctx, &(struct op){ .propagation = MS_SHARED }, &err), 0);
	assert_calls("pivot\nsetattr / +0 -0 shared\n");
	forget_calls();
	assert_int_equal(apply_propagation(&ctx, &(struct op){ .propagation = MS_SLAVE }, &err), 0);
	assert_string_equal(strstr(calls.text, " rec"), " rec +0 -0 slave\n");
	failing = "pivot";
	failure = -EINVAL;
	assert_error(apply_pivot(&ctx, &(struct op){ 0 }, &err), &err, EINVAL, "pivot_root: invalid argument");
	failing = "setattr";
	failure = -EPERM;
	assert_error(apply_root_readonly(&ctx, &(struct op){ 0 }, &err), &err, EPERM,
		"make the root read-only: operation not permitted");
}

static const struct CMUnitTest tests[] = {
	FAKE_TEST(mount_points_are_made),
	FAKE_TEST(a_file_as_a_mount_point),
	FAKE_TEST(symlinks_in_the_way),
	FAKE_TEST(a_path_can_be_too_long),
	FAKE_TEST(the_parent_is_kept),
	FAKE_TEST(the_root_becomes_a_mount),
	FAKE_TEST(outer_only_opens_it),
	FAKE_TEST(a_root_that_is_not_there),
	FAKE_TEST(the_end_of_it),
};

UNIT_MAIN(tests)
