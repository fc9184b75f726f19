/* Why: a .drv file is trusted no more than any other; only its place in the store says which derivation it is. */
#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "derivation/aterm.h"

static const char suffix[] = ".drv";

char *drv_name_of_path(struct arena *a, const struct store *s, const char *path)
{
	size_t n = strlen(path), before = strlen(s->dir) + 1 + STORE_HASH_LEN + 1, end = strlen(suffix);

	if (!store_path_ok(s, path) || n <= before + end || strcmp(path + n - end, suffix) != 0)
		return NULL;
	return arena_strndup(a, path + before, n - end - before);
}

int drv_load(struct arena *a, const struct store *s, const char *path, struct derivation *ret, struct err *e)
{
	char *name = drv_name_of_path(a, s, path), *file = store_physical(a, s, path), *text;
	size_t len;
	int r;

	if (arena_failed(a))
		return err_oom(e);
	if (!name)
		return err_set(e, EINVAL, "%s is not a derivation: it is a file of %s whose name ends in %s", path,
			       s->dir, suffix);
	r = io_read_file(a, AT_FDCWD, file, DRV_BYTES_MAX, &text, &len, e);
	if (r < 0)
		return err_prefix(e, "derivation");
	return aterm_read(a, s, file, name, text, len, ret, e);
}
