/* Labels: to which file of /proc they go, and how a refusal is explained; and what is labelled after it is mounted. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "sys/cgroup.h"
#include "sys/mount.h"
#include "sys/path.h"

static char dir[4096], opened[256], labelled[64], said[256];
static int failure;
static struct err err;
static struct apply ctx;

int sys_open_beneath(int dir_fd, const char *path, int flags)
{
	(void)dir_fd;
	assert_int_equal(flags, O_WRONLY);
	snprintf(opened, sizeof opened, "%s", path);
	if (failure)
		return failure;
	int fd = open(arena_printf(ctx.arena, "%s/file", dir), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	return fd < 0 ? -errno : fd;
}

/* A mount is any directory here. */
static int a_directory(void) { return open(dir, O_RDONLY | O_DIRECTORY); }
int sys_fs_open(const char *type) { snprintf(said, sizeof said, "%s", type); return a_directory(); }
int sys_fs_set(int fs, const char *name, const char *value)
{
	(void)fs;
	snprintf(said + strlen(said), sizeof said - strlen(said), " %s=%s", name, value ? value : "");
	return 0;
}
int sys_fs_create(int fs) { (void)fs; return 0; }
int sys_fs_mount(int fs, uint64_t attrs) { (void)fs, (void)attrs; return a_directory(); }
void sys_fs_message(int fs, char *buf, size_t size) { (void)fs, (void)size; *buf = 0; }
int sys_set_label(int fd, const char *label) { (void)fd; snprintf(labelled, sizeof labelled, "%s",
								  label); return failure; }
int sys_attach(int mount, int to) { (void)mount, (void)to; return 0; }
int sys_attach_at(int mount, int to, const char *name) { (void)mount, (void)to, (void)name; return 0; }
int sys_clone_tree(int at, const char *path, bool rec, bool nofollow) { (void)at, (void)path, (void)rec,
	(void)nofollow; return -EIO; }
int sys_clone_tree_fd(int fd, bool rec) { (void)fd, (void)rec; return a_directory(); }
int sys_mount_idmap(int fd, bool rec, int userns) { (void)fd, (void)rec, (void)userns; return -EIO; }
int sys_mount_setattr(int fd, bool rec, uint64_t set, uint64_t clear, uint64_t propagation)
{
	(void)fd, (void)rec, (void)set, (void)clear, (void)propagation;
	return 0;
}
int sys_open_in_root(int root, const char *path, int flags) { (void)root, (void)path,
	(void)flags; return a_directory(); }
int sys_open_in_root_nofollow(int root, const char *path, int flags) { return sys_open_in_root(root, path, flags); }
long sys_fs_type(int fd) { (void)fd; return 0; }
bool sys_is_mount_root(int fd) { (void)fd; return true; }
int sys_pivot_to_cwd(void) { return -EIO; }
int sys_mount_aside(const char *type, const char *source, const char *data)
{
	(void)type, (void)source, (void)data;
	return -EIO;
}
int sys_cgroup_open(const char *path) { (void)path; return -EIO; }
int sys_cgroup_own(struct arena *a, int fd, const char **ret, struct err *e)
{
	(void)a, (void)fd, (void)ret;
	return err_sys(e, EIO, "cgroup");
}

static int set_up(void **state)
{
	(void)state;
	failure = 0;
	*labelled = *said = 0;
	snprintf(dir, sizeof dir, "%s", unit_temp_dir());
	ctx = (struct apply){ .arena = arena_new(), .proc_fd = open("/proc", O_PATH | O_DIRECTORY), .mask_fd = -1,
		.root_fd = -1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(ctx.proc_fd);
	arena_free(ctx.arena);
	unit_remove_tree(dir);
	return 0;
}

static void written_whole(void **state)
{
	const struct op op = { .label = { "attr/apparmor/exec", "exec web" } };
	char text[64] = "", expected[64];

	(void)state;
	assert_ok(apply_label(&ctx, &op, &err), &err);
	snprintf(expected, sizeof expected, "%ld/attr/apparmor/exec", (long)getpid());
	assert_string_equal(opened, expected);
	int fd = open(arena_printf(ctx.arena, "%s/file", dir), O_RDONLY);
	assert_int_equal(read(fd, text, sizeof text), 8);
	close(fd);
	assert_string_equal(text, "exec web");
}

static void refusals(void **state)
{
	const struct op op = { .label = { "attr/exec", "a:b" } };

	(void)state;
	failure = -ENOENT;
	assert_error(apply_label(&ctx, &op, &err), &err, ENOENT,
		     "set \"a:b\" (is the profile loaded on the host?): no such file or directory");
	failure = -EINVAL;
	assert_error(apply_label(&ctx, &op, &err), &err, EINVAL, "set \"a:b\" (the host's policy does not know it): "
		     "invalid argument");
	failure = -EACCES;
	assert_error(apply_label(&ctx, &op, &err), &err, EACCES,
		     "set \"a:b\" (the host's policy does not let this program): permission denied");
}

static void message_queues(void **state)
{
	char *none[] = { NULL };
	struct op op = { .mount = { .fstype = "mqueue", .source = "mqueue", .dest = "/dev/mqueue", .options = none,
		.label = "a:b" } };

	(void)state;
	assert_ok(apply_mount(&ctx, &op, &err), &err);
	assert_string_equal(labelled, "a:b");
	failure = -EOPNOTSUPP;
	assert_error(apply_mount(&ctx, &op, &err), &err, EOPNOTSUPP,
		     "give /dev/mqueue the label a:b: operation not supported");
	op.mount.label = NULL;
	assert_ok(apply_mount(&ctx, &op, &err), &err);
}

static void what_masks_directories(void **state)
{
	char *paths[] = { "/proc/scsi", NULL };
	struct op op = { .mask = { paths, 1, "a:b" } };

	(void)state;
	assert_ok(apply_mask(&ctx, &op, &err), &err);
	assert_string_equal(said, "tmpfs mode=0555 nr_inodes=1 context=a:b");
	close(ctx.mask_fd);
	ctx.mask_fd = -1;
	op.mask.label = NULL;
	assert_ok(apply_mask(&ctx, &op, &err), &err);
	assert_string_equal(said, "tmpfs mode=0555 nr_inodes=1");
	close(ctx.mask_fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(written_whole),
	TEST(refusals),
	TEST(message_queues),
	TEST(what_masks_directories),
};

UNIT_MAIN(tests)
