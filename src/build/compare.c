/* Why: "the hashes differ" helps nobody; which file, and from which byte on, is where the search begins. */
#include "build/compare.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/io.h"

enum { BUFFER = 64 * 1024 };

struct comparison {
	void (*line)(void *data, const char *text);
	void *data;
	struct arena *arena;
	struct err *e;
};

/* One side: an entry in an open folder. */
struct side {
	int dirfd;
	const char *name;
	struct stat st;
};

struct names {
	char **items;
	size_t len;
};

static int compare_entry(struct comparison *c, struct side *one, struct side *two, const char *path, int depth);

static int tell(struct comparison *c, const char *path, const char *what)
{
	char *text = arena_printf(c->arena, "%s: %s", *path ? path : ".", what);

	if (!text)
		return err_oom(c->e);
	c->line(c->data, text);
	return 0;
}

static int fail(struct comparison *c, const char *path)
{
	return err_sys(c->e, errno, "read '%s' to compare it", path);
}

static const char *kind_name(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : S_ISLNK(mode) ? "a symbolic link" : "a file";
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(struct comparison *c, int fd, const char *path, struct names *ret)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = own < 0 ? NULL : fdopendir(own);
	struct dirent *entry;

	if (!d) {
		close_fd(&own);
		return fail(c, path);
	}
	while ((errno = 0, entry = readdir(d))) {
		char **slot;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		slot = arena_push(c->arena, &ret->items, &ret->len, sizeof *slot);
		if (!slot || !(*slot = arena_strdup(c->arena, entry->d_name)))
			return err_oom(c->e);
	}
	if (errno)
		return fail(c, path);
	if (ret->len > 1)
		qsort(ret->items, ret->len, sizeof *ret->items, by_name);
	return 0;
}

static int compare_names(struct comparison *c, int fds[static 2], const char *path, int depth)
{
	struct names names[2] = { 0 };
	size_t i = 0, k = 0;
	int r = read_names(c, fds[0], path, &names[0]);

	if (r == 0)
		r = read_names(c, fds[1], path, &names[1]);
	while (r == 0 && (i < names[0].len || k < names[1].len)) {
		int order = i == names[0].len ? 1 : k == names[1].len ? -1 :
			    strcmp(names[0].items[i], names[1].items[k]);
		const char *name = order <= 0 ? names[0].items[i] : names[1].items[k];
		struct side one = { .dirfd = fds[0], .name = name }, two = { .dirfd = fds[1], .name = name };
		char *below = arena_printf(c->arena, "%s%s%s", path, *path ? "/" : "", name);

		if (!below)
			return err_oom(c->e);
		if (order == 0)
			r = compare_entry(c, &one, &two, below, depth + 1);
		else
			r = tell(c, below, order < 0 ? "only in the first" : "only in the second");
		i += order <= 0;
		k += order >= 0;
	}
	return r;
}

static int open_both(struct comparison *c, const struct side *one, const struct side *two, int flags, const char *path,
		     int fds[static 2])
{
	fds[0] = openat(one->dirfd, one->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
	fds[1] = openat(two->dirfd, two->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
	return fds[0] < 0 || fds[1] < 0 ? fail(c, path) : 0;
}

static int compare_directories(struct comparison *c, const struct side *one, const struct side *two, const char *path,
			       int depth)
{
	int fds[2], r = open_both(c, one, two, O_DIRECTORY, path, fds);

	if (r == 0 && depth > NAR_DEPTH_MAX)
		r = err_set(c->e, ELOOP, "'%s' lies too deep to be compared", path);
	if (r == 0)
		r = compare_names(c, fds, path, depth);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	return r;
}

/* The first byte that differs. */
static int compare_bytes(struct comparison *c, int fds[static 2], const char *path)
{
	static unsigned char buffers[2][BUFFER];
	unsigned long long offset = 0;
	char what[64];

	for (;;) {
		ssize_t n = io_read_full(fds[0], buffers[0], BUFFER), i = 0;
		ssize_t m = io_read_full(fds[1], buffers[1], BUFFER);

		if (n < 0 || m < 0) {
			errno = (int)-(n < 0 ? n : m);
			return fail(c, path);
		}
		while (i < n && i < m && buffers[0][i] == buffers[1][i])
			i++;
		if (i < n || i < m) {
			offset += (unsigned long long)i;
			snprintf(what, sizeof what, "contents differ from byte %llu on", offset);
			return tell(c, path, what);
		}
		if (n < BUFFER)
			return 0;
		offset += (unsigned long long)n;
	}
}

static int compare_files(struct comparison *c, const struct side *one, const struct side *two, const char *path)
{
	int fds[2], r = open_both(c, one, two, 0, path, fds);

	if (r == 0 && (one->st.st_mode & S_IXUSR) != (two->st.st_mode & S_IXUSR))
		r = tell(c, path, one->st.st_mode & S_IXUSR ? "executable in the first only" :
			 "executable in the second only");
	if (r == 0)
		r = compare_bytes(c, fds, path);
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	return r;
}

static int compare_links(struct comparison *c, const struct side *one, const struct side *two, const char *path)
{
	char targets[2][PATH_MAX], *what;
	ssize_t n = readlinkat(one->dirfd, one->name, targets[0], PATH_MAX - 1);
	ssize_t m = readlinkat(two->dirfd, two->name, targets[1], PATH_MAX - 1);

	if (n < 0 || m < 0)
		return fail(c, path);
	targets[0][n] = targets[1][m] = '\0';
	if (strcmp(targets[0], targets[1]) == 0)
		return 0;
	what = arena_printf(c->arena, "leads to '%s' in the first, to '%s' in the second", targets[0], targets[1]);
	return what ? tell(c, path, what) : err_oom(c->e);
}

static int compare_entry(struct comparison *c, struct side *one, struct side *two, const char *path, int depth)
{
	if (fstatat(one->dirfd, one->name, &one->st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(two->dirfd, two->name, &two->st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c, path);
	if ((one->st.st_mode & S_IFMT) != (two->st.st_mode & S_IFMT)) {
		char *what = arena_printf(c->arena, "%s in the first, %s in the second", kind_name(one->st.st_mode),
					  kind_name(two->st.st_mode));

		return what ? tell(c, path, what) : err_oom(c->e);
	}
	if (S_ISDIR(one->st.st_mode))
		return compare_directories(c, one, two, path, depth);
	return S_ISLNK(one->st.st_mode) ? compare_links(c, one, two, path) : compare_files(c, one, two, path);
}

int build_compare(const struct nar_tree *first, const struct nar_tree *second,
		  void (*line)(void *data, const char *text), void *data, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct comparison c = { .line = line, .data = data, .arena = a, .e = e };
	struct side one = { .dirfd = first->dirfd, .name = first->name };
	struct side two = { .dirfd = second->dirfd, .name = second->name };

	return a ? compare_entry(&c, &one, &two, "", 0) : err_oom(e);
}
