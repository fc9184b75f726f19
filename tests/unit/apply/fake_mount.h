/*
 * A fake of sys/mount.h and sys/path.h for tests of what is mounted where. The container's root is a directory of the
 * test; a "mount" is a descriptor of a file or directory, so that its type can be looked at. Every call that would
 * change a mount is written down, with places named as the container has them: "attach mnt:/s /a".
 */
#pragma once

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "sys/cgroup.h"
#include "sys/mount.h"
#include "sys/path.h"

static struct str calls;
static char root_path[256];       /* the container's root */
static char host_path[256];       /* where the sources are; "/s" in the calls */
static struct apply ctx;
static struct err err;
static const char *failing;       /* the call that fails: "attach", "fs-set mode" ... */
static int failure;
static const char *kernel_says;

static inline int called(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int called(const char *fmt, ...)
{
	size_t before = calls.len;
	va_list ap;
	int n;
	char line[512];

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	assert_in_range(n, 1, sizeof line - 1);
	str_addf(&calls, "%s\n", line);
	return failing && strncmp(calls.text + before, failing, strlen(failing)) == 0 ? failure : 0;
}

/* "/a" below the root, "host:/a" below the host's directory, else as it is. */
static inline const char *name_of(int fd)
{
	static char names[4][300];
	static int next;
	char link[64], target[256], *name = names[next++ % 4];
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof target - 1);
	if (n < 0)
		return "?";
	target[n] = '\0';
	if (strncmp(target, root_path, strlen(root_path)) == 0)
		snprintf(name, sizeof names[0], "%s", target[strlen(root_path)] ? target + strlen(root_path) : "/");
	else if (strncmp(target, host_path, strlen(host_path)) == 0)
		snprintf(name, sizeof names[0], "host:%s", target + strlen(host_path));
	else
		snprintf(name, sizeof names[0], "%s", target);
	return name;
}

static inline int open_below(int dir, const char *path, int flags)
{
	while (*path == '/')
		path++;
	int fd = openat(dir, *path ? path : ".", flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Paths in /proc are the real ones: what they are is looked at. */
int sys_open_in_root(int root_fd, const char *path, int flags)
{
	if (strncmp(path, "/proc", 5) == 0)
		return open_below(AT_FDCWD, "/proc", flags) >= 0 ? open(path, flags | O_CLOEXEC) : -ENOENT;
	return open_below(root_fd, path, flags);
}

int sys_open_in_root_nofollow(int root_fd, const char *path, int flags)
{
	int fd = sys_open_in_root(root_fd, path, (flags & ~O_DIRECTORY) | O_NOFOLLOW);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
		close(fd);
		return -ELOOP;
	}
	return fd;
}

long sys_fs_type(int fd)
{
	return strncmp(name_of(fd), "/proc", 5) == 0 ? PROC_SUPER_MAGIC : TMPFS_MAGIC;
}

static bool is_mount_root;        /* what sys_is_mount_root says, of all but the container's root */
bool sys_is_mount_root(int fd) { return is_mount_root || strcmp(name_of(fd), "/") == 0; }

int sys_detach(int mount_fd, int cwd_fd)
{
	(void)mount_fd;
	(void)cwd_fd;
	return called("detach");
}

int sys_clone_tree(int dir, const char *path, bool recursive, bool nofollow)
{
	bool ours = strncmp(path, host_path, strlen(host_path)) == 0;
	int r = called("clone %s%s%s", ours ? path + strlen(host_path) : path, recursive ? " rec" : "",
		       nofollow ? " nofollow" : "");
	int fd = r < 0 ? r : openat(dir, path, O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0));

	return r < 0 ? r : fd < 0 ? -errno : fd;
}

int sys_clone_tree_fd(int fd, bool recursive)
{
	int r = called("clone-fd %s%s", name_of(fd), recursive ? " rec" : "");

	return r < 0 ? r : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int sys_attach(int mount, int to) { return called("attach %s %s", name_of(mount), name_of(to)); }
int sys_attach_at(int mount, int dir, const char *name)
{
	return called("attach-at %s %s %s", name_of(mount), name_of(dir), name);
}

int sys_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation)
{
	const char *name = propagation == MS_SHARED ? "shared" : propagation == MS_PRIVATE ? "private" :
			   propagation == MS_SLAVE ? "slave" : propagation ? "unbindable" : "";

	return called("setattr %s%s +%llx -%llx %s", name_of(fd), recursive ? " rec" : "", (unsigned long long)set,
		      (unsigned long long)clear, name);
}

int sys_mount_idmap(int fd, bool recursive, int userns)
{
	return called("idmap %s%s %d", name_of(fd), recursive ? " rec" : "", userns);
}

static bool fs_is_proc;
int sys_fs_open(const char *type)
{
	int r = called("fs-open %s", type);

	fs_is_proc = strcmp(type, "proc") == 0;
	return r < 0 ? r : open("/dev/null", O_RDWR | O_CLOEXEC);
}

int sys_fs_set(int fs, const char *name, const char *value)
{
	(void)fs;
	return called("fs-set %s%s%s", name, value ? "=" : "", value ? value : "");
}

int sys_fs_create(int fs) { (void)fs; return called("fs-create"); }

int sys_fs_mount(int fs, uint64_t attrs)
{
	int r = called("fs-mount +%llx", (unsigned long long)attrs);

	(void)fs;
	return r < 0 ? r : open(fs_is_proc ? "/proc" : host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int sys_mount_aside(const char *type, const char *source, const char *data)
{
	int r = called("mount-aside %s %.8s (%zu) %.8s (%zu)", type, source, strlen(source), data, strlen(data));

	return r < 0 ? r : open(host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void sys_fs_message(int fs, char *buf, size_t size)
{
	(void)fs;
	snprintf(buf, size, "%s", kernel_says ? kernel_says : "");
}

int sys_cgroup_own(struct arena *a, int proc_fd, const char **ret, struct err *e)
{
	(void)a;
	(void)proc_fd;
	(void)e;
	*ret = "/own";
	return called("cgroup-own");
}

int sys_cgroup_open(const char *path)
{
	int r = called("cgroup-open %s", path);

	return r < 0 ? r : open(host_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int sys_set_label(int mount, const char *label) { return called("label %s %s", name_of(mount), label); }
int sys_pivot_to_cwd(void) { return called("pivot"); }

static inline int fake_set_up(void **state)
{
	(void)state;
	calls = STR_INIT;
	failing = kernel_says = NULL;
	is_mount_root = false;
	assert_in_range(snprintf(root_path, sizeof root_path, "%.255s", unit_temp_dir()), 1, 200);
	assert_in_range(snprintf(host_path, sizeof host_path, "%.255s", unit_temp_dir()), 1, 200);
	err = (struct err){ 0 };
	ctx = (struct apply){
		.arena = arena_new(),
		.root_fd = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC),
		.group_fd = -1, .dir_fd = -1, .cgroup_fd = -1, .mask_fd = -1, .console_fd = -1,
	};
	return ctx.root_fd < 0;
}

static inline int fake_tear_down(void **state)
{
	(void)state;
	close_fd(&ctx.root_fd);
	close_fd(&ctx.group_fd);
	close_fd(&ctx.dir_fd);
	close_fd(&ctx.mask_fd);
	arena_free(ctx.arena);
	str_free(&calls);
	assert_int_equal(chdir("/"), 0);
	unit_remove_tree(root_path);
	unit_remove_tree(host_path);
	return 0;
}

static inline void forget_calls(void)
{
	str_free(&calls);
	calls = STR_INIT;
}

/* Makes a directory ("/a/b/") or an empty file ("/a/b") below a root, with its parents. */
static inline const char *make(const char *below, const char *path)
{
	static char full[600];
	int dir = open(below, O_PATH | O_DIRECTORY), fd;

	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(full, sizeof full, "%.*s", (int)(slash - path - 1), path + 1);
		if (mkdirat(dir, full, 0755) < 0)
			assert_int_equal(errno, EEXIST);
	}
	if (path[strlen(path) - 1] != '/') {
		fd = openat(dir, path + 1, O_CREAT | O_WRONLY, 0644);
		assert_true(fd >= 0);
		close(fd);
	}
	close(dir);
	snprintf(full, sizeof full, "%s%s", below, path);
	return full;
}

static inline void make_link(const char *target, const char *path)
{
	int dir = open(root_path, O_PATH | O_DIRECTORY);

	assert_int_equal(symlinkat(target, dir, path + 1), 0);
	close(dir);
}

static inline mode_t type_below_root(const char *path)
{
	struct stat st;

	return fstatat(ctx.root_fd, path + 1, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode & S_IFMT;
}

#define assert_calls(expected) assert_string_equal(str_text(&calls), expected)
#define FAKE_TEST(f) cmocka_unit_test_setup_teardown(f, fake_set_up, fake_tear_down)
