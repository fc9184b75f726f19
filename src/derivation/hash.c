/*
 * Why: the path of an output promises what it was made from. Whoever builds a derivation whose paths are made up puts
 * a result where another one belongs.
 */
#include "derivation/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derivation/aterm.h"
#include "store/hash.h"
#include "store/sha256.h"

enum { FOLDED = 20 };  /* bytes of a hash in a store path */

static void hash_hex(const char *text, size_t len, char ret[static SHA256_HEX])
{
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, text, len);
	sha256_end_hex(&h, ret);
}

/* STORE/HASH-NAME, whose hash is one over how the path came about. */
static char *make_path(struct arena *a, const struct store *s, const char *type, const char *hex, const char *name)
{
	char *text = arena_printf(a, "%s:sha256:%s:%s:%s", type, hex, s->dir, name), hash[STORE_HASH_LEN + 1];
	struct hash full = { .algorithm = HASH_SHA256 };
	unsigned char folded[FOLDED];
	struct sha256 h;

	if (!text)
		return NULL;
	sha256_init(&h);
	sha256_add(&h, text, strlen(text));
	sha256_end(&h, full.bytes);
	hash_fold(&full, folded, sizeof folded);
	base32_encode(folded, sizeof folded, hash);
	return arena_printf(a, "%s/%s-%s", s->dir, hash, name);
}

char *drv_output_path_name(struct arena *a, const char *drv_name, const char *output)
{
	if (strcmp(output, "out") == 0)
		return arena_strdup(a, drv_name);
	return arena_printf(a, "%s-%s", drv_name, output);
}

char *drv_fixed_path(struct arena *a, const struct store *s, const char *drv_name, const struct drv_output *o)
{
	char *name = drv_output_path_name(a, drv_name, o->name), *text, hex[SHA256_HEX];

	if (!name)
		return NULL;
	if (strcmp(o->algorithm, "sha256") == 0 && o->method == DRV_METHOD_NAR)
		return make_path(a, s, "source", o->hash, name);
	if (strcmp(o->algorithm, "sha256") == 0 && o->method == DRV_METHOD_TEXT)
		return make_path(a, s, "text", o->hash, name);
	text = arena_printf(a, "fixed:out:%s%s:%s:", drv_method_prefix(o->method), o->algorithm, o->hash);
	if (!text)
		return NULL;
	hash_hex(text, strlen(text), hex);
	return make_path(a, s, "output:out", hex, name);
}

char *drv_scratch_path(struct arena *a, const struct store *s, const char *path, const char *drv_name,
		       const char *output)
{
	char *name = drv_output_path_name(a, drv_name, output);
	char *type = arena_printf(a, "rewrite:%s:name:%s", path, output);

	return name && type ? make_path(a, s, type, "00000000000000000000000000000000"
					"00000000000000000000000000000000", name) : NULL;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *drv_path(struct arena *a, const struct store *s, const struct derivation *d)
{
	_cleanup_str_ struct str text = STR_INIT, type = STR_INIT;
	struct store_paths references = { 0 };
	char hex[SHA256_HEX], *name = arena_printf(a, "%s.drv", d->name);

	for (size_t i = 0; i < d->inputs_len + d->sources.len; i++) {
		char **slot = arena_push(a, &references.items, &references.len, sizeof *slot);

		if (!slot)
			return NULL;
		*slot = i < d->inputs_len ? d->inputs[i].path : d->sources.items[i - d->inputs_len];
	}
	store_paths_sort(&references);
	str_add(&type, "text");
	for (size_t i = 0; i < references.len; i++)
		str_addf(&type, ":%s", references.items[i]);
	aterm_write(d, &text);
	if (text.failed || type.failed || !name)
		return NULL;
	hash_hex(text.text, text.len, hex);
	return make_path(a, s, type.text, hex, name);
}

/* ---- the hash of a derivation, in which those of its inputs stand for them ---- */

/* One line of the replaced inputs: a hash, and which outputs of it. */
struct hashed_input {
	const char *hash;
	struct drv_words outputs;
};

static int compare_inputs(const void *a, const void *b)
{
	return strcmp(((const struct hashed_input *)a)->hash, ((const struct hashed_input *)b)->hash);
}

static int add_words(struct arena *a, struct drv_words *to, const struct drv_words *from)
{
	for (size_t i = 0; i < from->len; i++) {
		char **slot = arena_push(a, &to->items, &to->len, sizeof *slot);

		if (!slot)
			return -ENOMEM;
		*slot = from->items[i];
	}
	return 0;
}

static void sort_words(struct drv_words *w)
{
	size_t kept = 0;

	if (w->len > 1)
		qsort(w->items, w->len, sizeof *w->items, compare_words);
	for (size_t i = 0; i < w->len; i++)
		if (kept == 0 || strcmp(w->items[i], w->items[kept - 1]) != 0)
			w->items[kept++] = w->items[i];
	w->len = kept;
}

/* Inputs with one hash become one: two ways to the same content. */
static int replace_inputs(struct drv_graph *g, const struct derivation *d, struct hashed_input **ret, size_t *ret_len,
			  struct err *e)
{
	static char *out[] = { (char *)"out" };
	struct hashed_input *list = arena_array(g->arena, d->inputs_len + 1, sizeof *list);
	size_t kept = 0;

	if (!list)
		return err_oom(e);
	for (size_t i = 0; i < d->inputs_len; i++) {
		struct drv_words fixed = { out, 1 };
		struct drv_node *in;
		int r = drv_graph_get(g, d->inputs[i].path, &in, e);

		if (r < 0)
			return r;
		list[i].hash = in->hash;
		if (add_words(g->arena, &list[i].outputs,
			      drv_kind(&in->drv) == DRV_OUTPUT_FIXED ? &fixed : &d->inputs[i].wanted.outputs) < 0)
			return err_oom(e);
	}
	if (d->inputs_len > 1)
		qsort(list, d->inputs_len, sizeof *list, compare_inputs);
	for (size_t i = 0; i < d->inputs_len; i++) {
		if (kept == 0 || strcmp(list[kept - 1].hash, list[i].hash) != 0)
			list[kept++] = list[i];
		else if (add_words(g->arena, &list[kept - 1].outputs, &list[i].outputs) < 0)
			return err_oom(e);
	}
	for (size_t i = 0; i < kept; i++)
		sort_words(&list[i].outputs);
	*ret = list;
	*ret_len = kept;
	return 0;
}

/* The derivation with hashes for its inputs. mask: without its own outputs' paths, in the environment as well. */
static int hash_derivation(struct drv_graph *g, const struct derivation *d, bool mask, char ret[static DRV_HASH_HEX],
			   struct err *e)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct derivation copy = *d;
	struct hashed_input *inputs = NULL;
	size_t inputs_len = 0;
	int r = replace_inputs(g, d, &inputs, &inputs_len, e);

	if (r < 0)
		return r;
	copy.dynamic = false;
	copy.inputs = arena_array(g->arena, inputs_len + 1, sizeof *copy.inputs);
	copy.inputs_len = inputs_len;
	copy.outputs = arena_array(g->arena, d->outputs_len, sizeof *copy.outputs);
	copy.env = arena_array(g->arena, d->env_len + 1, sizeof *copy.env);
	if (!copy.inputs || !copy.outputs || !copy.env)
		return err_oom(e);
	for (size_t i = 0; i < inputs_len; i++)
		copy.inputs[i] = (struct drv_input){ (char *)inputs[i].hash, { inputs[i].outputs, NULL, 0 } };
	for (size_t i = 0; i < d->outputs_len; i++) {
		copy.outputs[i] = d->outputs[i];
		if (mask)
			copy.outputs[i].path = NULL;
	}
	for (size_t i = 0; i < d->env_len; i++) {
		copy.env[i] = d->env[i];
		if (mask && drv_output(d, d->env[i].name))
			copy.env[i].value = (char *)"";
	}
	aterm_write(&copy, &text);
	if (text.failed)
		return err_oom(e);
	hash_hex(text.text, text.len, ret);
	return 0;
}

/* All its inputs have been hashed. */
static int hash_node(struct drv_graph *g, struct drv_node *n, struct err *e)
{
	const struct derivation *d = &n->drv;

	n->state = DRV_NODE_HASHED;
	if (drv_kind(d) == DRV_OUTPUT_FIXED) {
		const struct drv_output *o = &d->outputs[0];
		char *text = arena_printf(g->arena, "fixed:out:%s%s:%s:%s", drv_method_prefix(o->method), o->algorithm,
					  o->hash, o->path);

		if (!text)
			return err_oom(e);
		hash_hex(text, strlen(text), n->hash);
		return 0;
	}
	n->deferred |= drv_kind(d) != DRV_OUTPUT_INPUT_ADDRESSED;
	return n->deferred ? 0 : hash_derivation(g, d, false, n->hash, e);
}

/*
 * The next input that still has to be hashed, or NULL. A fixed output says all by itself, unless it is the one whose
 * paths are checked.
 */
static int next_input(struct drv_graph *g, struct drv_node *n, struct drv_node **ret, struct err *e)
{
	*ret = NULL;
	if (drv_kind(&n->drv) == DRV_OUTPUT_FIXED)
		return 0;
	while (n->next < n->drv.inputs_len) {
		const struct drv_input *want = &n->drv.inputs[n->next];
		struct drv_node *in;
		int r = drv_graph_get(g, want->path, &in, e);

		if (r < 0)
			return err_prefix(e, "input of %s", n->path);
		if (in->state == DRV_NODE_OPEN)
			return err_set(e, ELOOP, "derivation %s needs itself, by way of %s", in->path, n->path);
		if (in->state == DRV_NODE_NEW) {
			*ret = in;
			return 0;
		}
		for (size_t i = 0; i < want->wanted.outputs.len; i++)
			if (!drv_output(&in->drv, want->wanted.outputs.items[i]))
				return err_set(e, EINVAL, "derivation %s wants the output '%s' of %s, which has none "
					       "of that name", n->path, want->wanted.outputs.items[i], in->path);
		n->deferred |= in->deferred || want->wanted.dynamic_len > 0;
		n->next++;
	}
	return 0;
}

/* Depth first, without recursion: a chain of inputs may be as long as somebody likes. */
static int hash_inputs(struct drv_graph *g, struct drv_node *top, struct err *e)
{
	struct drv_node *n = top;

	if (n->state == DRV_NODE_HASHED)
		return 0;
	n->state = DRV_NODE_OPEN;
	n->below = NULL;
	while (n) {
		struct drv_node *in;
		int r = next_input(g, n, &in, e);

		if (r == 0 && in) {
			in->state = DRV_NODE_OPEN;
			in->below = n;
			n = in;
			continue;
		}
		if (r == 0)
			r = hash_node(g, n, e);
		if (r < 0)
			break;
		n = n->below;
	}
	/* What an error leaves open is looked at again another time. */
	for (struct drv_node *left = n; left; left = left->below)
		left->state = DRV_NODE_NEW;
	return n ? -e->num : 0;
}

/* ---- the check ---- */

static int check_path(const struct drv_node *n, const struct drv_output *o, const char *path, struct err *e)
{
	const char *value;

	if (!path)
		return err_oom(e);
	if (strcmp(o->path, path) != 0)
		return err_set(e, EINVAL, "derivation %s: output '%s' has the path %s, but it should be %s", n->path,
			       o->name, o->path, path);
	value = drv_env(&n->drv, o->name);
	/* With structured attributes it is not in the environment, and neither in Guix's builtin builders'. */
	if (value && strcmp(value, path) != 0)
		return err_set(e, EINVAL, "derivation %s: the variable '%s' is '%.300s', but it should be %s", n->path,
			       o->name, value, path);
	return 0;
}

int drv_check_paths(struct drv_graph *g, const char *path, struct err *e)
{
	char hex[DRV_HASH_HEX], *right = NULL;
	const struct derivation *d;
	struct drv_node *n;
	int r = drv_graph_get(g, path, &n, e);

	if (r < 0)
		return r;
	d = &n->drv;
	if (drv_kind(d) == DRV_OUTPUT_FIXED)
		return check_path(n, &d->outputs[0], drv_fixed_path(g->arena, g->store, d->name, &d->outputs[0]), e);
	r = hash_inputs(g, n, e);
	if (r < 0 || drv_kind(d) != DRV_OUTPUT_INPUT_ADDRESSED)
		return r;
	if (n->deferred)
		return err_set(e, EINVAL, "derivation %s: output '%s' has the path %s, but an input decides about it "
			       "that is not known yet", n->path, d->outputs[0].name, d->outputs[0].path);
	r = hash_derivation(g, d, true, hex, e);
	for (size_t i = 0; r == 0 && i < d->outputs_len; i++) {
		const char *type = arena_printf(g->arena, "output:%s", d->outputs[i].name);
		const char *name = drv_output_path_name(g->arena, d->name, d->outputs[i].name);

		right = type && name ? make_path(g->arena, g->store, type, hex, name) : NULL;
		r = check_path(n, &d->outputs[i], right, e);
	}
	return r;
}

/* ---- placeholders ---- */

static void spell_placeholder(const char *text, char ret[static DRV_PLACEHOLDER_LEN + 1])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 h;

	sha256_init(&h);
	sha256_add(&h, text, strlen(text));
	sha256_end(&h, digest);
	ret[0] = '/';
	base32_encode(digest, sizeof digest, ret + 1);
}

void drv_placeholder(const char *output, char ret[static DRV_PLACEHOLDER_LEN + 1])
{
	char text[sizeof "nix-output:" + STORE_NAME_MAX];

	snprintf(text, sizeof text, "nix-output:%s", output);
	spell_placeholder(text, ret);
}

int drv_downstream_placeholder(struct arena *a, const struct store *s, const char *path, const char *output,
			       char ret[static DRV_PLACEHOLDER_LEN + 1])
{
	char *drv_name = drv_name_of_path(a, s, path), *name, *text;

	name = drv_name ? drv_output_path_name(a, drv_name, output) : NULL;
	text = name ? arena_printf(a, "nix-upstream-output:%.*s:%s", STORE_HASH_LEN, path + strlen(s->dir) + 1, name)
		    : NULL;
	if (!text)
		return -ENOMEM;
	spell_placeholder(text, ret);
	return 0;
}

void drv_nested_placeholder(const char *of, const char *output, char ret[static DRV_PLACEHOLDER_LEN + 1])
{
	char text[sizeof "nix-computed-output::" + STORE_HASH_LEN + STORE_NAME_MAX], short_hash[STORE_HASH_LEN + 1];
	unsigned char folded[FOLDED];
	struct hash full = { 0 };
	struct err ignored;

	/* It has been spelled here, so that it can be read. */
	hash_parse(of + 1, "sha256", &full, &ignored);
	hash_fold(&full, folded, sizeof folded);
	base32_encode(folded, sizeof folded, short_hash);
	snprintf(text, sizeof text, "nix-computed-output:%s:%s", short_hash, output);
	spell_placeholder(text, ret);
}
