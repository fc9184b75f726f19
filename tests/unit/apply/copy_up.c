/* tmpcopyup on real files: everything is copied as it is, nothing is followed, nothing goes on for ever. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "apply/mount.h"
#include "base/cleanup.h"

static char from_path[256], to_path[256];
static int from = -1, to = -1;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	assert_in_range(snprintf(from_path, sizeof from_path, "%.255s", unit_temp_dir()), 1, 200);
	assert_in_range(snprintf(to_path, sizeof to_path, "%.255s", unit_temp_dir()), 1, 200);
	from = open(from_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	to = open(to_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	err = (struct err){ 0 };
	umask(027);
	return from < 0 || to < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close_fd(&from);
	close_fd(&to);
	unit_remove_tree(from_path);
	unit_remove_tree(to_path);
	return 0;
}

static void file(const char *name, const char *text, mode_t mode)
{
	_cleanup_close_ int fd = openat(from, name, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
}

static struct stat copied(const char *name)
{
	struct stat st = { 0 };

	assert_int_equal(fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static void everything_as_it_is(void **state)
{
	const struct timespec times[] = { { 1000, 5 }, { 2000, 7 } };
	char text[32] = "";

	(void)state;
	assert_int_equal(mkdirat(from, "d", 0700), 0);
	assert_int_equal(fchmodat(from, "d", 03775, 0), 0);
	file("d/f", "content", 06751);
	file("empty", "", 0);
	assert_int_equal(symlinkat("/etc/passwd", from, "link"), 0);
	assert_int_equal(symlinkat("nowhere", from, "dangling"), 0);
	assert_int_equal(mknodat(from, "fifo", S_IFIFO | 0622, 0), 0);
	assert_int_equal(fchmodat(from, "fifo", 0622, 0), 0);
	assert_int_equal(utimensat(from, "d/f", times, 0), 0);
	assert_int_equal(utimensat(from, "d", times, 0), 0);
	/* what cannot be read cannot be copied, so the empty one must be readable */
	assert_int_equal(fchmodat(from, "empty", 0400, 0), 0);

	assert_int_equal(mount_copy_up(from, to, &err), 0);
	assert_int_equal(copied("d").st_mode, S_IFDIR | 03775);
	assert_int_equal(copied("d").st_mtim.tv_sec, 2000);
	assert_int_equal(copied("d/f").st_mode, S_IFREG | 06751);
	assert_int_equal(copied("d/f").st_size, 7);
	assert_int_equal(copied("d/f").st_atim.tv_sec, 1000);
	assert_int_equal(copied("d/f").st_mtim.tv_nsec, 7);
	assert_int_equal(copied("empty").st_mode, S_IFREG | 0400);
	assert_int_equal(copied("fifo").st_mode, S_IFIFO | 0622);
	assert_int_equal(readlinkat(to, "link", text, sizeof text), 11);
	assert_string_equal(text, "/etc/passwd");
	assert_true(S_ISLNK(copied("dangling").st_mode));
	_cleanup_close_ int fd = openat(to, "d/f", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, text, sizeof text), 7);
	assert_memory_equal(text, "content", 7);
}

static void large_files(void **state)
{
	enum { SIZE = 3 * 1024 * 1024 + 17 };
	char *text = malloc(SIZE + 1);

	(void)state;
	memset(text, 'x', SIZE);
	text[SIZE] = '\0';
	file("large", text, 0600);
	free(text);
	assert_int_equal(mount_copy_up(from, to, &err), 0);
	assert_int_equal(copied("large").st_size, SIZE);
}

static void what_cannot_be_copied_is_said(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(from, "d", 0700), 0);
	file("d/secret", "x", 0);
	assert_error(mount_copy_up(from, to, &err), &err, EACCES, "copy secret: permission denied");
}

static void nothing_in_the_way_is_overwritten(void **state)
{
	(void)state;
	file("f", "x", 0600);
	assert_int_equal(symlinkat("/dev/null", to, "f"), 0);
	assert_error(mount_copy_up(from, to, &err), &err, EEXIST, "copy f: file exists");
}

static void depth_is_bounded(void **state)
{
	int at = fcntl(from, F_DUPFD_CLOEXEC, 3);

	(void)state;
	for (int i = 0; i < 140; i++) {
		assert_int_equal(mkdirat(at, "d", 0700), 0);
		int next = openat(at, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	assert_error(mount_copy_up(from, to, &err), &err, ELOOP, "directories are nested more than 128 deep");
}

static void it_must_be_a_directory(void **state)
{
	(void)state;
	file("f", "", 0600);
	_cleanup_close_ int fd = openat(from, "f", O_PATH | O_CLOEXEC);
	assert_int_equal(mount_copy_up(fd, to, &err), -ENOTDIR);
	/* an empty one is fine */
	unlinkat(from, "f", 0);
	assert_int_equal(mount_copy_up(from, to, &err), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
static const struct CMUnitTest tests[] = {
	TEST(everything_as_it_is),
	TEST(large_files),
	TEST(what_cannot_be_copied_is_said),
	TEST(nothing_in_the_way_is_overwritten),
	TEST(depth_is_bounded),
	TEST(it_must_be_a_directory),
};

UNIT_MAIN(tests)
