/* Why: see known.h. Two databases are one question for everybody else. */
#include "build/known.h"

int build_known_open(const struct store *from, const struct store *target, struct build_known *ret, struct err *e)
{
	int r = 0;

	*ret = (struct build_known){ .from = from };
	if (database_exists(from))
		r = database_open(from, &ret->from_db, e);
	if (r == 0 && database_exists(target))
		r = database_open(target, &ret->target_db, e);
	if (r < 0)
		build_known_close(ret);
	return r;
}

void build_known_close(struct build_known *k)
{
	database_close(k->from_db);
	database_close(k->target_db);
	k->from_db = k->target_db = NULL;
}

int build_known_check(struct build_known *k, struct err *e)
{
	int r = k->from_db ? database_check_unchanged(k->from_db, e) : 0;

	return r == 0 && k->target_db ? database_check_unchanged(k->target_db, e) : r;
}

static int has(struct database *db, const char *path, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct store_paths references = { 0 };
	int r;

	if (!db)
		return 0;
	if (!a)
		return err_oom(e);
	r = database_references(db, a, path, &references, e);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int build_known_in_target(struct build_known *k, const char *path, struct err *e)
{
	return has(k->target_db, path, e);
}

int build_known_anywhere(struct build_known *k, const char *path, struct err *e)
{
	int r = has(k->target_db, path, e);

	return r ? r : has(k->from_db, path, e);
}

int build_known_info(void *known, struct arena *a, const char *path, struct store_path_info *ret, struct err *e)
{
	struct build_known *k = known;
	int r = k->target_db ? database_path_info(k->target_db, a, path, ret, e) : -ENOENT;

	if (r == -ENOENT && k->from_db)
		r = database_path_info(k->from_db, a, path, ret, e);
	return r == -ENOENT ? err_set(e, ENOENT, "store path %s is not valid: no store database lists it", path) : r;
}
