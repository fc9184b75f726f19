/* Why: what was read as JSON can be shown again to whoever knows the other version. */
#include <string.h>

#include "derivation/json_tree.h"
#include "derivation/show.h"
#include "store/hash.h"

static const char *const methods[DRV_METHODS] = {
	[DRV_METHOD_FLAT] = "flat", [DRV_METHOD_NAR] = "nar", [DRV_METHOD_TEXT] = "text", [DRV_METHOD_GIT] = "git",
};

/* Failure is sticky: no memory, or no UTF-8. */
struct writer {
	struct arena *arena;
	const struct store *store;
	int version;
	int failed;  /* -errno */
};

static struct json_tree *text(struct writer *w, const char *value)
{
	if (!json_is_utf8(value, strlen(value)) && w->failed == 0)
		w->failed = -EINVAL;
	return json_new_string(w->arena, value);
}

static void set(struct writer *w, struct json_tree *t, const char *name, struct json_tree *value)
{
	if (!json_is_utf8(name, strlen(name)) && w->failed == 0)
		w->failed = -EINVAL;
	if (!t || json_set_member(w->arena, t, name, value) < 0)
		w->failed = -ENOMEM;
}

/* Members come in their order, so that they need not be sorted in; for long lists. */
static void append(struct writer *w, struct json_tree *t, const char *name, struct json_tree *value)
{
	if (value && name) {
		value->name = arena_strdup(w->arena, name);
		if (!json_is_utf8(name, strlen(name)) && w->failed == 0)
			w->failed = -EINVAL;
	}
	if (!t || !value || (name && !value->name) || json_append(w->arena, t, value) < 0)
		w->failed = -ENOMEM;
}

static const char *path_name(const struct writer *w, const char *path)
{
	return w->version == 4 ? path + strlen(w->store->dir) + 1 : path;
}

static struct json_tree *words(struct writer *w, char *const *items, size_t len, bool paths)
{
	struct json_tree *t = json_new(w->arena, JSON_ARRAY);

	for (size_t i = 0; i < len; i++)
		append(w, t, NULL, text(w, paths ? path_name(w, items[i]) : items[i]));
	return t;
}

static struct json_tree *flag(struct writer *w)
{
	struct json_tree *t = json_new(w->arena, JSON_BOOL);

	if (t)
		t->value = true;
	return t;
}

static void add_hash(struct writer *w, struct json_tree *t, const struct drv_output *o)
{
	struct err ignored = { 0 };
	char spelled[HASH_TEXT_MAX];
	struct hash hash;

	if (w->version != 4) {
		set(w, t, "hash", text(w, o->hash));
		set(w, t, "hashAlgo", text(w, o->algorithm));
		return;
	}
	if (hash_parse(o->hash, o->algorithm, &hash, &ignored) < 0) {
		w->failed = -ENOTSUP;
		return;
	}
	hash_spell(&hash, HASH_SRI, spelled);
	set(w, t, "hash", text(w, spelled));
}

static struct json_tree *output(struct writer *w, const struct drv_output *o)
{
	struct json_tree *t = json_new(w->arena, JSON_OBJECT);

	if (o->algorithm)
		set(w, t, "method", text(w, methods[o->method]));
	if (o->path && (w->version == 3 || !o->algorithm))
		set(w, t, "path", text(w, path_name(w, o->path)));
	if (o->kind == DRV_OUTPUT_FIXED)
		add_hash(w, t, o);
	else if (o->algorithm)
		set(w, t, "hashAlgo", text(w, o->algorithm));
	if (o->kind == DRV_OUTPUT_IMPURE)
		set(w, t, "impure", flag(w));
	return t;
}

static struct json_tree *wanted(struct writer *w, const struct drv_wanted *x)
{
	struct json_tree *t = json_new(w->arena, JSON_OBJECT), *dynamic = json_new(w->arena, JSON_OBJECT);

	for (size_t i = 0; i < x->dynamic_len; i++)
		append(w, dynamic, x->dynamic[i].output, wanted(w, &x->dynamic[i].wanted));
	set(w, t, "dynamicOutputs", dynamic);
	set(w, t, "outputs", words(w, x->outputs.items, x->outputs.len, false));
	return t;
}

static struct json_tree *inputs(struct writer *w, const struct derivation *d)
{
	struct json_tree *t = json_new(w->arena, JSON_OBJECT);

	for (size_t i = 0; i < d->inputs_len; i++)
		append(w, t, path_name(w, d->inputs[i].path), wanted(w, &d->inputs[i].wanted));
	return t;
}

/* The variable __json is no variable, if it is JSON. */
static void add_env(struct writer *w, struct json_tree *t, const struct derivation *d)
{
	struct json_tree *env = json_new(w->arena, JSON_OBJECT), *attrs = NULL;
	const char *json = drv_env(d, "__json");
	struct err ignored;

	if (json && json_tree_read(w->arena, "__json", json, strlen(json), &attrs, &ignored) < 0)
		attrs = NULL;
	for (size_t i = 0; i < d->env_len; i++)
		if (!attrs || strcmp(d->env[i].name, "__json") != 0)
			append(w, env, d->env[i].name, text(w, d->env[i].value));
	set(w, t, "env", env);
	if (attrs)
		set(w, t, "structuredAttrs", attrs);
}

static struct json_tree *derivation(struct writer *w, const struct derivation *d)
{
	struct json_tree *t = json_new(w->arena, JSON_OBJECT), *outputs = json_new(w->arena, JSON_OBJECT);
	struct json_tree *in = w->version == 4 ? json_new(w->arena, JSON_OBJECT) : t;
	struct json_tree *version = json_new(w->arena, JSON_NUMBER);

	for (size_t i = 0; i < d->outputs_len; i++)
		append(w, outputs, d->outputs[i].name, output(w, &d->outputs[i]));
	set(w, t, "name", text(w, d->name));
	set(w, t, "outputs", outputs);
	set(w, in, w->version == 4 ? "srcs" : "inputSrcs", words(w, d->sources.items, d->sources.len, true));
	set(w, in, w->version == 4 ? "drvs" : "inputDrvs", inputs(w, d));
	if (w->version == 4) {
		set(w, t, "inputs", in);
		if (version)
			version->text = arena_strdup(w->arena, "4");
		set(w, t, "version", version);
	}
	set(w, t, "system", text(w, d->system));
	set(w, t, "builder", text(w, d->builder));
	set(w, t, "args", words(w, d->args.items, d->args.len, false));
	add_env(w, t, d);
	return t;
}

int drv_show_write(struct arena *a, const struct store *s, const struct drv_shown *list, size_t len, int version,
		   struct str *out, struct err *e)
{
	struct writer w = { .arena = a, .store = s, .version = version };
	struct json_tree *all = json_new(a, JSON_OBJECT), *document = json_new(a, JSON_OBJECT);
	struct json_tree *number = json_new(a, JSON_NUMBER);

	for (size_t i = 0; i < len; i++)
		set(&w, all, path_name(&w, list[i].path), derivation(&w, &list[i].drv));
	if (version == 4) {
		if (number)
			number->text = arena_strdup(a, "4");
		set(&w, document, "derivations", all);
		set(&w, document, "version", number);
		all = document;
	}
	if (w.failed == -EINVAL)
		return err_set(e, EINVAL, "a derivation holds a string that is not UTF-8, which JSON cannot have");
	if (w.failed == -ENOTSUP)
		return err_set(e, ENOTSUP, "a hash algorithm has no spelling in this version of the format");
	if (w.failed || arena_failed(a))
		return err_oom(e);
	json_tree_write(all, out);
	return out->failed ? err_oom(e) : 0;
}
