/*
 * Why: a kept directory is the builder's work in a place where others can look at it. So it gets its mode, and loses
 * what would run with our rights, while it still lies in a folder that only we can enter; and nobody ever sees it
 * half-way.
 */
#include "build/keep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

enum { DEPTH_MAX = 200, NAMES_MAX = 10000 };

static int clean_entry(int dirfd, const char *name, int depth, struct err *e);

static int clean_directory(int fd, int depth, struct err *e)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	_cleanup_closedir_ DIR *d = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (!d) {
		close_fd(&own);
		return err_sys(e, errno, "open a folder of the build directory");
	}
	while (r == 0 && (errno = 0, entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = clean_entry(own, entry->d_name, depth + 1, e);
	return r;
}

/* By descriptor, so that the mode is changed of what was looked at. */
static int clean_entry(int dirfd, const char *name, int depth, struct err *e)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	mode_t mode;
	struct stat st;
	char proc[40];

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "look at '%s' in the build directory", name);
	if (S_ISLNK(st.st_mode))
		return 0;
	if (depth > DEPTH_MAX)
		return err_set(e, ELOOP, "the build directory is too deep to be kept");
	mode = (st.st_mode & 01777) | (S_ISDIR(st.st_mode) ? 0700 : 0);
	if (depth == 0)
		mode = 0700;
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
	if (mode != (st.st_mode & 07777) && chmod(proc, mode) < 0)
		return err_sys(e, errno, "chmod '%s' in the build directory", name);
	return S_ISDIR(st.st_mode) ? clean_directory(fd, depth, e) : 0;
}

int build_keep(struct arena *a, int dirfd, const char *name, const char *tmp, const char *drv_name, char **ret,
	       struct err *e)
{
	int r = clean_entry(dirfd, name, 0, e);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		*ret = arena_printf(a, "%s/cloister-build-%s.drv-%u", tmp, drv_name, i);
		if (!*ret)
			return err_oom(e);
		if (renameat2(dirfd, name, AT_FDCWD, *ret, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return err_sys(e, errno, "keep the build directory as %s", *ret);
}
