/* Why: see scan.h. How a hash is found is search.c; here it is decided where to look. */
#include "store/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "store/search.h"

enum { DEPTH_MAX = 200, BUFFER = 256 * 1024 };

struct scan {
	const struct store *store;
	struct search *search;
	unsigned char *buffer;
};

/* The work of one scan_references. */
struct job {
	struct scan *scan;
	const char *path;  /* for messages */
	struct err *e;
};

/* Everything in the store's folder that has the name of a store path. */
static int list_store(struct arena *a, const struct store *s, struct store_paths *ret, struct err *e)
{
	char *dir = store_physical(a, s, s->dir);
	struct dirent *entry;

	if (!dir)
		return err_oom(e);
	_cleanup_closedir_ DIR *d = opendir(dir);
	if (!d)
		return err_sys(e, errno, "open store %s", dir);
	while ((errno = 0, entry = readdir(d))) {
		size_t n = store_name_len(entry->d_name);
		char **path;

		if (!n || entry->d_name[n])
			continue;
		path = arena_push(a, &ret->items, &ret->len, sizeof *path);
		if (path)
			*path = arena_printf(a, "%s/%s", s->dir, entry->d_name);
	}
	if (errno)
		return err_sys(e, errno, "read store %s", dir);
	return arena_failed(a) ? err_oom(e) : 0;
}

int scan_open(struct arena *a, const struct store *s, struct scan **ret, struct err *e)
{
	struct scan *scan = arena_alloc(a, sizeof *scan);
	struct store_paths candidates = { 0 };
	int r;

	if (!scan)
		return err_oom(e);
	*scan = (struct scan){ .store = s, .buffer = arena_alloc(a, BUFFER) };
	r = scan->buffer ? list_store(a, s, &candidates, e) : err_oom(e);
	if (r == 0)
		r = search_open(a, s, &candidates, &scan->search, e);
	*ret = scan;
	return r;
}

/* Texts that do not belong together. */
static void search_text(struct job *j, const char *text, size_t len)
{
	search_break(j->scan->search);
	search_add(j->scan->search, text, len, j->e);
}

static int scan_file(struct job *j, int dirfd, const char *name)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return err_sys(j->e, errno, "open '%s' in %s", name, j->path);
	search_break(j->scan->search);
	while ((n = io_read_full(fd, j->scan->buffer, BUFFER)) > 0)
		search_add(j->scan->search, j->scan->buffer, (size_t)n, j->e);
	return n < 0 ? err_sys(j->e, (int)-n, "read '%s' in %s", name, j->path) : 0;
}

static int scan_link(struct job *j, int dirfd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof target);

	if (n < 0)
		return err_sys(j->e, errno, "read link '%s' in %s", name, j->path);
	search_text(j, target, (size_t)n);
	return 0;
}

static int scan_entry(struct job *j, int dirfd, const char *name, int depth);

static int scan_directory(struct job *j, int dirfd, const char *name, int depth)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!d) {
		close_fd(&fd);
		return err_sys(j->e, errno, "open '%s' in %s", name, j->path);
	}
	while (r == 0 && (errno = 0, entry = readdir(d))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		search_text(j, entry->d_name, strlen(entry->d_name));
		r = scan_entry(j, fd, entry->d_name, depth + 1);
	}
	return r == 0 && errno ? err_sys(j->e, errno, "read '%s' in %s", name, j->path) : r;
}

static int scan_entry(struct job *j, int dirfd, const char *name, int depth)
{
	struct stat st;

	if (depth > DEPTH_MAX)
		return err_set(j->e, ELOOP, "%s has folders nested deeper than %d", j->path, DEPTH_MAX);
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(j->e, errno, "stat '%s' in %s", name, j->path);
	if (S_ISDIR(st.st_mode))
		return scan_directory(j, dirfd, name, depth);
	if (S_ISREG(st.st_mode))
		return scan_file(j, dirfd, name);
	return S_ISLNK(st.st_mode) ? scan_link(j, dirfd, name) : 0;
}

int scan_references(struct scan *scan, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	struct job j = { .scan = scan, .path = path, .e = e };
	char *physical = store_physical(a, scan->store, path);
	int r;

	if (!physical)
		return err_oom(e);
	r = scan_entry(&j, AT_FDCWD, physical, 0);
	return r == 0 ? search_take(scan->search, a, ret, e) : r;
}
