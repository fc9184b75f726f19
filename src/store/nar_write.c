/*
 * Why: a builder's output is read here, by whoever builds, with his rights. So each entry is opened once, by its name
 * in a folder that is open already, never through a link, and judged by what was opened.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "store/nar.h"

enum { BUFFER = 256 * 1024 };

struct writer {
	const struct nar_tree *tree;
	const struct sink *to;
	unsigned char *buffer;
	char path[PATH_MAX];  /* of the entry at hand below the tree, for messages; cut if too long */
	size_t path_len;
	struct err *e;
};

struct names {
	char **items;
	size_t len, room;
};

static int put(struct writer *w, const void *bytes, size_t len)
{
	return sink_add(w->to, bytes, len, w->e);
}

static int put_number(struct writer *w, uint64_t number)
{
	unsigned char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(number >> 8 * i);
	return put(w, bytes, sizeof bytes);
}

static int put_padding(struct writer *w, uint64_t len)
{
	static const unsigned char zeros[8];

	return len % 8 ? put(w, zeros, 8 - len % 8) : 0;
}

static int put_bytes(struct writer *w, const void *bytes, size_t len)
{
	int r = put_number(w, len);

	if (r == 0)
		r = put(w, bytes, len);
	return r == 0 ? put_padding(w, len) : r;
}

/* Several strings, the last followed by NULL. */
static int put_words(struct writer *w, const char *const *words)
{
	int r = 0;

	for (; r == 0 && *words; words++)
		r = put_bytes(w, *words, strlen(*words));
	return r;
}
#define put_all(w, ...) put_words(w, (const char *const[]){ __VA_ARGS__, NULL })

static int fail(struct writer *w, int num, const char *what)
{
	return err_sys(w->e, num, "%s %s%.*s", what, w->tree->shown, (int)w->path_len, w->path);
}

static int refuse(struct writer *w, const char *why)
{
	return err_set(w->e, EPERM, "%s%.*s %s", w->tree->shown, (int)w->path_len, w->path, why);
}

static int write_link(struct writer *w, int dirfd, const char *name)
{
	char target[NAR_TARGET_MAX + 1];
	ssize_t n = readlinkat(dirfd, name, target, sizeof target);
	int r;

	if (n < 0)
		return fail(w, errno, "read link");
	if (n > NAR_TARGET_MAX)
		return refuse(w, "is a symbolic link with a target that is too long");
	r = put_all(w, "symlink", "target");
	return r == 0 ? put_bytes(w, target, (size_t)n) : r;
}

static int write_contents(struct writer *w, int fd, uint64_t size)
{
	uint64_t left = size;
	int r = put_number(w, size);

	while (r == 0 && left > 0) {
		ssize_t n = io_read_full(fd, w->buffer, left < BUFFER ? (size_t)left : BUFFER);

		if (n <= 0)
			return n < 0 ? fail(w, (int)-n, "read") : refuse(w, "became shorter while it was read");
		left -= (uint64_t)n;
		r = put(w, w->buffer, (size_t)n);
	}
	return r == 0 ? put_padding(w, size) : r;
}

static int write_file(struct writer *w, int fd, const struct stat *st)
{
	int r = put_all(w, "regular");

	if (r == 0 && st->st_mode & S_IXUSR)
		r = put_all(w, "executable", "");
	if (r == 0)
		r = put_all(w, "contents");
	return r == 0 ? write_contents(w, fd, (uint64_t)st->st_size) : r;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i]);
	free(names->items);
}

static int add_name(struct writer *w, struct names *names, const char *name)
{
	if (names->len == NAR_ENTRIES_MAX)
		return refuse(w, "is a folder with too many entries");
	if (names->len == names->room) {
		size_t room = names->room ? 2 * names->room : 32;
		char **items = reallocarray(names->items, room, sizeof *items);

		if (!items)
			return err_oom(w->e);
		names->items = items;
		names->room = room;
	}
	names->items[names->len] = strdup(name);
	return names->items[names->len] ? (names->len++, 0) : err_oom(w->e);
}

static int read_names(struct writer *w, DIR *d, struct names *ret)
{
	struct dirent *entry;
	int r = 0;

	while (r == 0 && (errno = 0, entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = add_name(w, ret, entry->d_name);
	if (r == 0 && errno)
		r = fail(w, errno, "read folder");
	if (r == 0 && ret->len > 1)
		qsort(ret->items, ret->len, sizeof *ret->items, compare);
	return r;
}

static int write_node(struct writer *w, int dirfd, const char *name, int depth);

static int write_entry(struct writer *w, int dirfd, const char *name, int depth)
{
	size_t before = w->path_len;
	int r = put_all(w, "entry", "(", "name", name, "node");

	if (w->path_len + strlen(name) + 2 < sizeof w->path)
		w->path_len += (size_t)sprintf(w->path + w->path_len, "/%s", name);
	if (r == 0)
		r = write_node(w, dirfd, name, depth);
	w->path_len = before;
	return r == 0 ? put_all(w, ")") : r;
}

static int write_directory(struct writer *w, int fd, int depth)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	_cleanup_closedir_ DIR *d = own < 0 ? NULL : fdopendir(own);
	struct names names = { 0 };
	int r;

	if (!d) {
		r = fail(w, errno, "read folder");
		close_fd(&own);
		return r;
	}
	if (depth >= NAR_DEPTH_MAX)
		return refuse(w, "lies too deep: it is a folder in 200 others");
	r = put_all(w, "directory");
	if (r == 0)
		r = read_names(w, d, &names);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		r = write_entry(w, fd, names.items[i], depth + 1);
	free_names(&names);
	return r;
}

static int check_untrusted(struct writer *w, const struct stat *st)
{
	if (st->st_uid != geteuid())
		return refuse(w, "belongs to another user");
	if (!S_ISLNK(st->st_mode) && st->st_mode & (S_ISUID | S_ISGID))
		return refuse(w, "has a set-user-id or set-group-id bit");
	return 0;
}

/* Through /proc, since a descriptor opened with O_PATH cannot be changed, and a name could be something else. */
static int make_readable(struct writer *w, int path_fd, const struct stat *st)
{
	mode_t need = S_ISDIR(st->st_mode) ? 0500 : 0400;
	char proc[40];

	if ((st->st_mode & need) == need)
		return 0;
	snprintf(proc, sizeof proc, "/proc/self/fd/%d", path_fd);
	return chmod(proc, (st->st_mode & 07777) | need) < 0 ? fail(w, errno, "chmod") : 0;
}

/* What the O_PATH descriptor names, opened for reading. */
static int reopen(struct writer *w, int dirfd, const char *name, const struct stat *expected)
{
	int flags = S_ISDIR(expected->st_mode) ? O_DIRECTORY : O_NOCTTY | O_NONBLOCK;
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
	struct stat st;

	if (fd < 0)
		return fail(w, errno, "open");
	if (fstat(fd, &st) < 0)
		return fail(w, errno, "stat");
	if (st.st_ino != expected->st_ino || st.st_dev != expected->st_dev)
		return refuse(w, "was replaced while it was read");
	return take_fd(&fd);
}

static int write_opened(struct writer *w, int dirfd, const char *name, const struct stat *st, int depth)
{
	_cleanup_close_ int fd = reopen(w, dirfd, name, st);

	if (fd < 0)
		return fd;
	return S_ISDIR(st->st_mode) ? write_directory(w, fd, depth) : write_file(w, fd, st);
}

static int write_node(struct writer *w, int dirfd, const char *name, int depth)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return fail(w, errno, "open");
	if (fstat(fd, &st) < 0)
		return fail(w, errno, "stat");
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return refuse(w, "is neither a file nor a folder nor a symbolic link");
	if (w->tree->untrusted)
		r = check_untrusted(w, &st);
	if (r == 0 && w->tree->untrusted && !S_ISLNK(st.st_mode))
		r = make_readable(w, fd, &st);
	if (r == 0)
		r = put_all(w, "(", "type");
	if (r == 0)
		r = S_ISLNK(st.st_mode) ? write_link(w, dirfd, name) : write_opened(w, dirfd, name, &st, depth);
	return r == 0 ? put_all(w, ")") : r;
}

int nar_write(const struct nar_tree *tree, const struct sink *to, struct err *e)
{
	_cleanup_free_ struct writer *w = malloc(sizeof *w);
	_cleanup_free_ unsigned char *buffer = malloc(BUFFER);
	int r;

	if (!w || !buffer)
		return err_oom(e);
	*w = (struct writer){ .tree = tree, .to = to, .buffer = buffer, .e = e };
	r = put_all(w, "nix-archive-1");
	return r == 0 ? write_node(w, tree->dirfd, tree->name, 0) : r;
}
