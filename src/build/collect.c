/*
 * Why: outputs come from a program that nobody trusts. They are read through descriptors, written anew, and judged by
 * what was written; the builder's own files never become a part of a store.
 *
 * An output whose path follows from its content is read once more: its hash must be known before its name is.
 */
#include "build/collect.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/address.h"
#include "derivation/hash.h"

struct collector {
	struct arena *arena;
	const struct build_collecting *c;
	struct build_landed *outputs;
	struct store_paths *found;       /* for each output: what it refers to, by scratch paths */
	struct land_rewrite *rewrites;   /* scratch hashes that are known to be others now */
	size_t rewrites_len;
	struct search *search;
	struct err *e;
};

static const char *scratch(const struct collector *k, size_t i)
{
	return k->c->scratch->items[i];
}

static const char *hash_part(const struct collector *k, const char *path)
{
	return path + strlen(k->c->target->store.dir) + 1;
}

static struct nar_tree left_by_builder(const struct collector *k, size_t i)
{
	return (struct nar_tree){ k->c->dirfd, build_target_name(k->c->target, scratch(k, i)), scratch(k, i), true };
}

static int open_search(struct collector *k)
{
	struct store_paths candidates = { 0 };
	const struct store_paths *inputs = k->c->inputs;

	candidates.items = arena_array(k->arena, inputs->len + k->c->scratch->len + 1, sizeof *candidates.items);
	if (!candidates.items)
		return err_oom(k->e);
	for (size_t i = 0; i < inputs->len; i++)
		candidates.items[candidates.len++] = inputs->items[i];
	for (size_t i = 0; i < k->c->scratch->len; i++)
		candidates.items[candidates.len++] = k->c->scratch->items[i];
	return search_open(k->arena, &k->c->target->store, &candidates, &k->search, k->e);
}

static int check_there(struct collector *k, size_t i)
{
	const char *name = build_target_name(k->c->target, scratch(k, i));

	if (faccessat(k->c->dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(k->e, errno, "output path %s", scratch(k, i));
	return err_set(k->e, ENOENT, "builder for '%s' failed to produce output path '%s'", k->c->path, scratch(k, i));
}

/* The attribute unsafeDiscardReferences.NAME. */
static int discards_references(struct collector *k, size_t i, bool *ret)
{
	const struct json_tree *all = k->c->attrs ? json_member(k->c->attrs, "unsafeDiscardReferences") : NULL;
	const struct json_tree *one = all ? json_member(all, k->c->drv->outputs[i].name) : NULL;

	*ret = one && one->type == JSON_BOOL && one->value;
	if ((all && all->type != JSON_OBJECT) || (one && one->type != JSON_BOOL))
		return err_set(k->e, EINVAL, "the attribute 'unsafeDiscardReferences' must be an object of booleans");
	return 0;
}

/* Lands the output, or only looks at it if it gets another name; and what it refers to. */
static int read_output(struct collector *k, size_t i)
{
	const struct nar_tree tree = left_by_builder(k, i);
	const struct land_way way = { .search = k->search };
	struct landing *l = &k->outputs[i].landing;
	struct store_paths ignored = { 0 };
	bool discard = false, final = k->c->drv->outputs[i].path != NULL;
	int r = check_there(k, i);

	if (r == 0)
		r = discards_references(k, i, &discard);
	if (r == 0)
		r = final ? land_tree(&k->c->target->place, &tree, &way, l, k->e) :
			    land_measure(&tree, &way, HASH_SHA256, l, k->e);
	return r < 0 ? r : search_take(k->search, k->arena, discard ? &ignored : &k->found[i], k->e);
}

static bool refers(const struct collector *k, size_t from, size_t to)
{
	for (size_t i = 0; i < k->found[from].len; i++)
		if (strcmp(k->found[from].items[i], scratch(k, to)) == 0)
			return true;
	return false;
}

/* An order in which each output comes behind those that it refers to. A store can have no circle of paths. */
static int sort_outputs(struct collector *k, size_t *ret)
{
	size_t n = k->c->drv->outputs_len, done = 0, rounds = 0;
	bool *placed = arena_array(k->arena, n, sizeof *placed);

	if (!placed)
		return err_oom(k->e);
	for (size_t i = 0; done < n; i = (i + 1) % n) {
		bool ready = !placed[i];

		for (size_t other = 0; ready && other < n; other++)
			ready = other == i || placed[other] || !refers(k, i, other);
		if (ready) {
			placed[i] = true;
			ret[done++] = i;
			rounds = 0;
		} else if (++rounds > n) {
			return err_set(k->e, EINVAL, "the outputs of '%s' refer to each other in a circle", k->c->path);
		}
	}
	return 0;
}

/* The references with the outputs' final names. */
static int set_references(struct collector *k, size_t i)
{
	struct store_path_info *info = &k->outputs[i].info;

	info->references = (struct store_paths){ 0 };
	for (size_t n = 0; n < k->found[i].len; n++) {
		char **slot = arena_push(k->arena, &info->references.items, &info->references.len, sizeof *slot);

		if (!slot)
			return err_oom(k->e);
		*slot = k->found[i].items[n];
		for (size_t o = 0; o < k->c->drv->outputs_len; o++)
			if (strcmp(*slot, scratch(k, o)) == 0 && k->outputs[o].info.path)
				*slot = k->outputs[o].info.path;
	}
	store_paths_sort(&info->references);
	return 0;
}

/* ---- outputs whose content must have a hash ---- */

static int hash_content(struct collector *k, const struct nar_tree *tree, enum drv_method method,
			enum hash_algorithm algorithm, struct hash *ret)
{
	struct landing sum;
	int r;

	if (method == DRV_METHOD_GIT)
		return err_set(k->e, ENOTSUP, "git hashing is an experiment of Nix, which Cloister has not");
	if (method != DRV_METHOD_NAR)
		return land_measure_file(tree, algorithm, ret, k->e);
	r = land_measure(tree, &(struct land_way){ 0 }, algorithm, &sum, k->e);
	*ret = sum.hash;
	return r;
}

static int check_fixed(struct collector *k, size_t i)
{
	const struct drv_output *o = &k->c->drv->outputs[i];
	struct build_landed *out = &k->outputs[i];
	const struct nar_tree tree = { k->c->target->place.dirfd, out->landing.name, o->path, false };
	char specified[HASH_TEXT_MAX], found[HASH_TEXT_MAX];
	struct hash wanted, got;
	int r = hash_parse(o->hash, o->algorithm, &wanted, k->e);

	if (r == 0)
		r = hash_content(k, &tree, o->method, wanted.algorithm, &got);
	if (r < 0)
		return r;
	if (!hash_equal(&wanted, &got)) {
		hash_spell(&wanted, HASH_SRI, specified);
		hash_spell(&got, HASH_SRI, found);
		return err_set(k->e, EBADMSG, "hash mismatch in fixed-output derivation '%s': specified: %s got: %s",
			       k->c->path, specified, found);
	}
	if (k->found[i].len && o->method != DRV_METHOD_TEXT)
		return err_set(k->e, EINVAL, "fixed-output derivations must not reference store paths: '%s' references "
			       "%zu distinct paths, e.g. '%s'", k->c->path, k->found[i].len, k->found[i].items[0]);
	hash_spell(&wanted, HASH_NAMED_32, found);
	out->info.ca = o->method == DRV_METHOD_TEXT ? arena_printf(k->arena, "text:%s", found) :
		       arena_printf(k->arena, "fixed:%s%s", drv_method_prefix(o->method), found);
	return out->info.ca ? 0 : err_oom(k->e);
}

/* ---- outputs whose content makes their path ---- */

static int hash_floating(struct collector *k, size_t i, const struct land_way *way, struct hash *ret)
{
	const struct drv_output *o = &k->c->drv->outputs[i];
	const struct nar_tree tree = left_by_builder(k, i);
	struct landing sum;
	int r = hash_find_algorithm(o->algorithm, &ret->algorithm, k->e);

	if (r == 0 && o->method != DRV_METHOD_NAR)
		return hash_content(k, &tree, o->method, ret->algorithm, ret);
	if (r == 0)
		r = land_measure(&tree, way, ret->algorithm, &sum, k->e);
	if (r == 0)
		*ret = sum.hash;
	return r;
}

/* All outputs that it refers to have their names, so that theirs are put in before its own hash is taken. */
static int land_floating(struct collector *k, size_t i)
{
	const struct drv_output *o = &k->c->drv->outputs[i];
	const struct nar_tree tree = left_by_builder(k, i);
	struct land_way way = { .rewrites = k->rewrites, .rewrites_len = k->rewrites_len,
				.modulo = hash_part(k, scratch(k, i)) };
	struct build_landed *out = &k->outputs[i];
	struct store_paths others = { 0 };
	struct build_content content = { .method = o->method, .references = &others,
					 .refers_to_itself = refers(k, i, i) };
	const char *name = drv_output_path_name(k->arena, k->c->drv->name, o->name);
	int r = name ? set_references(k, i) : err_oom(k->e);

	for (size_t n = 0; r == 0 && n < out->info.references.len; n++)
		if (strcmp(out->info.references.items[n], scratch(k, i)) != 0)
			r = store_paths_add(k->arena, &others, &k->c->target->store, out->info.references.items[n],
					    "scan", k->e);
	if (r == 0)
		r = hash_floating(k, i, &way, &content.hash);
	if (r == 0)
		r = build_address(k->arena, &k->c->target->store, name, &content, &out->info.path, &out->info.ca, k->e);
	if (r < 0)
		return err_prefix(k->e, "output '%s' of '%s'", o->name, k->c->path);
	k->rewrites[k->rewrites_len++] = (struct land_rewrite){ hash_part(k, scratch(k, i)),
								hash_part(k, out->info.path) };
	way = (struct land_way){ .rewrites = k->rewrites, .rewrites_len = k->rewrites_len };
	return land_tree(&k->c->target->place, &tree, &way, &out->landing, k->e);
}

/* ---- all of them ---- */

static int finish(struct collector *k, const size_t *order)
{
	int r = 0;

	for (size_t n = 0; r == 0 && n < k->c->drv->outputs_len; n++) {
		size_t i = order[n];
		const struct drv_output *o = &k->c->drv->outputs[i];
		struct build_landed *out = &k->outputs[i];

		if (o->path)
			out->info.path = o->path;
		else
			r = land_floating(k, i);
		if (r == 0 && o->kind == DRV_OUTPUT_FIXED)
			r = check_fixed(k, i);
		if (r == 0)
			r = set_references(k, i);
		out->name = o->name;
		out->info.hash = out->landing.hash;
		out->info.nar_size = out->landing.nar_size;
		out->info.deriver = (char *)k->c->path;
		out->info.ultimate = true;
	}
	return r;
}

static int check(struct collector *k)
{
	size_t n = k->c->drv->outputs_len;
	struct build_output *outputs = arena_array(k->arena, n, sizeof *outputs);
	const struct build_checking checking = { .drv = k->c->drv, .attrs = k->c->attrs, .outputs = outputs,
						 .outputs_len = n, .lookup = k->c->lookup };

	if (!outputs)
		return err_oom(k->e);
	for (size_t i = 0; i < n; i++)
		outputs[i] = (struct build_output){ k->c->drv->outputs[i].name, &k->outputs[i].info };
	return build_checks(k->arena, &checking, k->e);
}

static int collect(struct collector *k)
{
	size_t n = k->c->drv->outputs_len, *order = arena_array(k->arena, n, sizeof *order);
	int r;

	k->found = arena_array(k->arena, n, sizeof *k->found);
	k->rewrites = arena_array(k->arena, n, sizeof *k->rewrites);
	if (!order || !k->found || !k->rewrites)
		return err_oom(k->e);
	r = open_search(k);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_output(k, i);
	if (r == 0)
		r = sort_outputs(k, order);
	if (r == 0)
		r = finish(k, order);
	return r == 0 ? check(k) : r;
}

int build_collect(struct arena *a, const struct build_collecting *c, struct build_landed *ret, struct err *e)
{
	struct collector k = { .arena = a, .c = c, .outputs = ret, .e = e };
	int r;

	memset(ret, 0, c->drv->outputs_len * sizeof *ret);
	r = collect(&k);
	for (size_t i = 0; r < 0 && i < c->drv->outputs_len; i++)
		land_discard(&c->target->place, &ret[i].landing);
	return r;
}
