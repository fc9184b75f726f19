/* Why: a person names a store path in many ways, and a relocated store's links lead past it. See resolve.h. */
#include "store/resolve.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "store/path.h"

enum { LINKS_MAX = 40 };

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

static int check_exists(struct arena *a, const struct store *s, const char *path, struct err *e)
{
	const char *dir = store_physical(a, s, s->dir), *physical = store_physical(a, s, path);
	struct stat st;

	if (!dir || !physical)
		return err_oom(e);
	if (lstat(physical, &st) == 0)
		return 0;
	if (errno == ENOENT && access(dir, F_OK) < 0)
		return err_set(e, ENOENT, "store path %s: there is no store %s: name a relocated one with --store ROOT",
			       path, dir);
	return err_sys(e, errno, "store path %s", physical);
}

/* Inside the store: HASH-NAME, then what lies below it. */
static int finish(struct walk *w, const struct store *s, struct store_ref *ret, struct err *e)
{
	const char *name = w->left + strspn(w->left, "/");
	size_t n = store_name_len(name);
	_cleanup_str_ struct str rest = STR_INIT;

	if (!n)
		return err_set(e, EINVAL,
			       "%s is not a store path: %s holds paths named HASH-NAME with a hash of %d characters",
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
	return check_exists(w->arena, s, ret->path, e);
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
		r = err_set(e, EINVAL, "%s is not a store path: %s is not below %s%s%s%s%s", path,
			    w.done.len ? w.done.text : "/", stores[0].root, stores[0].dir, n > 1 ? " or " : "",
			    n > 1 ? stores[1].root : "", n > 1 ? stores[1].dir : "");
	str_free(&w.done);
	return r;
}

int store_locate(struct arena *a, const struct store_options *o, const char *path, struct store *ret, struct err *e)
{
	_cleanup_free_ char *root = NULL;
	struct store stores[STORE_KINDS];
	struct store_ref found;
	int r;

	if (o->root) {
		root = realpath(o->root, NULL);
		if (!root)
			return err_sys(e, errno, "open store root %s", o->root);
	}
	for (int kind = 0; kind < STORE_KINDS; kind++) {
		r = store_describe(a, (enum store_kind)kind, root, &stores[kind], e);
		if (r < 0)
			return r;
	}
	r = store_path_resolve(a, stores, STORE_KINDS, path, &found, e);
	if (r < 0)
		return r;
	*ret = *found.store;
	if (o->database) {
		ret->database_given = true;
		ret->database = arena_strdup(a, o->database);
	}
	return arena_failed(a) ? err_oom(e) : 0;
}
