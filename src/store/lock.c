/*
 * Why: a lock file is removed by its holder, so who waited for it may then hold a file that has no name any more. The
 * holder writes one byte into it before he lets go; who finds a byte begins anew.
 */
#include "store/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"

int path_lock_try(struct arena *a, const char *path, struct path_lock *ret, struct err *e)
{
	*ret = (struct path_lock){ .fd = -1, .file = arena_printf(a, "%s.lock", path) };
	if (!ret->file)
		return err_oom(e);
	for (;;) {
		_cleanup_close_ int fd = open(ret->file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		struct stat st;

		if (fd < 0)
			return err_sys(e, errno, "open lock file %s", ret->file);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : err_sys(e, errno, "lock %s", ret->file);
		if (fstat(fd, &st) < 0)
			return err_sys(e, errno, "stat %s", ret->file);
		if (st.st_size == 0) {
			ret->fd = take_fd(&fd);
			return 0;
		}
	}
}

void path_lock_release(struct path_lock *l)
{
	if (l->fd < 0)
		return;
	unlink(l->file);
	io_write_all(l->fd, "d", 1);
	close_fd(&l->fd);
}
