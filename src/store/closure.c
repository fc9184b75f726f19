/* Why: one breadth-first walk serves every source of references, so that limits and checks exist once. */
#include "store/closure.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/database.h"
#include "store/scan.h"
#include "store/set.h"
#include "store/sha256.h"

enum { TRIES = 5 };

static int add_new(struct arena *a, struct set *seen, char *path, struct store_paths *ret, struct err *e)
{
	char **slot;
	bool is_new;

	if (set_add(seen, path, NULL, &is_new) < 0)
		return err_oom(e);
	if (!is_new)
		return 0;
	if (ret->len >= CLOSURE_MAX)
		return err_set(e, E2BIG, "the closure has more than %d paths", CLOSURE_MAX);
	slot = arena_push(a, &ret->items, &ret->len, sizeof *slot);
	if (!slot)
		return err_oom(e);
	*slot = path;
	return 0;
}

int closure_compute(struct arena *a, const struct reference_source *source, const struct store_paths *roots,
		    struct store_paths *ret, struct err *e)
{
	_cleanup_set_ struct set seen = SET_INIT;
	int r = 0;

	*ret = (struct store_paths){ 0 };
	for (size_t i = 0; r == 0 && i < roots->len; i++)
		r = add_new(a, &seen, roots->items[i], ret, e);
	/* What is new goes to the end of the list, which this loop therefore reaches. */
	for (size_t i = 0; r == 0 && i < ret->len; i++) {
		struct store_paths references = { 0 };

		r = source->references(source->data, a, ret->items[i], &references, e);
		for (size_t n = 0; r == 0 && n < references.len; n++)
			r = add_new(a, &seen, references.items[n], ret, e);
	}
	if (r < 0)
		return r;
	store_paths_sort(ret);
	return 0;
}

/* A store's database and, where there is one, that of the store above. */
struct databases {
	struct database *here, *above;
};

static int from_databases(void *data, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	struct databases *d = data;
	int r = d->above ? database_references(d->above, a, path, ret, e) : -ENOENT;

	return r == -ENOENT ? database_references(d->here, a, path, ret, e) : r;
}

static int try_database(struct arena *a, const struct store *s, const struct store_paths *roots,
			struct store_paths *ret, struct err *e)
{
	_cleanup_database_ struct database *here = NULL, *above = NULL;
	struct err changed = { 0 };
	struct databases both;
	int r;

	r = database_open(s, &here, e);
	if (r == 0 && s->above)
		r = database_open(s->above, &above, e);
	if (r < 0)
		return r;
	both = (struct databases){ here, above };
	r = closure_compute(a, &(struct reference_source){ "database", from_databases, &both }, roots, ret, e);
	/* A file that was written to meanwhile may look damaged: then that is the answer, not the damage. */
	if (database_check_unchanged(here, &changed) < 0 ||
	    (above && database_check_unchanged(above, &changed) < 0)) {
		*e = changed;
		return -changed.num;
	}
	return r;
}

int closure_from_database(struct arena *a, const struct store *s, const struct store_paths *roots,
			  struct store_paths *ret, struct err *e)
{
	int r = 0;

	for (int i = 0; i < TRIES; i++) {
		r = try_database(a, s, roots, ret, e);
		if (r != -EAGAIN)
			break;
		usleep(100 * 1000);
	}
	return r;
}

static int from_scan(void *data, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	return scan_references(data, a, path, ret, e);
}

int closure_from_scan(struct arena *a, const struct store *s, const struct store_paths *roots, struct store_paths *ret,
		      struct err *e)
{
	struct scan *scan = NULL;
	int r;

	r = scan_open(a, s, &scan, e);
	if (r < 0)
		return r;
	return closure_compute(a, &(struct reference_source){ "scan", from_scan, scan }, roots, ret, e);
}

int closure_check_present(const struct store *s, const struct store_paths *closure, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct stat st;

	for (size_t i = 0; i < closure->len; i++) {
		const char *path = a ? store_physical(a, s, closure->items[i]) : NULL;

		if (!path)
			return err_oom(e);
		if (lstat(path, &st) < 0)
			return err_sys(e, errno, "store path %s of the closure", path);
		if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
			return err_set(e, EINVAL, "store path %s is neither a directory nor a file nor a symbolic link",
				       path);
	}
	return 0;
}

char *closure_digest(struct arena *a, const struct store_paths *closure)
{
	struct sha256 hash;
	char hex[SHA256_HEX];

	sha256_init(&hash);
	for (size_t i = 0; i < closure->len; i++) {
		sha256_add(&hash, closure->items[i], strlen(closure->items[i]));
		sha256_add(&hash, "\n", 1);
	}
	sha256_end_hex(&hash, hex);
	return arena_printf(a, "sha256:%s", hex);
}
