/* Why: a builder that makes a disk image out of its inputs has to know what belongs to them. */
#include "derivation/reference_text.h"

#include <stdlib.h>
#include <string.h>

static int compare_path(const void *key, const void *item)
{
	return strcmp(key, ((const struct drv_path *)item)->path);
}

static const struct drv_path *find(const struct drv_machine *m, const char *path)
{
	if (m->paths_len == 0)
		return NULL;
	return bsearch(path, m->paths, m->paths_len, sizeof *m->paths, compare_path);
}

struct walk {
	const struct drv_machine *m;
	bool *seen;
	size_t *todo, todo_len;
};

static int visit(struct walk *w, const char *path, struct err *e)
{
	const struct drv_path *p = find(w->m, path);
	size_t i;

	if (!p)
		return err_set(e, EINVAL, "exportReferencesGraph: %.300s is not among the inputs of the derivation",
			       path);
	i = (size_t)(p - w->m->paths);
	if (!w->seen[i])
		w->todo[w->todo_len++] = i;
	w->seen[i] = true;
	return 0;
}

static int visit_all(struct walk *w, const struct store_paths *paths, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < paths->len; i++)
		r = visit(w, paths->items[i], e);
	return r;
}

/* What is new goes to the end of the list, which this loop therefore reaches. */
static int visit_references(struct walk *w, size_t from, struct err *e)
{
	int r = 0;

	for (size_t i = from; r == 0 && i < w->todo_len; i++)
		r = visit_all(w, &w->m->paths[w->todo[i]].references, e);
	return r;
}

int export_closure(struct arena *a, const struct store *s, const struct drv_machine *m, const struct drv_words *roots,
		   size_t **ret, size_t *ret_len, struct err *e)
{
	struct walk w = { .m = m };
	size_t derivations;
	int r = 0;

	w.seen = arena_array(a, m->paths_len + 1, sizeof *w.seen);
	w.todo = arena_array(a, m->paths_len + 1, sizeof *w.todo);
	if (!w.seen || !w.todo)
		return err_oom(e);
	for (size_t i = 0; r == 0 && i < roots->len; i++) {
		char *root = arena_strndup(a, roots->items[i], store_path_len(s, roots->items[i]));

		if (!root)
			return err_oom(e);
		if (!*root)
			return err_set(e, EINVAL, "exportReferencesGraph: '%.300s' is not a store path of %s",
				       roots->items[i], s->dir);
		r = visit(&w, root, e);
	}
	if (r == 0)
		r = visit_references(&w, 0, e);
	/* A derivation stands for all that it makes as well. What these refer to is added, but nothing more of them. */
	derivations = w.todo_len;
	for (size_t i = 0; r == 0 && i < derivations; i++)
		r = visit_all(&w, &m->paths[w.todo[i]].outputs, e);
	if (r == 0)
		r = visit_references(&w, derivations, e);
	if (r < 0)
		return r;
	*ret_len = 0;
	for (size_t i = 0; i < m->paths_len; i++)
		if (w.seen[i])
			w.todo[(*ret_len)++] = i;
	*ret = w.todo;
	return 0;
}

void export_text(const struct drv_machine *m, const size_t *closure, size_t len, struct str *out)
{
	for (size_t i = 0; i < len; i++) {
		const struct drv_path *p = &m->paths[closure[i]];

		str_addf(out, "%s\n\n%zu\n", p->path, p->references.len);
		for (size_t k = 0; k < p->references.len; k++)
			str_addf(out, "%s\n", p->references.items[k]);
	}
}

static struct json_tree *number(struct arena *a, unsigned long long value)
{
	struct json_tree *t = json_new(a, JSON_NUMBER);

	if (t)
		t->text = arena_printf(a, "%llu", value);
	return t && t->text ? t : NULL;
}

static unsigned long long closure_size(struct arena *a, const struct store *s, const struct drv_machine *m, char *path)
{
	struct drv_words root = { &path, 1 };
	unsigned long long sum = 0;
	size_t *closure, len;
	struct err ignored;

	if (export_closure(a, s, m, &root, &closure, &len, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		sum += m->paths[closure[i]].nar_size;
	return sum;
}

struct json_tree *export_json(struct arena *a, const struct store *s, const struct drv_machine *m,
			      const size_t *closure, size_t len)
{
	struct json_tree *list = json_new(a, JSON_ARRAY);
	int failed = 0;

	for (size_t i = 0; list && i < len; i++) {
		const struct drv_path *p = &m->paths[closure[i]];
		struct json_tree *t = json_new(a, JSON_OBJECT), *refs = json_new(a, JSON_ARRAY);
		struct json_tree *valid = json_new(a, JSON_BOOL);

		if (!t || !refs || !valid)
			return NULL;
		valid->value = true;
		for (size_t k = 0; k < p->references.len; k++)
			failed |= json_append(a, refs, json_new_string(a, p->references.items[k]));
		failed |= json_set_member(a, t, "path", json_new_string(a, p->path));
		failed |= json_set_member(a, t, "valid", valid);
		failed |= json_set_member(a, t, "narHash", json_new_string(a, p->nar_hash));
		failed |= json_set_member(a, t, "narSize", number(a, p->nar_size));
		failed |= json_set_member(a, t, "closureSize", number(a, closure_size(a, s, m, p->path)));
		failed |= json_set_member(a, t, "references", refs);
		if (p->ca)
			failed |= json_set_member(a, t, "ca", json_new_string(a, p->ca));
		failed |= json_append(a, list, t);
	}
	return failed ? NULL : list;
}
