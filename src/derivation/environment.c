/*
 * Why: a builder's result depends on every variable that it can see. The order in which they replace each other is that
 * of Nix and of Guix; the builder gets them sorted, as from there.
 */
#include "derivation/environment.h"

#include <stdlib.h>
#include <string.h>

#include "derivation/reference_text.h"
#include "derivation/shell.h"
#include "store/set.h"
#include "store/sha256.h"

struct maker {
	struct arena *arena;
	const struct store *store;
	const struct derivation *d;
	const struct drv_options *o;
	const struct drv_machine *m;
	const struct drv_rewrite *rewrites;
	size_t rewrites_len;
	struct drv_variable *env;
	size_t env_len;
	struct set names;  /* of the variables -> index + 1 */
	struct drv_environment *out;
	struct err *e;
};

static int set(struct maker *m, const char *name, const char *value)
{
	const struct set_item *known = set_find(&m->names, name);
	struct drv_variable *v;
	bool is_new;

	if (!value)
		return err_oom(m->e);
	if (known) {
		m->env[(uintptr_t)known->value - 1].value = (char *)value;
		return 0;
	}
	v = arena_push(m->arena, &m->env, &m->env_len, sizeof *v);
	if (!v)
		return err_oom(m->e);
	*v = (struct drv_variable){ arena_strdup(m->arena, name), (char *)value };
	if (!v->name || set_add(&m->names, v->name, (void *)(uintptr_t)m->env_len, &is_new) < 0)
		return err_oom(m->e);
	return 0;
}

/* All that stands for a path becomes that path: in arguments, variables (names, too) and files. NULL: no memory. */
static char *rewrite(struct maker *m, const char *text)
{
	char *now = (char *)text;

	for (size_t i = 0; now && i < m->rewrites_len; i++) {
		const char *from = m->rewrites[i].from, *rest = now, *found;
		_cleanup_str_ struct str out = STR_INIT;

		if (!strstr(now, from))
			continue;
		for (; (found = strstr(rest, from)); rest = found + strlen(from)) {
			str_addn(&out, rest, (size_t)(found - rest));
			str_add(&out, m->rewrites[i].to);
		}
		str_add(&out, rest);
		now = out.failed ? NULL : arena_strdup(m->arena, str_text(&out));
	}
	return now;
}

static int add_file(struct maker *m, const char *name, const char *text)
{
	struct drv_file *f;

	if (!name || !text)
		return err_oom(m->e);
	f = arena_push(m->arena, &m->out->files, &m->out->files_len, sizeof *f);
	if (!f)
		return err_oom(m->e);
	f->name = arena_strdup(m->arena, name);
	text = rewrite(m, text);
	f->text = text ? arena_strdup(m->arena, text) : NULL;
	return f->name && f->text ? 0 : err_oom(m->e);
}

/* The file's name says which variable it is, and nothing that the variable's name could abuse. */
static int add_passed_file(struct maker *m, const struct drv_variable *v)
{
	unsigned char digest[SHA256_BYTES];
	char hash[(SHA256_BYTES * 8 + 4) / 5 + 1], *file, *variable;
	struct sha256 h;
	int r;

	sha256_init(&h);
	sha256_add(&h, v->name, strlen(v->name));
	sha256_end(&h, digest);
	base32_encode(digest, sizeof digest, hash);
	file = arena_printf(m->arena, ".attr-%s", hash);
	variable = arena_printf(m->arena, "%sPath", v->name);
	r = add_file(m, file, v->value);
	if (r < 0)
		return r;
	if (!variable)
		return err_oom(m->e);
	return set(m, variable, arena_printf(m->arena, "%s/%s", m->out->build_dir, file));
}

static int compare_word(const void *key, const void *item)
{
	return strcmp(key, *(char *const *)item);
}

/* The words are sorted. */
static bool has_word(const struct drv_words *w, const char *word)
{
	return w->len && bsearch(word, w->items, w->len, sizeof *w->items, compare_word);
}

static int add_exports(struct maker *m, struct json_tree *attrs)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->o->exports_len; i++) {
		const struct drv_export *x = &m->o->exports[i];
		_cleanup_str_ struct str text = STR_INIT;
		struct drv_words roots = { arena_array(m->arena, x->paths.len + 1, sizeof(char *)), x->paths.len };
		size_t *closure, len;

		for (size_t k = 0; roots.items && k < roots.len; k++)
			roots.items[k] = rewrite(m, x->paths.items[k]);
		if (arena_failed(m->arena))
			return err_oom(m->e);
		r = export_closure(m->arena, m->store, m->m, &roots, &closure, &len, m->e);
		if (r < 0)
			return r;
		if (attrs) {
			if (json_set_member(m->arena, attrs, x->name,
					    export_json(m->arena, m->store, m->m, closure, len)) < 0)
				return err_oom(m->e);
			continue;
		}
		export_text(m->m, closure, len, &text);
		r = text.failed ? err_oom(m->e) : add_file(m, x->name, str_text(&text));
	}
	return r;
}

/* Everything through two files, and nothing of the derivation's own in the environment. */
static int add_structured(struct maker *m)
{
	struct json_tree *attrs = json_new(m->arena, JSON_OBJECT), *outputs = json_new(m->arena, JSON_OBJECT);
	_cleanup_str_ struct str json = STR_INIT, shell = STR_INIT;
	int r;

	if (!attrs || !outputs)
		return err_oom(m->e);
	for (size_t i = 0; i < m->o->attrs->len; i++)
		if (json_append(m->arena, attrs, m->o->attrs->items[i]) < 0)
			return err_oom(m->e);
	for (size_t i = 0; i < m->d->outputs_len; i++)
		if (json_set_member(m->arena, outputs, m->d->outputs[i].name,
				    json_new_string(m->arena, m->out->outputs.items[i])) < 0)
			return err_oom(m->e);
	if (json_set_member(m->arena, attrs, "outputs", outputs) < 0)
		return err_oom(m->e);
	r = add_exports(m, attrs);
	if (r < 0)
		return r;
	json_tree_write(attrs, &json);
	shell_write(attrs, &shell);
	if (json.failed || shell.failed)
		return err_oom(m->e);
	r = add_file(m, ".attrs.json", str_text(&json));
	if (r == 0)
		r = add_file(m, ".attrs.sh", str_text(&shell));
	if (r == 0)
		r = set(m, "NIX_ATTRS_JSON_FILE", arena_printf(m->arena, "%s/.attrs.json", m->out->build_dir));
	if (r == 0)
		r = set(m, "NIX_ATTRS_SH_FILE", arena_printf(m->arena, "%s/.attrs.sh", m->out->build_dir));
	return r;
}

static int add_own(struct maker *m)
{
	int r = 0;

	if (m->o->attrs)
		return add_structured(m);
	for (size_t i = 0; r == 0 && i < m->d->env_len; i++) {
		const struct drv_variable *v = &m->d->env[i];

		if (!*v->name || strchr(v->name, '='))
			return err_set(m->e, EINVAL, "'%.200s' cannot be the name of a variable", v->name);
		r = has_word(&m->o->pass_as_file, v->name) ? add_passed_file(m, v) : set(m, v->name, v->value);
	}
	return r < 0 ? r : add_exports(m, NULL);
}

static const char *callers(const struct maker *m, const char *name)
{
	size_t n = strlen(name);

	for (char *const *p = m->m->env; p && *p; p++)
		if (strncmp(*p, name, n) == 0 && (*p)[n] == '=')
			return *p + n + 1;
	return "";
}

static int add_all(struct maker *m)
{
	static const char *const folders[] = { "NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD" };
	const char *dir = m->out->build_dir;
	bool nix = m->store->kind == STORE_NIX;
	int r = set(m, "PATH", "/path-not-set");

	if (r == 0)
		r = set(m, "HOME", "/homeless-shelter");
	if (r == 0)
		r = set(m, "NIX_STORE", m->store->dir);
	if (r == 0)
		r = set(m, "NIX_BUILD_CORES", arena_printf(m->arena, "%u", m->m->cores));
	if (r == 0)
		r = add_own(m);
	for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++)
		r = set(m, folders[i], dir);
	if (r == 0 && nix && drv_kind(m->d) == DRV_OUTPUT_FIXED)
		r = set(m, "NIX_OUTPUT_CHECKED", "1");
	for (size_t i = 0; r == 0 && m->out->network && i < m->o->impure_env.len; i++)
		r = set(m, m->o->impure_env.items[i], callers(m, m->o->impure_env.items[i]));
	if (r == 0 && nix)
		r = set(m, "NIX_LOG_FD", "2");
	return r == 0 && nix ? set(m, "TERM", "xterm-256color") : r;
}

static int compare_variables(const void *a, const void *b)
{
	return strcmp(((const struct drv_variable *)a)->name, ((const struct drv_variable *)b)->name);
}

static int write_env(struct maker *m)
{
	struct drv_environment *out = m->out;

	qsort(m->env, m->env_len, sizeof *m->env, compare_variables);
	out->env_len = m->env_len;
	out->env = arena_array(m->arena, out->env_len + 1, sizeof *out->env);
	for (size_t i = 0; out->env && i < out->env_len; i++) {
		const char *text = arena_printf(m->arena, "%s=%s", m->env[i].name, m->env[i].value);

		out->env[i] = text ? rewrite(m, text) : NULL;
	}
	return arena_failed(m->arena) ? err_oom(m->e) : 0;
}

static int write_args(struct maker *m)
{
	struct drv_environment *out = m->out;
	const char *base;

	out->builder = rewrite(m, m->d->builder);
	out->args_len = m->d->args.len + 1;
	out->args = arena_array(m->arena, out->args_len + 1, sizeof *out->args);
	if (!out->builder || !out->args)
		return err_oom(m->e);
	base = strrchr(m->d->builder, '/');
	out->args[0] = arena_strdup(m->arena, base ? base + 1 : m->d->builder);
	for (size_t i = 0; i < m->d->args.len; i++)
		out->args[i + 1] = rewrite(m, m->d->args.items[i]);
	return arena_failed(m->arena) ? err_oom(m->e) : 0;
}

/* The path of each output, and what stands for it. */
static int find_outputs(struct maker *m)
{
	const struct derivation *d = m->d;
	struct drv_rewrite *all = arena_array(m->arena, m->rewrites_len + d->outputs_len, sizeof *all);

	m->out->outputs.items = arena_array(m->arena, d->outputs_len, sizeof *m->out->outputs.items);
	m->out->outputs.len = d->outputs_len;
	if (!all || !m->out->outputs.items)
		return err_oom(m->e);
	for (size_t i = 0; i < d->outputs_len; i++) {
		const struct drv_output *o = &d->outputs[i];
		char *path = o->path, placeholder[DRV_PLACEHOLDER_LEN + 1];

		if (o->kind == DRV_OUTPUT_DEFERRED)
			return err_set(m->e, EINVAL, "the path of its output '%s' is not known before its inputs are "
				       "built: build the derivation that it resolves to", o->name);
		if (!path)
			path = drv_scratch_path(m->arena, m->store, m->m->path, d->name, o->name);
		drv_placeholder(o->name, placeholder);
		all[i] = (struct drv_rewrite){ arena_strdup(m->arena, placeholder), path };
		m->out->outputs.items[i] = path;
	}
	if (m->rewrites_len)
		memcpy(all + d->outputs_len, m->rewrites, m->rewrites_len * sizeof *all);
	/* Guix knows no placeholders. */
	m->rewrites = all;
	m->rewrites_len = m->store->kind == STORE_NIX ? m->rewrites_len + d->outputs_len : 0;
	return arena_failed(m->arena) ? err_oom(m->e) : 0;
}

static bool is_linux32(const struct store *s, const char *system)
{
	static const char *const nix[] = { "i686-linux", "armv7l-linux", "armv6l-linux", "armv5tel-linux" };
	static const char *const guix[] = { "i686-linux", "armhf-linux" };
	const char *const *list = s->kind == STORE_NIX ? nix : guix;
	size_t n = s->kind == STORE_NIX ? sizeof nix / sizeof *nix : sizeof guix / sizeof *guix;

	for (size_t i = 0; i < n; i++)
		if (strcmp(system, list[i]) == 0)
			return true;
	return false;
}

int drv_environment_make(struct arena *a, const struct store *s, const struct derivation *d,
			 const struct drv_options *o, const struct drv_machine *m,
			 const struct drv_rewrite *rewrites, size_t rewrites_len, struct drv_environment *ret,
			 struct err *e)
{
	struct maker maker = { .arena = a, .store = s, .d = d, .o = o, .m = m, .rewrites = rewrites,
			       .rewrites_len = rewrites_len, .out = ret, .e = e };
	enum drv_output_kind kind = drv_kind(d);
	int r;

	*ret = (struct drv_environment){ .uid = 1000, .gid = 100 };
	if (s->kind == STORE_GUIX) {
		ret->uid = 30001;
		ret->gid = 30000;
	}
	ret->network = kind == DRV_OUTPUT_FIXED || kind == DRV_OUTPUT_IMPURE;
	ret->linux32 = is_linux32(s, d->system);
	ret->build_dir = s->kind == STORE_NIX ? arena_strdup(a, "/build")
					      : arena_printf(a, "/tmp/guix-build-%s.drv-0", d->name);
	if (!ret->build_dir)
		return err_oom(e);
	r = find_outputs(&maker);
	if (r == 0)
		r = add_all(&maker);
	if (r == 0)
		r = write_env(&maker);
	if (r == 0)
		r = write_args(&maker);
	set_free(&maker.names);
	return r < 0 && r != -ENOMEM ? err_prefix(e, "derivation %s", m->path) : r;
}
