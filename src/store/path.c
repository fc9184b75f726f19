/* Why: a store path from outside becomes a mount, so exactly one place decides what a store path is. */
#include "store/path.h"

#include <stdlib.h>
#include <string.h>

bool store_is_base32(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z' && c != 'e' && c != 'o' && c != 't' && c != 'u');
}

bool store_is_name_char(unsigned char c)
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
	while (store_is_name_char((unsigned char)s[n]))
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
