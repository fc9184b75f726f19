/* Why: see scan.h. Reading is the cost, so a byte is looked at about once in 32: from the end of each window. */
#include "store/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

enum { DEPTH_MAX = 200, BUFFER = 256 * 1024 };

struct candidate {
	const char *path;  /* logical; the hash begins at hash_at */
	unsigned seen;     /* the scan that found it last */
};

struct scan {
	const struct store *store;
	struct candidate *candidates;  /* sorted by hash */
	size_t candidates_len, hash_at;
	unsigned round;
	unsigned char *buffer;
};

/* The work of one scan_references. */
struct job {
	struct scan *scan;
	struct arena *arena;
	struct store_paths *ret;
	const char *path;  /* for messages */
	struct err *e;
};

static size_t compare_offset;  /* qsort passes no context; all candidates of a scan begin with the same folder */

static int compare_hash(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int r = memcmp(x->path + compare_offset, y->path + compare_offset, STORE_HASH_LEN);

	/* Beside HASH-NAME its build may have left HASH-NAME.lock and the like: the shortest is the path itself. */
	if (r == 0)
		r = strlen(x->path) < strlen(y->path) ? -1 : strlen(x->path) > strlen(y->path);
	return r;
}

static void sort_candidates(struct scan *scan)
{
	size_t kept = 0, at = scan->hash_at;

	compare_offset = at;
	if (scan->candidates_len > 1)
		qsort(scan->candidates, scan->candidates_len, sizeof *scan->candidates, compare_hash);
	for (size_t i = 0; i < scan->candidates_len; i++)
		if (kept == 0 || memcmp(scan->candidates[i].path + at, scan->candidates[kept - 1].path + at,
					STORE_HASH_LEN) != 0)
			scan->candidates[kept++] = scan->candidates[i];
	scan->candidates_len = kept;
}

int scan_open(struct arena *a, const struct store *s, struct scan **ret, struct err *e)
{
	struct scan *scan = arena_alloc(a, sizeof *scan);
	char *dir = store_physical(a, s, s->dir);
	struct dirent *entry;

	if (!scan || !dir)
		return err_oom(e);
	*scan = (struct scan){ .store = s, .hash_at = strlen(s->dir) + 1, .buffer = arena_alloc(a, BUFFER) };
	_cleanup_closedir_ DIR *d = opendir(dir);
	if (!d)
		return err_sys(e, errno, "open store %s", dir);
	while ((errno = 0, entry = readdir(d))) {
		size_t n = store_name_len(entry->d_name);
		struct candidate *c;

		if (!n || entry->d_name[n])
			continue;
		c = arena_push(a, &scan->candidates, &scan->candidates_len, sizeof *c);
		if (!c)
			return err_oom(e);
		c->path = arena_printf(a, "%s/%s", s->dir, entry->d_name);
	}
	if (errno)
		return err_sys(e, errno, "read store %s", dir);
	if (arena_failed(a))
		return err_oom(e);
	sort_candidates(scan);
	*ret = scan;
	return 0;
}

static struct candidate *find_candidate(struct scan *scan, const char *hash)
{
	size_t low = 0, high = scan->candidates_len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = memcmp(hash, scan->candidates[middle].path + scan->hash_at, STORE_HASH_LEN);

		if (r == 0)
			return &scan->candidates[middle];
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static int found(struct job *j, const char *hash)
{
	struct candidate *c = find_candidate(j->scan, hash);

	if (!c || c->seen == j->scan->round)
		return 0;
	c->seen = j->scan->round;
	return store_paths_add(j->arena, j->ret, j->scan->store, c->path, "scan", j->e);
}

/* All hashes that lie whole in the bytes. */
static int scan_bytes(struct job *j, const char *bytes, size_t len)
{
	size_t i = 0;
	int r = 0;

	while (r == 0 && len >= STORE_HASH_LEN && i <= len - STORE_HASH_LEN) {
		size_t n = STORE_HASH_LEN;

		/* No hash can hold a character outside the alphabet, so the next window begins behind the last such. */
		while (n > 0 && store_is_base32((unsigned char)bytes[i + n - 1]))
			n--;
		if (n > 0) {
			i += n;
			continue;
		}
		r = found(j, bytes + i);
		i++;
	}
	return r;
}

static int scan_file(struct job *j, int dirfd, const char *name)
{
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *buffer = (char *)j->scan->buffer;
	size_t kept = 0;
	int r = 0;

	if (fd < 0)
		return err_sys(j->e, errno, "open '%s' in %s", name, j->path);
	while (r == 0) {
		ssize_t n = io_read_full(fd, buffer + kept, BUFFER - kept);

		if (n < 0)
			return err_sys(j->e, (int)-n, "read '%s' in %s", name, j->path);
		if (n == 0)
			break;
		r = scan_bytes(j, buffer, kept + (size_t)n);
		/* A hash may begin in the last 31 bytes and end in the next piece. */
		kept += (size_t)n;
		if (kept >= STORE_HASH_LEN) {
			memmove(buffer, buffer + kept - (STORE_HASH_LEN - 1), STORE_HASH_LEN - 1);
			kept = STORE_HASH_LEN - 1;
		}
	}
	return r;
}

static int scan_link(struct job *j, int dirfd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof target);

	if (n < 0)
		return err_sys(j->e, errno, "read link '%s' in %s", name, j->path);
	return scan_bytes(j, target, (size_t)n);
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
		r = scan_bytes(j, entry->d_name, strlen(entry->d_name));
		if (r == 0)
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
	struct job j = { .scan = scan, .arena = a, .ret = ret, .path = path, .e = e };
	char *physical = store_physical(a, scan->store, path);

	if (!physical)
		return err_oom(e);
	scan->round++;
	return scan_entry(&j, AT_FDCWD, physical, 0);
}
