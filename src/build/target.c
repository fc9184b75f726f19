/*
 * Why: a store that lists a path must have all that the path refers to, whole, before the list says so. So files come
 * first, under their names, and then one transaction; what fails in between takes its files away again.
 */
#include "build/target.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "store/closure.h"
#include "store/lock.h"
#include "store/remove.h"

enum { LOCK_TRIES = 3000, LOCK_MS = 200 };

/* What is being copied. */
struct import {
	struct arena *arena;
	struct build_target *target;
	const struct store *from;       /* the target is above it */
	struct store below;             /* the same without the target */
	struct registry *registry;
	struct database *database;      /* of from */
	struct store_path_infos infos;  /* what will be recorded */
	struct err *e;
};

static int make_absolute(struct arena *a, const char *path, char **ret, struct err *e)
{
	int r = io_make_folders(path, e);
	char real[PATH_MAX];

	if (r < 0)
		return r;
	if (!realpath(path, real))
		return err_sys(e, errno, "folder %s", path);
	*ret = arena_strdup(a, real);
	return *ret ? 0 : err_oom(e);
}

int build_target_open(struct arena *a, enum store_kind kind, const char *root, const char *folder,
		      struct build_target *ret, struct err *e)
{
	_cleanup_registry_ struct registry *g = NULL;
	char *real;
	int r = make_absolute(a, root ? root : folder, &real, e);

	*ret = (struct build_target){ .complete = root != NULL, .place = { .dirfd = -1 } };
	if (r == 0)
		r = root ? store_describe(a, kind, real, &ret->store, e) :
			   store_describe_folder(a, kind, real, &ret->store, e);
	/* Makes it, if need be. */
	if (r == 0)
		r = registry_open(a, &ret->store, &g, e);
	if (r < 0)
		return r;
	ret->place.dir = ret->store.folder;
	ret->place.dirfd = open(ret->store.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->place.dirfd < 0 ? err_sys(e, errno, "open folder %s", ret->store.folder) : 0;
}

void build_target_close(struct build_target *t)
{
	close_fd(&t->place.dirfd);
}

const char *build_target_name(const struct build_target *t, const char *path)
{
	return path + strlen(t->store.dir) + 1;
}

/* Somebody who copies the same path is done soon. */
static int lock(struct import *m, const char *path, struct path_lock *ret)
{
	const char *physical = store_physical(m->arena, &m->target->store, path);
	int r = -EAGAIN;

	if (!physical)
		return err_oom(m->e);
	for (int i = 0; r == -EAGAIN && i < LOCK_TRIES; i++) {
		if (i)
			usleep(LOCK_MS * 1000);
		r = path_lock_try(m->arena, physical, ret, m->e);
	}
	return r == -EAGAIN ? err_set(m->e, EAGAIN, "%s is locked by another process", physical) : r;
}

/* Files that a process left that was killed before it could record them. */
static int remove_leftover(struct build_target *t, const char *name, struct err *e)
{
	return tree_remove(t->place.dirfd, name, e);
}

static int copy_locked(struct import *m, const struct store_path_info *info)
{
	const char *name = build_target_name(m->target, info->path);
	const struct nar_tree tree = { AT_FDCWD, store_physical(m->arena, &m->below, info->path), info->path, false };
	struct landing landing;
	int r = tree.name ? remove_leftover(m->target, name, m->e) : err_oom(m->e);

	if (r == 0)
		r = land_tree(&m->target->place, &tree, &(struct land_way){ 0 }, &landing, m->e);
	if (r < 0)
		return r;
	if (!hash_equal(&landing.hash, &info->hash))
		r = err_set(m->e, EIO, "%s is not as the store database %s says: its hash is another; 'nix-store "
			    "--verify --check-contents --repair' may help", tree.name, m->from->database);
	if (r == 0)
		r = land_publish(&m->target->place, &landing, name, m->e);
	land_discard(&m->target->place, &landing);
	return r;
}

static int copy(struct import *m, const struct store_path_info *info)
{
	struct path_lock held;
	int r = lock(m, info->path, &held);

	if (r < 0)
		return r;
	/* Whoever had the lock may have copied it. */
	r = registry_has(m->registry, info->path, m->e);
	if (r == 0)
		r = copy_locked(m, info);
	path_lock_release(&held);
	return r < 0 ? r : 0;
}

static int import_one(struct import *m, const char *path)
{
	struct store_path_info *info;
	int r = registry_has(m->registry, path, m->e);

	if (r != 0)
		return r < 0 ? r : 0;
	info = arena_push(m->arena, &m->infos.items, &m->infos.len, sizeof *info);
	if (!info)
		return err_oom(m->e);
	r = database_path_info(m->database, m->arena, path, info, m->e);
	info->ultimate = false;
	return r == 0 && m->target->complete ? copy(m, info) : r;
}

/* The database of the inputs, unless nothing of it is needed. */
static int open_database(struct import *m)
{
	return m->database ? 0 : database_open(m->from, &m->database, m->e);
}

static int import_closure(struct import *m, const struct store_paths *roots)
{
	struct store_paths closure = { 0 };
	int r = roots->len ? open_database(m) : 0;

	if (r == 0 && roots->len)
		r = closure_from_database(m->arena, m->from, roots, &closure, m->e);
	for (size_t i = 0; r == 0 && i < closure.len; i++)
		r = import_one(m, closure.items[i]);
	return r;
}

static int import_begin(struct arena *a, struct build_target *t, const struct store *from, struct import *ret,
			struct err *e)
{
	*ret = (struct import){ .arena = a, .target = t, .from = from, .below = *from, .e = e };
	ret->below.above = NULL;
	return registry_open(a, &t->store, &ret->registry, e);
}

static void import_end(struct import *m)
{
	database_close(m->database);
	registry_close(m->registry);
}

int build_target_import(struct arena *a, struct build_target *t, const struct store *from,
			const struct store_paths *paths, struct err *e)
{
	struct import m;
	int r = import_begin(a, t, from, &m, e);

	if (r == 0)
		r = import_closure(&m, paths);
	if (r == 0)
		r = registry_add(m.registry, m.infos.items, m.infos.len, e);
	import_end(&m);
	return r;
}

static bool is_among(const struct build_landed *outputs, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(outputs[i].info.path, path) == 0)
			return true;
	return false;
}

/* What the outputs refer to beside each other. */
static int import_references(struct import *m, const struct build_landed *outputs, size_t n)
{
	struct store_paths roots = { 0 };
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		const struct store_paths *references = &outputs[i].info.references;

		for (size_t k = 0; r == 0 && k < references->len; k++)
			if (!is_among(outputs, n, references->items[k]))
				r = store_paths_add(m->arena, &roots, &m->below, references->items[k], "scan", m->e);
	}
	return r == 0 ? import_closure(m, &roots) : r;
}

/* The derivation, so that the store knows what the outputs were built from. It may be a file that no store lists. */
static int import_deriver(struct import *m, const char *drv)
{
	struct store_paths roots = { 0 }, ignored = { 0 };
	int r;

	if (!drv || !m->target->complete || !database_exists(&m->below))
		return 0;
	r = open_database(m);
	if (r == 0)
		r = database_references(m->database, m->arena, drv, &ignored, m->e);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = store_paths_add(m->arena, &roots, &m->below, drv, "derivation", m->e);
	return r == 0 ? import_closure(m, &roots) : r;
}

static int publish(struct import *m, struct build_landed *output)
{
	const char *name = build_target_name(m->target, output->info.path);
	struct store_path_info *info;
	int r = registry_has(m->registry, output->info.path, m->e);

	if (r != 0)
		return r < 0 ? r : 0;
	info = arena_push(m->arena, &m->infos.items, &m->infos.len, sizeof *info);
	r = info ? remove_leftover(m->target, name, m->e) : err_oom(m->e);
	if (r == 0)
		r = land_publish(&m->target->place, &output->landing, name, m->e);
	if (r < 0)
		return r;
	*info = output->info;
	output->published = true;
	return 0;
}

int build_target_add(struct arena *a, struct build_target *t, const struct store *from, struct build_landed *outputs,
		     size_t n, struct err *e)
{
	struct err ignored;
	struct import m;
	int r = import_begin(a, t, from, &m, e);

	if (r == 0)
		r = import_references(&m, outputs, n);
	if (r == 0)
		r = import_deriver(&m, n ? outputs[0].info.deriver : NULL);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = publish(&m, &outputs[i]);
	if (r == 0)
		r = registry_add(m.registry, m.infos.items, m.infos.len, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = registry_add_output(m.registry, outputs[i].info.deriver, outputs[i].name, outputs[i].info.path, e);
	/* Those with their final names are not recorded, so nobody uses them yet. */
	for (size_t i = 0; r < 0 && i < n; i++)
		if (outputs[i].published)
			tree_remove(t->place.dirfd, build_target_name(t, outputs[i].info.path), &ignored);
	import_end(&m);
	return r;
}
