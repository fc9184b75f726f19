/* Why: see checks.h. A check that cannot be read is a failure, never a check that passes. */
#include "build/checks.h"

#include <stdlib.h>
#include <string.h>

#include "store/closure.h"
#include "store/set.h"

enum { NAMED_MAX = 5 };  /* paths that a message names */

struct checker {
	struct arena *arena;
	const struct build_checking *k;
	const struct build_output *output;   /* the one at hand */
	const struct json_tree *checks;      /* where its checks are: NULL, in the environment */
	struct err *e;
};

/* The outputs are not in any database yet. */
static int info_of(struct checker *c, const char *path, struct store_path_info *ret)
{
	for (size_t i = 0; i < c->k->outputs_len; i++)
		if (strcmp(c->k->outputs[i].info->path, path) == 0) {
			*ret = *c->k->outputs[i].info;
			return 0;
		}
	return c->k->lookup.info(c->k->lookup.data, c->arena, path, ret, c->e);
}

static int references(void *data, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	struct store_path_info info;
	int r = info_of(data, path, &info);

	(void)a;
	(void)e;
	if (r == 0)
		*ret = info.references;
	return r;
}

static int closure(struct checker *c, struct store_paths *ret)
{
	char *path = c->output->info->path;
	const struct store_paths roots = { &path, 1 };

	return closure_compute(c->arena, &(struct reference_source){ "outputs", references, c }, &roots, ret, c->e);
}

/* A specifier is a store path or the name of an output. */
static int add_specifier(struct checker *c, const char *attribute, const char *word, struct set *ret)
{
	bool is_new;

	if (*word == '/')
		return set_add(ret, word, NULL, &is_new) < 0 ? err_oom(c->e) : 0;
	for (size_t i = 0; i < c->k->outputs_len; i++)
		if (strcmp(c->k->outputs[i].name, word) == 0)
			return set_add(ret, c->k->outputs[i].info->path, NULL, &is_new) < 0 ? err_oom(c->e) : 0;
	return err_set(c->e, EINVAL, "the attribute '%s' names '%.200s', which is neither a store path nor an output "
		       "of the derivation", attribute, word);
}

static int refuse(struct checker *c, const char *attribute, const struct store_paths *bad)
{
	char *text = arena_strdup(c->arena, "");

	for (size_t i = 0; text && i < bad->len && i < NAMED_MAX; i++)
		text = arena_printf(c->arena, "%s%s%s", text, i ? ", " : "", bad->items[i]);
	if (!text)
		return err_oom(c->e);
	return err_set(c->e, EPERM, "output '%s' is not allowed to refer to the following paths: %s%s (%s)",
		       c->output->info->path, text, bad->len > NAMED_MAX ? " and others" : "", attribute);
}

/* Those that are used and should not be. A requisite of the whole environment's kind may be the output itself. */
static int find_bad(struct checker *c, const struct store_paths *used, const struct set *named, bool allowed,
		    struct store_paths *ret)
{
	for (size_t i = 0; i < used->len; i++) {
		char **slot;

		if ((set_find(named, used->items[i]) != NULL) == allowed)
			continue;
		slot = arena_push(c->arena, &ret->items, &ret->len, sizeof *slot);
		if (!slot)
			return err_oom(c->e);
		*slot = used->items[i];
	}
	return 0;
}

static int get_used(struct checker *c, bool recursive, struct store_paths *ret)
{
	size_t kept = 0;
	int r;

	*ret = c->output->info->references;
	if (!recursive)
		return 0;
	r = closure(c, ret);
	if (r < 0 || c->checks)
		return r;
	for (size_t i = 0; i < ret->len; i++)
		if (strcmp(ret->items[i], c->output->info->path) != 0)
			ret->items[kept++] = ret->items[i];
	ret->len = kept;
	return 0;
}

static bool has(const struct checker *c, const char *attribute)
{
	return c->checks ? json_member(c->checks, attribute) != NULL : drv_env(c->k->drv, attribute) != NULL;
}

static int check_list(struct checker *c, const char *attribute, bool allowed, bool recursive)
{
	_cleanup_set_ struct set named = SET_INIT;
	struct store_paths used, bad = { 0 };
	struct drv_words words = { 0 };
	int r;

	if (!has(c, attribute))
		return 0;
	r = drv_option_words(c->arena, c->k->drv, c->checks, attribute, &words, c->e);
	for (size_t i = 0; r == 0 && i < words.len; i++)
		r = add_specifier(c, attribute, words.items[i], &named);
	if (r == 0)
		r = get_used(c, recursive, &used);
	if (r == 0)
		r = find_bad(c, &used, &named, allowed, &bad);
	return r == 0 && bad.len ? refuse(c, attribute, &bad) : r;
}

/* Only structured attributes have it. */
static int read_size(struct checker *c, const char *attribute, unsigned long long *ret)
{
	const struct json_tree *t = json_member(c->checks, attribute);

	*ret = 0;
	if (t && (t->type != JSON_NUMBER || parse_u64(t->text, ~0ull, ret) < 0))
		return err_set(c->e, EINVAL, "the attribute '%s' must be a whole number", attribute);
	return t != NULL;
}

static int check_sizes(struct checker *c)
{
	unsigned long long limit, size = 0;
	struct store_paths paths;
	int r = read_size(c, "maxSize", &limit);

	if (r > 0 && c->output->info->nar_size > limit)
		return err_set(c->e, EPERM, "path '%s' is too large at %llu bytes; limit is %llu bytes (maxSize)",
			       c->output->info->path, c->output->info->nar_size, limit);
	if (r >= 0)
		r = read_size(c, "maxClosureSize", &limit);
	if (r <= 0)
		return r;
	r = closure(c, &paths);
	for (size_t i = 0; r == 0 && i < paths.len; i++) {
		struct store_path_info info;

		r = info_of(c, paths.items[i], &info);
		size += info.nar_size;
	}
	if (r == 0 && size > limit)
		return err_set(c->e, EPERM, "closure of path '%s' is too large at %llu bytes; limit is %llu bytes "
			       "(maxClosureSize)", c->output->info->path, size, limit);
	return r;
}

static int check_output(struct checker *c)
{
	int r = check_list(c, "allowedReferences", true, false);

	if (r == 0)
		r = check_list(c, "allowedRequisites", true, true);
	if (r == 0)
		r = check_list(c, "disallowedReferences", false, false);
	if (r == 0)
		r = check_list(c, "disallowedRequisites", false, true);
	return r == 0 && c->checks ? check_sizes(c) : r;
}

int build_checks(struct arena *a, const struct build_checking *k, struct err *e)
{
	const struct json_tree *all = k->attrs ? json_member(k->attrs, "outputChecks") : NULL;
	struct checker c = { .arena = a, .k = k, .e = e };
	int r = 0;

	if (all && all->type != JSON_OBJECT)
		return err_set(e, EINVAL, "the attribute 'outputChecks' must be an object");
	for (size_t i = 0; r == 0 && i < k->outputs_len; i++) {
		c.output = &k->outputs[i];
		c.checks = all ? json_member(all, c.output->name) : NULL;
		if (c.checks && c.checks->type != JSON_OBJECT)
			r = err_set(e, EINVAL, "the attribute 'outputChecks.%s' must be an object", c.output->name);
		else if (!k->attrs || c.checks)
			r = check_output(&c);
	}
	return r;
}
