/*
 * Why: tmpcopyup starts a tmpfs with what lay below it. The source belongs to the image and may be anything, so it is
 * walked by descriptors, never through a symlink, to a bounded depth.
 */
#include "apply/mount.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { DEPTH_MAX = 128 };

static int copy_dir(int from, int to, int depth, struct err *e);

static int copy_content(int from, const char *name, int out)
{
	_cleanup_close_ int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n;

	if (in < 0)
		return -errno;
	do
		n = sendfile(out, in, NULL, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int copy_file(int from, int to, const char *name)
{
	_cleanup_close_ int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return out < 0 ? -errno : copy_content(from, name, out);
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int copy_subdir(int from, int to, const char *name, int depth, struct err *e)
{
	_cleanup_close_ int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return -errno;
	_cleanup_close_ int out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return -errno;
	return copy_dir(in, out, depth + 1, e);
}

/* Owner before mode, since changing the owner takes set-id bits away; times last. */
static int copy_metadata(int to, const char *name, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_entry(int from, int to, const char *name, int depth, struct err *e)
{
	struct stat st;
	int r;

	e->num = 0;
	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = copy_subdir(from, to, name, depth, e);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from, to, name);
	else if (S_ISREG(st.st_mode))
		r = copy_file(from, to, name);
	else
		r = mknodat(to, name, st.st_mode, st.st_rdev) < 0 ? -errno : 0;
	if (r == 0)
		r = copy_metadata(to, name, &st);
	if (r < 0 && e->num == 0)
		return err_sys(e, -r, "copy %s", name);
	return r;
}

static int copy_dir(int from, int to, int depth, struct err *e)
{
	int again = fcntl(from, F_DUPFD_CLOEXEC, 3);
	_cleanup_closedir_ DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dirent *d;
	int r = 0;

	if (!dir) {
		r = errno;
		close_fd(&again);
		return err_sys(e, r, "read a directory");
	}
	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "directories are nested more than %d deep", DEPTH_MAX);
	while (r == 0 && (errno = 0, d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = copy_entry(from, to, d->d_name, depth, e);
	if (r == 0 && errno)
		return err_sys(e, errno, "read a directory");
	return r;
}

int mount_copy_up(int from_fd, int to_fd, struct err *e)
{
	_cleanup_close_ int from = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int to = openat(to_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (from < 0 || to < 0)
		return err_sys(e, errno, "open a directory");
	return copy_dir(from, to, 0, e);
}
