/* Why: everything else asks one struct where store, state and database are, and never builds such a path itself. */
#include "store/location.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "store/path.h"

static const struct {
	const char *name, *dir, *state_dir;
} kinds[STORE_KINDS] = {
	[STORE_NIX] = { "nix", "/nix/store", "/nix/var/nix" },
	[STORE_GUIX] = { "guix", "/gnu/store", "/var/guix" },
};

const char *store_kind_name(enum store_kind kind)
{
	return kinds[kind].name;
}

int store_describe(struct arena *a, enum store_kind kind, const char *root, struct store *ret, struct err *e)
{
	*ret = (struct store){ .kind = kind, .dir = kinds[kind].dir };
	ret->root = arena_strdup(a, root && strcmp(root, "/") != 0 ? root : "");
	ret->state_dir = arena_printf(a, "%s%s", ret->root ? ret->root : "", kinds[kind].state_dir);
	ret->database = arena_printf(a, "%s/db/db.sqlite", ret->state_dir ? ret->state_dir : "");
	return arena_failed(a) ? err_oom(e) : 0;
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

char *store_physical(struct arena *a, const struct store *s, const char *logical)
{
	return arena_printf(a, "%s%s", s->root, logical);
}
