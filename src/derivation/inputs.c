/* Why: an input that is not there must be named before anything runs, and what is not an input must stay out. */
#include "derivation/inputs.h"

#include <string.h>
#include <unistd.h>

#include "store/closure.h"
#include "store/database.h"

enum { STORES_MAX = 8, TRIES = 5 };

struct finder {
	struct arena *arena;
	const struct drv_inputs_request *q;
	struct database *db[STORES_MAX];  /* of the stores above first */
	size_t len;
	struct set where;  /* path -> number of its store + 1 */
	struct err *e;
};

/* The references of a path by the first store that has it. */
static int references(void *data, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	struct finder *f = data;
	int r = -ENOENT;
	bool is_new;

	for (size_t i = 0; i < f->len; i++) {
		r = database_references(f->db[i], a, path, ret, e);
		if (r == -ENOENT)
			continue;
		if (r == 0 && set_add(&f->where, path, (void *)(uintptr_t)(i + 1), &is_new) < 0)
			return err_oom(e);
		return r;
	}
	return err_set(e, ENOENT, "store path %s is not valid: the store database does not list it", path);
}

static bool is_valid(struct finder *f, const char *path, int *ret_error)
{
	struct store_paths ignored = { 0 };

	*ret_error = references(f, f->arena, path, &ignored, f->e);
	if (*ret_error == -ENOENT)
		*ret_error = 0;
	else if (*ret_error == 0)
		return true;
	return false;
}

static int add_root(struct finder *f, struct store_paths *roots, const char *path)
{
	char **slot = arena_push(f->arena, &roots->items, &roots->len, sizeof *slot);

	if (slot)
		*slot = (char *)path;
	return slot ? 0 : err_oom(f->e);
}

/* The outputs that are wanted of one input derivation. */
static int add_input(struct finder *f, struct drv_graph *g, const struct drv_input *in, struct store_paths *roots)
{
	struct drv_node *n;
	int r;

	if (in->wanted.dynamic_len)
		return err_set(f->e, ENOTSUP, "input %s: a derivation that is made by it has to be built first, and "
			       "then what this derivation resolves to", in->path);
	r = drv_graph_get(g, in->path, &n, f->e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < in->wanted.outputs.len; i++) {
		const char *name = in->wanted.outputs.items[i];
		const struct drv_output *o = drv_output(&n->drv, name);

		if (!o)
			return err_set(f->e, EINVAL, "input %s has no output '%s'", in->path, name);
		if (!o->path)
			return err_set(f->e, ENOTSUP, "input %s: the path of its output '%s' is not known before it is "
				       "built: build it, and then what this derivation resolves to", in->path, name);
		if (is_valid(f, o->path, &r)) {
			r = add_root(f, roots, o->path);
		} else if (r == 0) {
			bool guix = g->store->kind == STORE_GUIX;

			r = err_set(f->e, ENOENT, "input %s is missing: run '%s %s' first", o->path,
				    guix ? "guix build" : "nix-store --realise", in->path);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int find_roots(struct finder *f, struct drv_graph *g, const struct derivation *d, struct store_paths *roots)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->sources.len; i++) {
		if (is_valid(f, d->sources.items[i], &r))
			r = add_root(f, roots, d->sources.items[i]);
		else if (r == 0)
			r = err_set(f->e, ENOENT, "input %s is missing: nothing can build it, make the derivation "
				    "again or run '%s %s'", d->sources.items[i],
				    g->store->kind == STORE_GUIX ? "guix build" : "nix-store --realise",
				    d->sources.items[i]);
	}
	for (size_t i = 0; r == 0 && i < d->inputs_len; i++)
		r = add_input(f, g, &d->inputs[i], roots);
	for (size_t i = 0; r == 0 && f->q->extra && i < f->q->extra->len; i++)
		r = add_root(f, roots, f->q->extra->items[i]);
	if (r == 0)
		store_paths_sort(roots);
	return r;
}

/* An output of the derivation itself is made anew, though it may be among its inputs' closure, as a shell's may be. */
static void leave_out_outputs(const struct derivation *d, struct store_paths *closure)
{
	size_t kept = 0;

	for (size_t i = 0; i < closure->len; i++) {
		bool own = false;

		for (size_t k = 0; k < d->outputs_len; k++)
			own |= d->outputs[k].path && strcmp(d->outputs[k].path, closure->items[i]) == 0;
		if (!own)
			closure->items[kept++] = closure->items[i];
	}
	closure->len = kept;
}

/* A derivation may be an input itself, for who wants to build it again. */
static int find_outputs(struct finder *f, struct drv_graph *g, struct drv_path *p)
{
	struct drv_node *n;
	int r;

	if (!drv_name_of_path(f->arena, g->store, p->path))
		return 0;
	r = drv_graph_get(g, p->path, &n, f->e);
	for (size_t i = 0; r == 0 && i < n->drv.outputs_len; i++)
		if (n->drv.outputs[i].path)
			r = add_root(f, &p->outputs, n->drv.outputs[i].path);
	return r;
}

static int find_info(struct finder *f, struct drv_graph *g, struct drv_inputs *ret)
{
	int r = 0;

	ret->paths = arena_array(f->arena, ret->closure.len + 1, sizeof *ret->paths);
	if (!ret->paths)
		return err_oom(f->e);
	for (size_t i = 0; r == 0 && i < ret->closure.len; i++) {
		struct drv_path *p = &ret->paths[i];
		const struct set_item *where = set_find(&f->where, ret->closure.items[i]);
		struct store_path_info info;
		char hash[HASH_TEXT_MAX];

		r = database_path_info(f->db[(uintptr_t)where->value - 1], f->arena, ret->closure.items[i], &info,
				       f->e);
		if (r < 0)
			break;
		hash_spell(&info.hash, HASH_NAMED_32, hash);
		*p = (struct drv_path){ .path = ret->closure.items[i], .references = info.references,
					.nar_hash = arena_strdup(f->arena, hash), .nar_size = info.nar_size,
					.ca = info.ca };
		store_paths_sort(&p->references);
		r = find_outputs(f, g, p);
	}
	return r < 0 ? r : arena_failed(f->arena) ? err_oom(f->e) : 0;
}

static int find_all(struct finder *f, struct drv_graph *g, const struct derivation *d, struct drv_inputs *ret)
{
	const struct reference_source source = { "database", references, f };
	int r = find_roots(f, g, d, &ret->roots);

	if (r == 0)
		r = closure_compute(f->arena, &source, &ret->roots, &ret->closure, f->e);
	if (r < 0)
		return r;
	leave_out_outputs(d, &ret->closure);
	return f->q->with_info ? find_info(f, g, ret) : 0;
}

static int open_all(struct finder *f, const struct store *s)
{
	int r = s->above ? open_all(f, s->above) : 0;

	if (r < 0 || !database_exists(s))
		return r;
	if (f->len == STORES_MAX)
		return err_set(f->e, E2BIG, "more than %d stores above each other", STORES_MAX);
	r = database_open(s, &f->db[f->len], f->e);
	f->len += r == 0;
	return r;
}

static int try(struct drv_graph *g, const struct derivation *d, const struct drv_inputs_request *q,
	       struct drv_inputs *ret, struct err *e)
{
	struct finder f = { .arena = g->arena, .q = q, .e = e };
	struct err changed = { 0 };
	int r;

	*ret = (struct drv_inputs){ 0 };
	r = open_all(&f, q->store);
	if (r == 0 && f.len == 0)
		r = err_set(e, ENOENT, "the store has no database %s, which would say what its inputs refer to: nam"
			"e it with "
			    "--database", q->store->database);
	if (r == 0)
		r = find_all(&f, g, d, ret);
	for (size_t i = 0; i < f.len; i++) {
		/* A file that was written to meanwhile may look damaged: then that is the answer, not the damage. */
		if (database_check_unchanged(f.db[i], &changed) < 0) {
			*e = changed;
			r = -changed.num;
		}
		database_close(f.db[i]);
	}
	set_free(&f.where);
	return r;
}

int drv_inputs_find(struct drv_graph *g, const char *path, const struct drv_inputs_request *q, struct drv_inputs *ret,
		    struct err *e)
{
	struct drv_node *n;
	int r = drv_graph_get(g, path, &n, e);

	if (r < 0)
		return r;
	for (int i = 0; i < TRIES; i++) {
		r = try(g, &n->drv, q, ret, e);
		if (r != -EAGAIN)
			break;
		usleep(100 * 1000);
	}
	return r < 0 && r != -ENOMEM ? err_prefix(e, "derivation %s", path) : r;
}
