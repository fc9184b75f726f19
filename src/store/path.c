/* Why: a store path from outside becomes a mount, so exactly one place decides what a store path is. */
#include "store/path.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

enum { LINKS_MAX = 40 };

bool store_is_base32(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z' && c != 'e' && c != 'o' && c != 't' && c != 'u');
}

static bool is_name_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("+-._?=", c));
}

size_t store_name_len(const char *s)
{
	size_t n = 0, hash;

	while (n < STORE_HASH_LEN && store_is_base32((unsigned char)s[n]))
		n++;
	if (n != STORE_HASH_LEN || s[n] != '-')
		return 0;
	hash = ++n;
	while (is_name_char((unsigned char)s[n]))
		n++;
	if (n == hash || n - hash > STORE_NAME_MAX || (s[n] && s[n] != '/'))
		return 0;
	return n;
}

static size_t path_len_below(const char *dir, const char *path)
{
	size_t n = strlen(dir), name;

	if (strncmp(path, dir, n) != 0 || path[n] != '/')
		return 0;
	name = store_name_len(path + n + 1);
	return name ? n + 1 + name : 0;
}

size_t store_path_len(const struct store *s, const char *path)
{
	return path_len_below(s->dir, path);
}

bool store_path_ok(const struct store *s, const char *path)
{
	size_t n = store_path_len(s, path);

	return n && !path[n];
}

/*
 * One walk along a path, one component at a time, as the kernel would do it, but stopping at the door of a store: a
 * relocated store's links name logical paths, which the kernel would look for in the wrong place.
 */
struct walk {
	struct arena *arena;
	const struct store *stores;
	size_t stores_len;
	const char *typed;
	struct str done;  /* resolved so far: "" for "/" */
	char *left;       /* still to do, relative */
	unsigned links;
};

/* Drops the last component; ".." of the root is the root. */
static void walk_up(struct walk *w)
{
	char *slash = w->done.len ? strrchr(w->done.text, '/') : NULL;

	w->done.len = slash ? (size_t)(slash - w->done.text) : 0;
	if (w->done.text)
		w->done.text[w->done.len] = '\0';
}

/* By its logical name, which need not exist on this machine, or by its physical one. Steps over it. */
static const struct store *entered_store(struct walk *w)
{
	char physical[PATH_MAX];

	for (size_t i = 0; i < w->stores_len; i++) {
		const struct store *s = &w->stores[i];
		const char *name = s->dir + 1, *left = w->left + strspn(w->left, "/");

		if (w->done.len == 0 && str_has_prefix(left, name) && left[strlen(name)] == '/') {
			w->left = (char *)left + strlen(name);
			return s;
		}
		snprintf(physical, sizeof physical, "%s%s", s->root, s->dir);
		if (strcmp(str_text(&w->done), physical) == 0)
			return s;
	}
	return NULL;
}

/* An absolute link target that only exists below the root of a relocated store (a profile) is looked for there. */
static void walk_into_root(struct walk *w)
{
	char moved[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < w->stores_len; i++) {
		int n = snprintf(moved, sizeof moved, "%s%s", w->stores[i].root, str_text(&w->done));

		if (!*w->stores[i].root || n >= (int)sizeof moved || lstat(moved, &st) < 0)
			continue;
		w->done.len = 0;
		str_add(&w->done, moved);
		return;
	}
}

static int walk_link(struct walk *w, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(w->done.text, target, sizeof target - 1);

	if (n < 0)
		return err_sys(e, errno, "read link %s", w->done.text);
	if (++w->links > LINKS_MAX)
		return err_sys(e, ELOOP, "follow %s", w->typed);
	target[n] = '\0';
	w->left = arena_printf(w->arena, "%s/%s", target, w->left);
	if (!w->left)
		return err_oom(e);
	if (*target == '/')
		w->done.len = 0;
	else
		walk_up(w);
	if (w->done.text)
		w->done.text[w->done.len] = '\0';
	return 0;
}

/* Takes the next component off w->left; an empty one at the end. */
static char *next_component(struct walk *w)
{
	char *name = w->left + strspn(w->left, "/");
	size_t n = strcspn(name, "/");

	w->left = name + n + (name[n] == '/');
	return arena_strndup(w->arena, name, n);
}

static int walk_step(struct walk *w, const char *name, struct err *e)
{
	struct stat st;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		walk_up(w);
		return 0;
	}
	str_addf(&w->done, "/%s", name);
	if (w->done.failed)
		return err_oom(e);
	if (lstat(w->done.text, &st) < 0 && errno == ENOENT) {
		walk_into_root(w);
		if (lstat(w->done.text, &st) < 0 && errno == ENOENT)
			return err_sys(e, ENOENT, "%s", w->typed);
	}
	if (lstat(w->done.text, &st) < 0)
		return err_sys(e, errno, "%s", w->typed);
	return S_ISLNK(st.st_mode) ? walk_link(w, e) : 0;
}

/* Inside the store: HASH-NAME, then what lies below it. */
static int finish(struct walk *w, const struct store *s, struct store_ref *ret, struct err *e)
{
	const char *name = w->left + strspn(w->left, "/");
	size_t n = store_name_len(name);
	_cleanup_str_ struct str rest = STR_INIT;
	struct stat st;

	if (!n)
		return err_set(e, EINVAL, "%s is not a store path: %s holds paths named HASH-NAME with a hash of %d characters",
			       w->typed, s->dir, STORE_HASH_LEN);
	*ret = (struct store_ref){ .store = s, .path = arena_printf(w->arena, "%s/%.*s", s->dir, (int)n, name) };
	for (w->left = (char *)name + n; ret->path && *w->left;) {
		const char *part = next_component(w);

		if (part && strcmp(part, "..") == 0)
			return err_set(e, EINVAL, "%s is not a store path: '..' leads out of %s", w->typed, ret->path);
		if (part && *part && strcmp(part, ".") != 0)
			str_addf(&rest, "/%s", part);
	}
	ret->rest = arena_strdup(w->arena, str_text(&rest));
	if (arena_failed(w->arena) || rest.failed)
		return err_oom(e);
	if (lstat(store_physical(w->arena, s, ret->path), &st) < 0)
		return err_sys(e, errno, "store path %s%s", s->root, ret->path);
	return 0;
}

int store_path_resolve(struct arena *a, const struct store *stores, size_t n, const char *path, struct store_ref *ret,
		       struct err *e)
{
	struct walk w = { .arena = a, .stores = stores, .stores_len = n, .typed = path };
	char cwd[PATH_MAX];
	int r = 0;

	if (!*path)
		return err_set(e, EINVAL, "an empty argument is not a store path");
	if (*path != '/' && !getcwd(cwd, sizeof cwd))
		return err_sys(e, errno, "current directory");
	w.left = *path == '/' ? arena_strdup(a, path) : arena_printf(a, "%s/%s", cwd, path);
	while (r == 0 && w.left && *w.left) {
		const struct store *s = entered_store(&w);
		const char *name;

		if (s) {
			r = finish(&w, s, ret, e);
			str_free(&w.done);
			return r;
		}
		name = next_component(&w);
		if (name && *name)
			r = walk_step(&w, name, e);
	}
	if (r == 0 && arena_failed(a))
		r = err_oom(e);
	if (r == 0)
		r = err_set(e, EINVAL, "%s does not lead into a store: it is %s%s", path, w.done.len ? w.done.text : "/",
			    *stores[0].root ? ", neither below the root's nix/store nor gnu/store" : "");
	str_free(&w.done);
	return r;
}

int store_paths_add(struct arena *a, struct store_paths *list, const struct store *s, const char *path,
		    const char *origin, struct err *e)
{
	char **slot;

	if (!store_path_ok(s, path))
		return err_set(e, EINVAL, "%s: '%.300s' is not a store path of %s", origin, path, s->dir);
	slot = arena_push(a, &list->items, &list->len, sizeof *slot);
	if (!slot)
		return err_oom(e);
	*slot = arena_strdup(a, path);
	return *slot ? 0 : err_oom(e);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void store_paths_sort(struct store_paths *list)
{
	size_t kept = 0;

	if (list->len > 1)
		qsort(list->items, list->len, sizeof *list->items, compare);
	for (size_t i = 0; i < list->len; i++)
		if (kept == 0 || strcmp(list->items[i], list->items[kept - 1]) != 0)
			list->items[kept++] = list->items[i];
	list->len = kept;
}
