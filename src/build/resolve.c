/*
 * Why: what is built by a content-addressed derivation is known only afterwards, and what needs it has placeholders
 * until then. Nix puts the paths in the placeholders' places, and everything follows from the new text: so it does
 * here, and the outputs are the same.
 */
#include "build/resolve.h"

#include <stdlib.h>
#include <string.h>

#include "build/address.h"
#include "derivation/aterm.h"
#include "derivation/hash.h"

struct rewriting {
	const char *from, *to;
};

struct resolver {
	struct arena *arena;
	const struct build_resolving *q;
	const struct derivation *d;
	struct derivation *resolved;
	struct rewriting *rewrites;
	size_t rewrites_len;
	struct err *e;
};

int build_needs_resolving(struct drv_graph *g, const struct derivation *d, bool *ret, struct err *e)
{
	*ret = false;
	for (size_t i = 0; i < d->inputs_len; i++) {
		const struct drv_words *wanted = &d->inputs[i].wanted.outputs;
		struct drv_node *in;
		int r = drv_graph_get(g, d->inputs[i].path, &in, e);

		if (r < 0)
			return r;
		for (size_t k = 0; k < wanted->len; k++) {
			const struct drv_output *o = drv_output(&in->drv, wanted->items[k]);

			*ret |= o && !o->path;
		}
	}
	return 0;
}

static int add_source(struct resolver *v, const char *path)
{
	return store_paths_add(v->arena, &v->resolved->sources, v->q->graph->store, path, "input", v->e);
}

static int add_rewrite(struct resolver *v, const char *drv, const char *output, const char *path)
{
	char placeholder[DRV_PLACEHOLDER_LEN + 1];
	struct rewriting *slot = arena_push(v->arena, &v->rewrites, &v->rewrites_len, sizeof *slot);

	if (!slot || drv_downstream_placeholder(v->arena, v->q->graph->store, drv, output, placeholder) < 0)
		return err_oom(v->e);
	slot->from = arena_strdup(v->arena, placeholder);
	slot->to = path;
	return slot->from ? 0 : err_oom(v->e);
}

static int add_input(struct resolver *v, const struct drv_input *in)
{
	int r = 0;

	if (in->wanted.dynamic_len)
		return err_set(v->e, ENOTSUP, "input %s: derivations that are made by others cannot be built",
			       in->path);
	for (size_t i = 0; r == 0 && i < in->wanted.outputs.len; i++) {
		const char *output = in->wanted.outputs.items[i], *path = v->q->find(v->q->data, in->path, output);

		if (!path)
			return err_set(v->e, ENOENT, "input %s: its output '%s' is not built", in->path, output);
		r = add_source(v, path);
		if (r == 0)
			r = add_rewrite(v, in->path, output, path);
	}
	return r;
}

static char *rewrite(struct resolver *v, const char *text)
{
	_cleanup_str_ struct str out = STR_INIT;

	for (const char *p = text; *p;) {
		size_t i = 0;

		while (i < v->rewrites_len && !(*p == '/' && str_has_prefix(p, v->rewrites[i].from)))
			i++;
		if (i < v->rewrites_len) {
			str_add(&out, v->rewrites[i].to);
			p += strlen(v->rewrites[i].from);
		} else {
			str_addc(&out, *p++);
		}
	}
	return out.failed ? NULL : arena_strdup(v->arena, str_text(&out));
}

static int compare_variables(const void *a, const void *b)
{
	return strcmp(((const struct drv_variable *)a)->name, ((const struct drv_variable *)b)->name);
}

static int rewrite_all(struct resolver *v)
{
	const struct derivation *d = v->d;
	struct derivation *n = v->resolved;

	n->builder = rewrite(v, d->builder);
	n->args.items = arena_array(v->arena, d->args.len + 1, sizeof *n->args.items);
	n->env = arena_array(v->arena, d->env_len + 1, sizeof *n->env);
	n->outputs = arena_array(v->arena, d->outputs_len, sizeof *n->outputs);
	if (!n->args.items || !n->env || !n->outputs)
		return err_oom(v->e);
	for (size_t i = 0; i < d->args.len; i++)
		n->args.items[i] = rewrite(v, d->args.items[i]);
	for (size_t i = 0; i < d->env_len; i++)
		n->env[i] = (struct drv_variable){ rewrite(v, d->env[i].name), rewrite(v, d->env[i].value) };
	if (arena_failed(v->arena))
		return err_oom(v->e);
	if (n->env_len > 1)
		qsort(n->env, n->env_len, sizeof *n->env, compare_variables);
	memcpy(n->outputs, d->outputs, d->outputs_len * sizeof *n->outputs);
	return 0;
}

static struct drv_variable *variable(struct derivation *d, const char *name)
{
	for (size_t i = 0; i < d->env_len; i++)
		if (strcmp(d->env[i].name, name) == 0)
			return &d->env[i];
	return NULL;
}

/* Outputs that follow from the derivation's text, which has nothing in their places. */
static int set_paths(struct resolver *v)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct derivation *n = v->resolved;
	struct hasher hasher;
	struct hash hash;

	if (drv_kind(v->d) != DRV_OUTPUT_DEFERRED)
		return 0;
	for (size_t i = 0; i < n->outputs_len; i++) {
		struct drv_variable *own = variable(n, n->outputs[i].name);

		n->outputs[i].kind = DRV_OUTPUT_INPUT_ADDRESSED;
		if (own)
			own->value = (char *)"";
	}
	aterm_write(n, &text);
	if (text.failed)
		return err_oom(v->e);
	hasher_start(&hasher, HASH_SHA256);
	hasher_add(&hasher, text.text, text.len);
	hasher_end(&hasher, &hash);
	for (size_t i = 0; i < n->outputs_len; i++) {
		struct drv_variable *own = variable(n, n->outputs[i].name);
		const char *name = drv_output_path_name(v->arena, n->name, n->outputs[i].name);

		if (name)
			n->outputs[i].path = build_output_path(v->arena, v->q->graph->store, n->outputs[i].name, &hash,
							       name);
		if (!n->outputs[i].path)
			return err_oom(v->e);
		if (own)
			own->value = n->outputs[i].path;
	}
	return 0;
}

int build_resolve(const struct build_resolving *q, const struct derivation *d, const char **ret, struct err *e)
{
	struct arena *a = q->graph->arena;
	struct derivation resolved = *d;
	struct resolver v = { .arena = a, .q = q, .d = d, .resolved = &resolved, .e = e };
	struct drv_node *node;
	int r = 0;

	resolved.inputs = NULL;
	resolved.inputs_len = 0;
	resolved.dynamic = false;
	resolved.sources = (struct store_paths){ 0 };
	for (size_t i = 0; r == 0 && i < d->sources.len; i++)
		r = add_source(&v, d->sources.items[i]);
	for (size_t i = 0; r == 0 && i < d->inputs_len; i++)
		r = add_input(&v, &d->inputs[i]);
	store_paths_sort(&resolved.sources);
	if (r == 0)
		r = rewrite_all(&v);
	if (r == 0)
		r = set_paths(&v);
	if (r < 0)
		return r;
	*ret = drv_path(a, q->graph->store, &resolved);
	return *ret ? drv_graph_put(q->graph, *ret, &resolved, &node, e) : err_oom(e);
}
