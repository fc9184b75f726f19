/*
 * Why: a link in a store names a logical path, which on this machine may be somewhere else (a relocated store), may
 * exist though the container will not see it (it is not in the closure), or may not exist at all. So links are followed
 * here.
 */
#include "bundle/closure_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

enum { LINKS_MAX = 40 };

static int compare(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

static bool in_closure(const struct store_paths *closure, const char *path)
{
	return closure->len && bsearch(path, closure->items, closure->len, sizeof *closure->items, compare);
}

/* What lies below a store path was reached through it. */
static bool is_visible(const struct store *s, const struct store_paths *closure, const char *path)
{
	size_t n = store_path_len(s, path);

	return n && (path[n] || in_closure(closure, path));
}

/* The first component of `left` goes to the end of `done`, both in the arena. */
static char *step(struct arena *a, const char *done, const char **left)
{
	const char *name = *left + strspn(*left, "/");
	size_t n = strcspn(name, "/");
	const char *slash = strrchr(done, '/');

	*left = name + n;
	if (n == 0 || (n == 1 && *name == '.'))
		return arena_strdup(a, done);
	if (n == 2 && strncmp(name, "..", 2) == 0)
		return arena_strndup(a, done, slash ? (size_t)(slash - done) : 0);
	return arena_printf(a, "%s/%.*s", done, (int)n, name);
}

/* Where a link leads from its folder: what is to be done next. */
static const char *follow(struct arena *a, const char *physical, char **done, const char *left)
{
	char target[PATH_MAX];
	ssize_t n = readlink(physical, target, sizeof target - 1);
	char *slash;

	if (n < 0)
		return NULL;
	target[n] = '\0';
	if (*target == '/') {
		**done = '\0';
	} else if ((slash = strrchr(*done, '/'))) {
		*slash = '\0';
	}
	return arena_printf(a, "%s/%s", target, left);
}

static int not_there(const char *path, const char *at, int links, struct err *e)
{
	if (links == 0)
		return err_set(e, ENOENT, "%s is not in the closure", path);
	return err_set(e, ENOENT, "%s is not in the closure: it leads to %s", path, at);
}

int closure_file_stat(struct arena *a, const struct store *s, const struct store_paths *closure, const char *path,
		      struct stat *ret, char **ret_path, struct err *e)
{
	const char *left = path;
	char *done = arena_strdup(a, "");
	int links = 0;

	while (done && left[strspn(left, "/")]) {
		const char *physical;

		done = step(a, done, &left);
		if (!done)
			break;
		if (path_is_below(s->dir, *done ? done : "/"))
			continue;  /* still above the store or at its door: these folders are the container's own */
		if (!is_visible(s, closure, done))
			return not_there(path, done, links, e);
		physical = store_physical(a, s, done);
		if (!physical)
			break;
		if (lstat(physical, ret) < 0)
			return errno == ENOENT || errno == ENOTDIR ? not_there(path, done, links, e) :
			       err_sys(e, errno, "stat %s", physical);
		if (!S_ISLNK(ret->st_mode))
			continue;
		if (++links > LINKS_MAX)
			return err_sys(e, ELOOP, "follow %s", path);
		left = follow(a, physical, &done, left);
		if (!left)
			break;
	}
	if (arena_failed(a))
		return err_oom(e);
	if (!done || !store_path_len(s, done))
		return not_there(path, done && *done ? done : "/", links, e);
	if (ret_path)
		*ret_path = done;
	return 0;
}

bool closure_file_is_program(struct arena *a, const struct store *s, const struct store_paths *closure,
			     const char *path)
{
	struct err ignored;
	struct stat st;

	return closure_file_stat(a, s, closure, path, &st, NULL, &ignored) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_mode & 0111);
}
