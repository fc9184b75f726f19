/*
 * Why: the container can put anything at the path of its terminal, or change it at any moment (CVE-2025-52565). So
 * the slave comes from the master by ioctl, and the master is checked after it was opened.
 */
#include "sys/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/result.h"

static int resolve(int root_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof how);

	return fd < 0 ? -errno : (int)fd;
}

static int open_checked(int proc_fd, int root_fd, const char *path)
{
	_cleanup_close_ int node = resolve(root_fd, path);
	char self[64];
	struct stat st;
	int fd;

	if (node < 0)
		return node;
	if (fstat(node, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(5, 2))
		return -ENODEV;
	snprintf(self, sizeof self, "self/fd/%d", node);
	fd = openat(proc_fd, self, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sys_pty_open(int proc_fd, int root_fd)
{
	_cleanup_close_ int master = open_checked(proc_fd, root_fd, "dev/pts/ptmx");
	int locked = 0;

	/*
	 * The host's own devpts, bound into a container, usually keeps its ptmx closed (mode 000) in favour of
	 * /dev/ptmx.
	 */
	if (master == -EACCES || master == -ENOENT)
		master = open_checked(proc_fd, root_fd, "dev/ptmx");
	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &locked) < 0)
		return -errno;
	return take_fd(&master);
}

int sys_pty_slave(int master)
{
	_cleanup_close_ int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct statfs fs;

	if (slave < 0 || fstatfs(slave, &fs) < 0)
		return -errno;
	if (fs.f_type != DEVPTS_SUPER_MAGIC)
		return -ENODEV;
	return take_fd(&slave);
}

int sys_pty_number(int master, unsigned *ret)
{
	return sys_result(ioctl(master, TIOCGPTN, ret));
}

int sys_pty_plain_lines(int slave)
{
	struct termios t;

	if (tcgetattr(slave, &t) < 0)
		return -errno;
	t.c_oflag &= ~(tcflag_t)ONLCR;
	return sys_result(tcsetattr(slave, TCSANOW, &t));
}

int sys_pty_set_size(int fd, unsigned rows, unsigned columns)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	return sys_result(ioctl(fd, TIOCSWINSZ, &size));
}

int sys_pty_get_size(int fd, struct winsize *ret)
{
	return sys_result(ioctl(fd, TIOCGWINSZ, ret));
}

int sys_pty_chown(int slave, uid_t uid)
{
	struct stat st;

	if (fstat(slave, &st) < 0)
		return -errno;
	return st.st_uid == uid ? 0 : sys_result(fchown(slave, uid, (gid_t)-1));
}

int sys_pty_control(int slave)
{
	return sys_result(ioctl(slave, TIOCSCTTY, 0));
}

int sys_pty_become_standard(int fd)
{
	for (int i = 0; i <= 2; i++)
		if (dup2(fd, i) < 0)
			return -errno;
	return 0;
}
