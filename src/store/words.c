/* Why: see words.h. */
#include "store/words.h"

#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "store/closure.h"
#include "store/database.h"
#include "store/graph.h"

enum { NOBODY = 65534 };

struct request {
	struct arena *arena;
	struct store stores[STORE_KINDS];
	struct store_paths roots[STORE_KINDS];
	struct store_paths found;
};

/* "/a/b": no "//", no "." or "..", no "/" at the end. */
static bool is_normal(const char *path)
{
	if (*path != '/')
		return false;
	while (*path) {
		size_t n = strcspn(++path, "/");

		if (n == 0 || (n == 1 && *path == '.') || (n == 2 && strncmp(path, "..", 2) == 0))
			return false;
		path += n;
	}
	return true;
}

static int add_all(struct request *q, const struct store_paths *more, struct err *e)
{
	for (size_t i = 0; i < more->len; i++) {
		char **slot = arena_push(q->arena, &q->found.items, &q->found.len, sizeof *slot);

		if (!slot)
			return err_oom(e);
		*slot = more->items[i];
	}
	return 0;
}

/* Whose paths a list holds, its first line says: no list can hold those of two stores. */
static const struct store *store_of_list(struct request *q, const char *text)
{
	for (int kind = 0; kind < STORE_KINDS; kind++)
		if (path_is_below(text, q->stores[kind].dir))
			return &q->stores[kind];
	return &q->stores[STORE_NIX];
}

static int add_list(struct request *q, const char *file, struct err *e)
{
	struct store_paths list;
	char *text;
	int r = graph_read_file(q->arena, file, &text, NULL, e);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	r = graph_read_list(q->arena, store_of_list(q, text), file, &list, e);
	return r < 0 ? r : add_all(q, &list, e);
}

static bool is_file(const char *dir, const char *name)
{
	_cleanup_str_ struct str path = STR_INIT;
	struct stat st;

	str_addf(&path, "%s/%s", dir, name);
	return stat(str_text(&path), &st) == 0 && S_ISREG(st.st_mode);
}

/* A list, or a directory with one. */
static int add_file(struct request *q, const char *file, struct err *e)
{
	char *list = arena_printf(q->arena, "%s/store-paths", file);
	struct stat st;

	if (!list)
		return err_oom(e);
	if (stat(file, &st) < 0)
		return err_sys(e, errno, "%s", file);
	if (S_ISREG(st.st_mode))
		return add_list(q, file, e);
	if (S_ISDIR(st.st_mode) && is_file(file, "registration"))
		return add_list(q, list, e);
	return err_set(e, EINVAL,
		       "%s is neither a store path below /nix/store or /gnu/store, nor a list of them, nor a "
		"closureInfo "
		       "directory", file);
}

static int in_first_userns(bool *ret, struct err *e)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/uid_map", "re");
	unsigned inside, outside, count;

	if (!f || fscanf(f, "%u %u %u", &inside, &outside, &count) != 3)
		return err_sys(e, errno ? errno : EIO, "read /proc/self/uid_map");
	*ret = inside == 0 && outside == 0 && count == UINT32_MAX;
	return 0;
}

/*
 * With root's rights the error about a file's first line would show what is in it, and any other error whether it is
 * there. Without root, or in a user namespace, it is the caller's own engine that sets the annotation.
 */
static int add_outside(struct request *q, const char *file, struct err *e)
{
	bool lower = false;
	int r = geteuid() == 0 ? in_first_userns(&lower, e) : 0;

	if (r < 0 || !lower)
		return r < 0 ? r : add_file(q, file, e);
	if (setgroups(0, NULL) < 0)
		return err_sys(e, errno, "give up root's groups to read %s", file);
	/* Neither call says whether it worked: the next one tells who we were. */
	setfsgid(NOBODY);
	setfsuid(NOBODY);
	if (setfsuid(NOBODY) != NOBODY || setfsgid(NOBODY) != NOBODY)
		r = err_set(e, EPERM, "cannot give up root's rights to read %s", file);
	if (r == 0)
		r = add_file(q, file, e);
	setfsuid(0);
	setfsgid(0);
	return r;
}

/* Who may build may put a link to any file into the store: it is not followed out of there. */
static int add_file_of_store(struct request *q, const struct store *s, const char *physical, struct err *e)
{
	_cleanup_free_ char *real = realpath(physical, NULL), *dir = realpath(store_physical(q->arena, s, s->dir),
		NULL);
	struct stat st;

	if (!real || !dir || stat(real, &st) < 0)
		return err_sys(e, errno, "%s", physical);
	if (!path_is_below(real, dir))
		return err_set(e, EINVAL, "%s leads out of the store, to %s", physical, real);
	if (!(st.st_mode & 0004))
		return err_set(e, EACCES, "%s is not readable for everybody", physical);
	return add_file(q, real, e);
}

static int add_below(struct request *q, const struct store *s, int kind, const char *word, struct err *e)
{
	char *physical = store_physical(q->arena, s, word);

	if (!physical)
		return err_oom(e);
	if (word[store_path_len(s, word)] || is_file(physical, "registration"))
		return add_file_of_store(q, s, physical, e);
	if (!database_exists(s))
		return err_set(e, ENOENT,
			       "the closure of %s is not known, because its store has no database %s: name a "
			"closureInfo "
			       "directory or a list of the paths", word, s->database);
	return store_paths_add(q->arena, &q->roots[kind], s, word, "closure", e);
}

static int add_word(struct request *q, const char *word, struct err *e)
{
	if (!is_normal(word))
		return err_set(e, EINVAL, "'%s' is not an absolute path without '.', '..' or '//'", word);
	for (int kind = 0; kind < STORE_KINDS; kind++) {
		const struct store *s = &q->stores[kind];

		if (store_path_len(s, word))
			return add_below(q, s, kind, word, e);
		if (path_is_below(word, s->dir))
			return err_set(e, EINVAL, "'%s' is not a store path: %s holds paths named HASH-NAME with a "
				"hash "
				       "of %d characters", word, s->dir, STORE_HASH_LEN);
	}
	return add_outside(q, word, e);
}

/*
 * What is not for everybody's eyes is not finished: a build's own directory. The store's files themselves are always
 * readable for all.
 */
static int check_public(const struct store *s, const struct store_paths *closure, struct err *e)
{
	_cleanup_str_ struct str path = STR_INIT;
	struct stat st;

	for (size_t i = 0; i < closure->len; i++) {
		path.len = 0;
		str_addf(&path, "%s%s", s->root, closure->items[i]);
		if (path.failed)
			return err_oom(e);
		if (lstat(path.text, &st) < 0)
			return err_sys(e, errno, "store path %s", path.text);
		if (!S_ISLNK(st.st_mode) && (st.st_mode & (S_ISDIR(st.st_mode) ? 0005 : 0004)) !=
		    (S_ISDIR(st.st_mode) ? 0005 : 0004))
			return err_set(e, EACCES, "store path %s is not readable for everybody", path.text);
	}
	return 0;
}

static int check_all(struct request *q, struct err *e)
{
	int r = 0;

	if (q->found.len > CLOSURE_MAX)
		return err_set(e, E2BIG, "the closure has more than %d paths", CLOSURE_MAX);
	/* Both stores have the same root, and a path its own store's directory in front. */
	r = closure_check_present(&q->stores[0], &q->found, e);
	return r < 0 ? r : check_public(&q->stores[0], &q->found, e);
}

int closure_from_words(struct arena *a, const char *root, const char *const *words, size_t len, struct store_paths *ret,
		       struct err *e)
{
	_cleanup_free_ char *real = root ? realpath(root, NULL) : NULL;
	struct request q = { .arena = a };
	int r = 0;

	if (root && !real)
		return err_sys(e, errno, "open store root %s", root);
	for (int kind = 0; r == 0 && kind < STORE_KINDS; kind++)
		r = store_describe(a, (enum store_kind)kind, real, &q.stores[kind], e);
	for (size_t i = 0; r == 0 && i < len; i++)
		r = add_word(&q, words[i], e);
	for (int kind = 0; r == 0 && kind < STORE_KINDS; kind++) {
		struct store_paths closure = { 0 };

		if (q.roots[kind].len)
			r = closure_from_database(a, &q.stores[kind], &q.roots[kind], &closure, e);
		if (r == 0)
			r = add_all(&q, &closure, e);
	}
	if (r < 0)
		return r;
	store_paths_sort(&q.found);
	r = check_all(&q, e);
	*ret = q.found;
	return r;
}
