/* Why: the one place that decides how a path below somebody else's directory is walked. */
#include "sys/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { PROC_ROOT_INODE = 1 };

static int open_how(int dirfd, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = resolve };

	/*
	 * EAGAIN: something was renamed meanwhile, and the kernel could not tell whether ".." stays inside
	 * (openat2(2)).
	 */
	for (int tries = 0;; tries++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof how);

		if (fd >= 0)
			return (int)fd;
		if (errno != EINTR && (errno != EAGAIN || tries >= 64))
			return -errno;
	}
}

int sys_open_in_root(int root_fd, const char *path, int flags)
{
	return open_how(root_fd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int sys_open_in_root_nofollow(int root_fd, const char *path, int flags)
{
	/* Without O_NOFOLLOW, with which O_PATH would open a symlink at the end. */
	return open_how(root_fd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

int sys_open_beneath(int dir_fd, const char *path, int flags)
{
	return open_how(dir_fd, path, flags, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

long sys_fs_type(int fd)
{
	struct statfs s;

	return fstatfs(fd, &s) < 0 ? -errno : (long)s.f_type;
}

int sys_open_proc(const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (sys_fs_type(fd) != PROC_SUPER_MAGIC || fstat(fd, &st) < 0 || st.st_ino != PROC_ROOT_INODE) {
		close(fd);
		return -ENOTSUP;
	}
	return fd;
}

bool sys_is_mount_root(int fd)
{
	struct statx x;

	return statx(fd, "", AT_EMPTY_PATH, 0, &x) == 0 && (x.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static int open_of_type(const char *path, long magic)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && sys_fs_type(fd) != magic) {
		close(fd);
		return -ENODEV;
	}
	return fd < 0 ? -errno : fd;
}

int sys_open_mounted(const char *fstype, long magic, const char *const *usual)
{
	struct mntent *entry;
	FILE *table;
	int fd = -ENODEV;

	for (; fd < 0 && *usual; usual++)
		fd = open_of_type(*usual, magic);
	if (fd >= 0)
		return fd;
	table = setmntent("/proc/self/mounts", "re");
	if (!table)
		return -ENODEV;
	while (fd < 0 && (entry = getmntent(table)))
		if (strcmp(entry->mnt_type, fstype) == 0)
			fd = open_of_type(entry->mnt_dir, magic);
	endmntent(table);
	return fd < 0 ? -ENODEV : fd;
}
