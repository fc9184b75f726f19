/* Why: everything else asks one struct where store, state and database are, and never builds such a path itself. */
#include "store/location.h"

#include <string.h>
#include <sys/stat.h>

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
	ret->folder = arena_printf(a, "%s%s", ret->root ? ret->root : "", ret->dir);
	ret->state_dir = arena_printf(a, "%s%s", ret->root ? ret->root : "", kinds[kind].state_dir);
	ret->database = arena_printf(a, "%s/db/db.sqlite", ret->state_dir ? ret->state_dir : "");
	return arena_failed(a) ? err_oom(e) : 0;
}

int store_describe_folder(struct arena *a, enum store_kind kind, const char *folder, struct store *ret, struct err *e)
{
	*ret = (struct store){ .kind = kind, .dir = kinds[kind].dir, .root = "", .database_given = true };
	ret->folder = arena_strdup(a, folder);
	ret->state_dir = arena_printf(a, "%s/.cloister", folder);
	ret->database = arena_printf(a, "%s/db/db.sqlite", ret->state_dir ? ret->state_dir : "");
	return arena_failed(a) ? err_oom(e) : 0;
}

char *store_physical(struct arena *a, const struct store *s, const char *logical)
{
	size_t dir = strlen(s->dir);

	if (s->above) {
		char *above = store_physical(a, s->above, logical);
		struct stat st;

		if (!above || lstat(above, &st) == 0)
			return above;
	}
	if (strncmp(logical, s->dir, dir) != 0)
		return arena_printf(a, "%s%s", s->root, logical);
	return arena_printf(a, "%s%s", s->folder, logical + dir);
}
