/*
 * Why: a builder may leave folders that nobody can read, or a chain of a million of them, which would cost as many
 * descriptors and more stack than there is. What lies too deep is first moved up.
 */
#include "store/remove.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { DEPTH_MAX = 64 };

struct remover {
	int top;          /* the folder that is removed; -1: none yet */
	unsigned moved;   /* makes names for what was moved up to it */
	struct err *e;
};

static int remove_entry(struct remover *m, int dirfd, const char *name, int depth);

static int move_up(struct remover *m, int dirfd, const char *name)
{
	char up[32];

	do {
		snprintf(up, sizeof up, ".deep-%u", m->moved++);
		if (renameat2(dirfd, name, m->top, up, RENAME_NOREPLACE) == 0)
			return 0;
	} while (errno == EEXIST);
	return err_sys(m->e, errno, "remove '%s'", name);
}

static int remove_directory(struct remover *m, int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		r = err_sys(m->e, errno, "open folder '%s' to remove it", name);
		close_fd(&fd);
		return r;
	}
	if (depth == 0)
		m->top = fd;
	/* What cannot be removed keeps nothing else from being removed. */
	while ((errno = 0, entry = readdir(d))) {
		int one = 0;

		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			one = remove_entry(m, fd, entry->d_name, depth + 1);
		r = r < 0 ? r : one;
	}
	return r == 0 && errno ? err_sys(m->e, errno, "read folder '%s' to remove it", name) : r;
}

/* A folder must be readable to be looked into, and writable to be emptied or moved. */
static int make_usable(int dirfd, const char *name, struct stat *ret)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char proc[40];

	if (fd < 0 || fstat(fd, ret) < 0)
		return -errno;
	if (!S_ISDIR(ret->st_mode) || (ret->st_mode & 0700) == 0700)
		return 0;
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	return chmod(proc, 0700) < 0 ? -errno : 0;
}

static int remove_entry(struct remover *m, int dirfd, const char *name, int depth)
{
	struct stat st;
	int r = make_usable(dirfd, name, &st);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_sys(m->e, -r, "remove '%s'", name);
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dirfd, name, 0) < 0 && errno != ENOENT ? err_sys(m->e, errno, "remove '%s'", name) : 0;
	/* What was moved up while the folder was read may be seen in the next round only. */
	while (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0) {
		if (errno != ENOTEMPTY && errno != EEXIST)
			r = err_sys(m->e, errno, "remove folder '%s'", name);
		else
			r = depth < DEPTH_MAX ? remove_directory(m, dirfd, name, depth) : move_up(m, dirfd, name);
		if (depth >= DEPTH_MAX)
			break;
	}
	return r;
}

int tree_remove(int dirfd, const char *name, struct err *e)
{
	struct remover m = { .top = -1, .e = e };

	return remove_entry(&m, dirfd, name, 0);
}
