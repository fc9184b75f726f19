/* Why: see io.h. */
#include "base/io.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

int io_fill_standard_streams(struct err *e)
{
	for (int fd = 0; fd <= 2; fd++) {
		int opened;

		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		/* The lowest free number is this one, as those below are open. */
		opened = open("/dev/null", O_RDWR | O_NOCTTY);
		if (opened < 0)
			return err_sys(e, errno, "open /dev/null for a standard stream that is closed");
		if (opened != fd) {
			close(opened);
			return err_sys(e, EBADF, "look at the standard streams");
		}
	}
	return 0;
}

int io_write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t io_read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)buf + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/*
 * Up to len bytes; fewer only at the end. Of a regular file that tells its size, one call that gives fewer has met the
 * end, and a second to see it would be wasted.
 */
static ssize_t read_up_to(int fd, bool sized, char *buf, size_t len)
{
	ssize_t n;

	if (!sized)
		return io_read_full(fd, buf, len);
	do
		n = read(fd, buf, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

int io_read_fd(struct arena *a, int fd, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	size_t room = 1024, len = 0;
	bool sized = false;
	struct stat st;
	char *buf;

	/* One byte more than the size: the end of the file is then seen without growing. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= max) {
		room = (size_t)st.st_size + 2;
		sized = true;
	}
	buf = arena_alloc(a, room);
	for (;;) {
		ssize_t n;

		if (!buf)
			return err_oom(e);
		n = read_up_to(fd, sized, buf + len, room - len - 1);
		if (n < 0)
			return err_sys(e, (int)-n, "read %s", name);
		len += (size_t)n;
		if (len > max)
			return err_set(e, EFBIG, "%s is larger than the limit of %zu bytes", name, max);
		if (len < room - 1)
			break;
		room *= 2;
		char *grown = arena_alloc(a, room);
		if (grown)
			memcpy(grown, buf, len);
		buf = grown;
	}
	buf[len] = '\0';
	*ret = buf;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int io_read_file(struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, errno, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, EINVAL, "%s is not a regular file", path);
	return io_read_fd(a, fd, path, max, ret, ret_len, e);
}

int io_write_file_atomic(int dirfd, const char *name, const void *bytes, size_t len, mode_t mode, struct err *e)
{
	char tmp[NAME_MAX + 1];
	int r;

	if ((size_t)snprintf(tmp, sizeof tmp, ".%s.tmp", name) >= sizeof tmp)
		return err_sys(e, ENAMETOOLONG, "write %s", name);
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	_cleanup_close_ int fd = openat(dirfd, tmp, flags, mode);
	/* What a killed writer has left. */
	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, tmp, 0) == 0)
		fd = openat(dirfd, tmp, flags, mode);
	if (fd < 0)
		return err_sys(e, errno, "create %s", tmp);
	r = io_write_all(fd, bytes, len);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(dirfd, tmp, 0);
		return err_sys(e, -r, "write %s", name);
	}
	return 0;
}

int io_make_folders(const char *path, struct err *e)
{
	char copy[PATH_MAX], *p = copy;

	if (snprintf(copy, sizeof copy, "%s/", path) >= (int)sizeof copy)
		return err_sys(e, ENAMETOOLONG, "create folder %s", path);
	while ((p = strchr(p + 1, '/'))) {
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_sys(e, errno, "create folder %s", copy);
		*p = '/';
	}
	return 0;
}
