/* Why: JSON has no order that could be kept, so everything is sorted as in a .drv file; and the same rules hold. */
#include <stdlib.h>
#include <string.h>

#include "derivation/hash.h"
#include "derivation/json_tree.h"
#include "derivation/output.h"
#include "derivation/show.h"
#include "store/hash.h"

static const char *const methods[DRV_METHODS] = {
	[DRV_METHOD_FLAT] = "flat", [DRV_METHOD_NAR] = "nar", [DRV_METHOD_TEXT] = "text", [DRV_METHOD_GIT] = "git",
};

struct reader {
	struct arena *arena;
	const struct store *store;
	bool base_names;       /* version 4 */
	struct derivation *d;
	struct err *e;
};

/* The member of an object; NULL with a message if it is absent or of another type. */
static struct json_tree *need(struct reader *r, const struct json_tree *t, const char *name, enum json_type type)
{
	struct json_tree *found = json_member(t, name);

	if (found && found->type == type)
		return found;
	if (found)
		err_set(r->e, EINVAL, "\"%s\" must be %s, but is %s", name, json_type_name(type),
			json_type_name(found->type));
	else
		err_set(r->e, EINVAL, "\"%s\" is missing", name);
	return NULL;
}

static char *need_text(struct reader *r, const struct json_tree *t, const char *name)
{
	struct json_tree *found = need(r, t, name, JSON_STRING);

	return found ? found->text : NULL;
}

/* A store path, whole or by its base name. NULL with a message. */
static char *whole_path(struct reader *r, const char *text)
{
	char *path = r->base_names ? arena_printf(r->arena, "%s/%s", r->store->dir, text) : (char *)text;

	if (!path)
		err_oom(r->e);
	else if (!store_path_ok(r->store, path))
		err_set(r->e, EINVAL, "'%.300s' is not a store path of %s", text, r->store->dir);
	else
		return path;
	return NULL;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_words(struct reader *r, const struct json_tree *t, const char *what, struct drv_words *ret)
{
	for (size_t i = 0; i < t->len; i++) {
		char **slot;

		if (t->items[i]->type != JSON_STRING)
			return err_set(r->e, EINVAL, "\"%s\" must be a list of strings", what);
		slot = arena_push(r->arena, &ret->items, &ret->len, sizeof *slot);
		if (!slot)
			return err_oom(r->e);
		*slot = t->items[i]->text;
	}
	if (ret->len > DRV_ELEMENTS_MAX)
		return err_set(r->e, E2BIG, "\"%s\" has more than %d elements", what, DRV_ELEMENTS_MAX);
	return 0;
}

static int sort_words(struct reader *r, struct drv_words *w)
{
	if (w->len > 1)
		qsort(w->items, w->len, sizeof *w->items, compare_words);
	for (size_t i = 1; i < w->len; i++)
		if (strcmp(w->items[i - 1], w->items[i]) == 0)
			return err_set(r->e, EINVAL, "'%.200s' comes twice", w->items[i]);
	return 0;
}

/* Version 4 says of a fixed output what it must be, and not where that lies. */
static int read_fixed(struct reader *r, const struct json_tree *t, struct drv_output *o)
{
	const char *text = need_text(r, t, "hash");
	char hex[HASH_TEXT_MAX];
	struct hash hash;
	size_t ignored;
	int result;

	if (!text)
		return -EINVAL;
	result = hash_parse(text, o->algorithm, &hash, r->e);
	if (result < 0)
		return result;
	hash_spell(&hash, HASH_HEX, hex);
	o->kind = DRV_OUTPUT_FIXED;
	o->algorithm = drv_algorithm(hash_name(hash.algorithm), strlen(hash_name(hash.algorithm)), &ignored);
	o->hash = arena_strdup(r->arena, hex);
	o->path = o->hash ? drv_fixed_path(r->arena, r->store, r->d->name, o) : NULL;
	if (!o->path)
		return err_oom(r->e);
	text = json_member(t, "path") ? need_text(r, t, "path") : NULL;
	if (text && !(text = whole_path(r, text)))
		return -r->e->num;
	if (text && strcmp(text, o->path) != 0)
		return err_set(r->e, EINVAL, "the path is %s, but by its hash it should be %s", text, o->path);
	return 0;
}

static int read_method(struct reader *r, const struct json_tree *t, struct drv_output *o)
{
	const char *method = need_text(r, t, "method");
	size_t ignored;

	if (!method)
		return -EINVAL;
	for (int m = 0; m < DRV_METHODS; m++)
		if (strcmp(method, methods[m]) == 0) {
			const struct json_tree *algorithm = json_member(t, "hashAlgo");

			o->method = (enum drv_method)m;
			if (!algorithm)
				return 0;
			if (algorithm->type == JSON_STRING)
				o->algorithm = drv_algorithm(algorithm->text, strlen(algorithm->text), &ignored);
			return o->algorithm ? 0 : err_set(r->e, EINVAL, "\"hashAlgo\" is not a known hash algorithm");
		}
	return err_set(r->e, EINVAL, "\"method\" is '%.100s', and not flat, nar, text or git", method);
}

static int read_output(struct reader *r, const struct json_tree *t, struct drv_output *o)
{
	const struct json_tree *impure;
	int result;

	o->name = t->name;
	if (!output_name_ok(t->name))
		return err_set(r->e, EINVAL, "it cannot be the name of an output");
	if (t->type != JSON_OBJECT)
		return err_set(r->e, EINVAL, "it must be an object");
	if (!json_member(t, "method")) {
		const char *path = json_member(t, "path") ? need_text(r, t, "path") : NULL;

		o->kind = path ? DRV_OUTPUT_INPUT_ADDRESSED : DRV_OUTPUT_DEFERRED;
		if (t->len != (path ? 1 : 0))
			return r->e->num ? -r->e->num : err_set(r->e, EINVAL, "it has a member that is not known");
		o->path = path ? whole_path(r, path) : NULL;
		return path && !o->path ? -r->e->num : 0;
	}
	result = read_method(r, t, o);
	if (result == 0 && json_member(t, "hash"))
		return read_fixed(r, t, o);
	impure = json_member(t, "impure");
	o->kind = impure && impure->type == JSON_BOOL && impure->value ? DRV_OUTPUT_IMPURE : DRV_OUTPUT_FLOATING;
	if (result == 0 && !o->algorithm)
		result = err_set(r->e, EINVAL, "\"hashAlgo\" is missing");
	return result;
}

static int read_outputs(struct reader *r, const struct json_tree *t)
{
	struct derivation *d = r->d;

	for (size_t i = 0; i < t->len; i++) {
		struct drv_output *o = arena_push(r->arena, &d->outputs, &d->outputs_len, sizeof *o);
		int result = o ? read_output(r, t->items[i], o) : err_oom(r->e);

		if (result < 0)
			return result == -ENOMEM ? result : err_prefix(r->e, "outputs.%s", t->items[i]->name);
	}
	return output_check_all(d, r->e);
}

static int read_wanted(struct reader *r, const struct json_tree *t, int depth, struct drv_wanted *ret)
{
	const struct json_tree *outputs, *dynamic;
	int result;

	if (depth > DRV_DEPTH_MAX)
		return err_set(r->e, E2BIG, "dynamic outputs are nested more than %d deep", DRV_DEPTH_MAX);
	outputs = need(r, t, "outputs", JSON_ARRAY);
	dynamic = need(r, t, "dynamicOutputs", JSON_OBJECT);
	if (!outputs || !dynamic)
		return -EINVAL;
	result = read_words(r, outputs, "outputs", &ret->outputs);
	if (result == 0)
		result = sort_words(r, &ret->outputs);
	for (size_t i = 0; result == 0 && i < ret->outputs.len; i++)
		if (!output_name_ok(ret->outputs.items[i]))
			result = err_set(r->e, EINVAL, "'%.200s' cannot be the name of an output",
					 ret->outputs.items[i]);
	for (size_t i = 0; result == 0 && i < dynamic->len; i++) {
		struct drv_dynamic *x = arena_push(r->arena, &ret->dynamic, &ret->dynamic_len, sizeof *x);

		if (!x)
			return err_oom(r->e);
		x->output = dynamic->items[i]->name;
		r->d->dynamic = true;
		if (!output_name_ok(x->output))
			return err_set(r->e, EINVAL, "'%.200s' cannot be the name of an output", x->output);
		result = read_wanted(r, dynamic->items[i], depth + 1, &x->wanted);
	}
	if (result == 0 && ret->outputs.len == 0 && ret->dynamic_len == 0)
		result = err_set(r->e, EINVAL, "no output of an input derivation is wanted");
	return result;
}

static int compare_inputs(const void *a, const void *b)
{
	return strcmp(((const struct drv_input *)a)->path, ((const struct drv_input *)b)->path);
}

static int read_inputs(struct reader *r, const struct json_tree *t)
{
	struct derivation *d = r->d;
	int result = 0;

	for (size_t i = 0; result == 0 && i < t->len; i++) {
		struct drv_input *in = arena_push(r->arena, &d->inputs, &d->inputs_len, sizeof *in);

		if (!in)
			return err_oom(r->e);
		in->path = whole_path(r, t->items[i]->name);
		if (!in->path)
			return -r->e->num;
		if (!drv_name_of_path(r->arena, r->store, in->path))
			return err_set(r->e, EINVAL, "input '%.300s' is not the path of a derivation", in->path);
		result = read_wanted(r, t->items[i], 0, &in->wanted);
		if (result < 0 && result != -ENOMEM)
			err_prefix(r->e, "input %s", in->path);
	}
	if (d->inputs_len > 1)
		qsort(d->inputs, d->inputs_len, sizeof *d->inputs, compare_inputs);
	return result;
}

static int read_sources(struct reader *r, const struct json_tree *t)
{
	struct drv_words words = { 0 };
	int result = read_words(r, t, "srcs", &words);

	for (size_t i = 0; result == 0 && i < words.len; i++) {
		words.items[i] = whole_path(r, words.items[i]);
		result = words.items[i] ? 0 : -r->e->num;
	}
	if (result == 0)
		result = sort_words(r, &words);
	r->d->sources = (struct store_paths){ words.items, words.len };
	return result;
}

static int read_env(struct reader *r, const struct json_tree *t, const struct json_tree *attrs)
{
	struct derivation *d = r->d;
	_cleanup_str_ struct str text = STR_INIT;
	struct json_tree *all = json_new(r->arena, JSON_OBJECT);

	/* Sorted with all others where it belongs: as the variable that it is in a .drv file. */
	for (size_t i = 0; all && i < t->len; i++)
		if (json_append(r->arena, all, t->items[i]) < 0)
			return err_oom(r->e);
	if (attrs) {
		json_tree_write(attrs, &text);
		if (text.failed || !all || json_member(t, "__json") ||
		    json_set_member(r->arena, all, "__json", json_new_string(r->arena, str_text(&text))) < 0)
			return json_member(t, "__json") ? err_set(r->e, EINVAL, "both \"structuredAttrs\" and the "
								  "variable __json are there") : err_oom(r->e);
	}
	if (!all)
		return err_oom(r->e);
	if (all->len > DRV_ELEMENTS_MAX)
		return err_set(r->e, E2BIG, "\"env\" has more than %d members", DRV_ELEMENTS_MAX);
	for (size_t i = 0; i < all->len; i++) {
		struct drv_variable *v = arena_push(r->arena, &d->env, &d->env_len, sizeof *v);

		if (!v)
			return err_oom(r->e);
		if (all->items[i]->type != JSON_STRING)
			return err_set(r->e, EINVAL, "env.%.200s must be a string", all->items[i]->name);
		*v = (struct drv_variable){ all->items[i]->name, all->items[i]->text };
	}
	return 0;
}

static int check_version(struct reader *r, const struct json_tree *t, bool *ret_base_names)
{
	const struct json_tree *version = json_member(t, "version");

	*ret_base_names = version && version->type == JSON_NUMBER && strcmp(version->text, "4") == 0;
	if (!version || *ret_base_names || (version->type == JSON_NUMBER && strcmp(version->text, "3") == 0))
		return 0;
	return err_set(r->e, ENOTSUP, "the version %s of the format is not known, only 3 and 4 are",
		       version->type == JSON_NUMBER ? version->text : "");
}

static int read_derivation(struct reader *r, const struct json_tree *t, struct drv_shown *ret)
{
	const struct json_tree *outputs, *inputs, *srcs, *drvs, *args, *env;
	struct derivation *d = r->d = &ret->drv;
	int result;

	if (t->type != JSON_OBJECT)
		return err_set(r->e, EINVAL, "a derivation must be an object, but is %s", json_type_name(t->type));
	result = check_version(r, t, &r->base_names);
	if (result < 0)
		return result;
	if (!(d->name = need_text(r, t, "name")) || !(outputs = need(r, t, "outputs", JSON_OBJECT)))
		return -EINVAL;
	inputs = r->base_names ? need(r, t, "inputs", JSON_OBJECT) : t;
	if (!inputs || !(srcs = need(r, inputs, r->base_names ? "srcs" : "inputSrcs", JSON_ARRAY)) ||
	    !(drvs = need(r, inputs, r->base_names ? "drvs" : "inputDrvs", JSON_OBJECT)))
		return -EINVAL;
	if (!(d->system = need_text(r, t, "system")) || !(d->builder = need_text(r, t, "builder")) ||
	    !(args = need(r, t, "args", JSON_ARRAY)) || !(env = need(r, t, "env", JSON_OBJECT)))
		return -EINVAL;
	if (!output_name_ok(d->name))
		return err_set(r->e, EINVAL, "'%.200s' cannot be the name of a derivation", d->name);
	result = read_outputs(r, outputs);
	if (result == 0)
		result = read_inputs(r, drvs);
	if (result == 0)
		result = read_sources(r, srcs);
	if (result == 0)
		result = read_words(r, args, "args", &d->args);
	return result < 0 ? result : read_env(r, env, json_member(t, "structuredAttrs"));
}

static int read_all(struct reader *r, const struct json_tree *t, struct drv_shown **ret, size_t *ret_len)
{
	bool base_names, one = json_member(t, "outputs") && json_member(t, "builder");
	int result = check_version(r, t, &base_names);

	if (result == 0 && base_names && !one && !(t = need(r, t, "derivations", JSON_OBJECT)))
		return -EINVAL;
	for (size_t i = 0; result == 0 && i < (one ? 1 : t->len); i++) {
		const struct json_tree *item = one ? t : t->items[i];
		struct drv_shown *shown = arena_push(r->arena, ret, ret_len, sizeof *shown);

		if (!shown)
			return err_oom(r->e);
		r->base_names = base_names;
		if (!one && !(shown->path = whole_path(r, item->name)))
			return -r->e->num;
		result = read_derivation(r, item, shown);
		if (result < 0 && result != -ENOMEM && !one)
			err_prefix(r->e, "%s", item->name);
	}
	return result;
}

int drv_show_read(struct arena *a, const struct store *s, const char *file, const char *text, size_t len,
		  struct drv_shown **ret, size_t *ret_len, struct err *e)
{
	struct reader r = { .arena = a, .store = s, .e = e };
	struct json_tree *t;
	int result = json_tree_read(a, file, text, len, &t, e);

	*ret = NULL;
	*ret_len = 0;
	if (result < 0)
		return result;
	e->num = 0;
	if (t->type != JSON_OBJECT)
		return err_set(e, EINVAL, "%s: expected what nix derivation show prints, found %s", file,
			       json_type_name(t->type));
	result = read_all(&r, t, ret, ret_len);
	return result < 0 && result != -ENOMEM ? err_prefix(e, "%s", file) : result;
}
