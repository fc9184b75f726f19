/* Why: see seal.h. */
#include "run/seal.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/mount.h"

extern char **environ;

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, ARGUMENTS_MAX = 4 << 20 };

static bool is_out_of_reach(int exe)
{
	struct statvfs fs;
	struct stat st;

	if (fstatvfs(exe, &fs) == 0 && (fs.f_flag & ST_RDONLY))
		return true;
	if (fcntl(exe, F_GET_SEALS) == SEALS)
		return true;
	/* The owner can change the mode, so what the mode says now does not matter to him. */
	return fstat(exe, &st) == 0 && st.st_uid != geteuid() &&
	       faccessat(AT_FDCWD, "/proc/self/exe", W_OK, AT_EACCESS) < 0;
}

static int read_only_mount(void)
{
	int fd = sys_clone_tree(AT_FDCWD, "/proc/self/exe", false, false), r;

	if (fd < 0)
		return fd;
	r = sys_mount_setattr(fd, false, MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

static int sealed_copy(int exe)
{
	_cleanup_close_ int fd = memfd_create("cloister", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = sendfile(fd, exe, NULL, 1 << 24);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return take_fd(&fd);
}

/* The arguments as the kernel has them, so that nobody has to hand them down here. */
static int read_arguments(struct arena *a, char ***ret, struct err *e)
{
	char *text, **argv = NULL;
	size_t len, n = 0;
	_cleanup_close_ int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "open /proc/self/cmdline");
	int r = io_read_fd(a, fd, "/proc/self/cmdline", ARGUMENTS_MAX, &text, &len, e);
	if (r < 0)
		return r;
	for (char *p = text; p < text + len; p += strlen(p) + 1) {
		char **arg = arena_push(a, &argv, &n, sizeof *arg);
		if (!arg)
			return err_oom(e);
		*arg = p;
	}
	if (!arena_push(a, &argv, &n, sizeof *argv))
		return err_oom(e);
	*ret = argv;
	return 0;
}

int seal_binary(struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_close_ int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char **argv = NULL;
	int r;

	if (!a)
		return err_oom(e);
	if (exe < 0)
		return err_sys(e, errno, "open /proc/self/exe");
	if (is_out_of_reach(exe))
		return 0;
	r = read_arguments(a, &argv, e);
	if (r < 0)
		return r;
	_cleanup_close_ int fd = read_only_mount();
	if (fd < 0)
		fd = sealed_copy(exe);
	if (fd < 0)
		return err_sys(e, -fd, "keep the container from writing to this program's file");
	execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(e, errno, "start again from a read-only place");
}
