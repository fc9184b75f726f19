/* Why: the modern mount calls, which musl and older glibc do not wrap. */
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

static int clone_tree(int dirfd, const char *path, unsigned flags, bool recursive)
{
	return result(syscall(SYS_open_tree, dirfd, path,
			      flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0)));
}

int sys_clone_tree(int dirfd, const char *path, bool recursive, bool nofollow)
{
	return clone_tree(dirfd, path, nofollow ? AT_SYMLINK_NOFOLLOW : 0, recursive);
}

int sys_clone_tree_fd(int fd, bool recursive)
{
	return clone_tree(fd, "", AT_EMPTY_PATH, recursive);
}

int sys_attach(int mount_fd, int to_fd)
{
	return result(
		syscall(SYS_move_mount, mount_fd, "", to_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

int sys_attach_at(int mount_fd, int dirfd, const char *name)
{
	return result(syscall(SYS_move_mount, mount_fd, "", dirfd, name, MOVE_MOUNT_F_EMPTY_PATH));
}

int sys_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation)
{
	struct mount_attr a = { .attr_set = set, .attr_clr = clear, .propagation = propagation };

	return result(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &a, sizeof a));
}

int sys_mount_idmap(int fd, bool recursive, int userns_fd)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns_fd };

	return result(syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &a, sizeof a));
}

int sys_fs_open(const char *fstype)
{
	return result(syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC));
}

int sys_fs_set(int fs, const char *name, const char *value)
{
	return result(syscall(SYS_fsconfig, fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name, value, 0));
}

int sys_fs_create(int fs)
{
	return result(syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int sys_fs_mount(int fs, uint64_t attrs)
{
	return result(syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, (unsigned)attrs));
}

void sys_fs_message(int fs, char *buf, size_t size)
{
	ssize_t n = read(fs, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (n > 2 && (buf[0] == 'e' || buf[0] == 'w' || buf[0] == 'i') && buf[1] == ' ')
		memmove(buf, buf + 2, (size_t)n - 1);
}

int sys_mount_aside(const char *fstype, const char *source, const char *data)
{
	static const char aside[] = "/proc";
	int fd;

	if (mount(source, aside, fstype, 0, data) < 0)
		return -errno;
	fd = sys_clone_tree(AT_FDCWD, aside, false, true);
	if (umount2(aside, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && fd >= 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int sys_detach(int mount_fd, int cwd_fd)
{
	int r = fchdir(mount_fd) < 0 || umount2(".", MNT_DETACH) < 0 ? -errno : 0;

	return fchdir(cwd_fd) < 0 && r == 0 ? -errno : r;
}

int sys_set_label(int mount_fd, const char *label)
{
	_cleanup_close_ int dir = openat(mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? -errno : result(fsetxattr(dir, "security.selinux", label, strlen(label) + 1, 0));
}

int sys_pivot_to_cwd(void)
{
	_cleanup_close_ int old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0)
		return -errno;
	/*
	 * pivot_root(2), "pivot_root(".", ".")": the old root is stacked on the new one, where umount2(".") finds
	 * it.
	 */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	/*
	 * The unmounting below must not reach the host through a shared mount. mount(2) on "." would mean the new
	 * root.
	 */
	int r = sys_mount_setattr(old, true, 0, 0, MS_SLAVE);
	if (r < 0)
		return r;
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}
