/* Why: a mistyped attribute must not become a weaker sandbox, so what has not the right form is an error. */
#include "derivation/options.h"

#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\n\r";

static int add_word(struct arena *a, struct drv_words *ret, const char *text, size_t len, struct err *e)
{
	char **slot = arena_push(a, &ret->items, &ret->len, sizeof *slot);

	if (slot)
		*slot = arena_strndup(a, text, len);
	return slot && *slot ? 0 : err_oom(e);
}

static int split_words(struct arena *a, const char *text, struct drv_words *ret, struct err *e)
{
	for (text += strspn(text, blanks); *text; text += strspn(text, blanks)) {
		size_t n = strcspn(text, blanks);
		int r = add_word(a, ret, text, n, e);

		if (r < 0)
			return r;
		text += n;
	}
	return 0;
}

static int expected(const char *name, const char *what, const struct json_tree *found, struct err *e)
{
	return err_set(e, EINVAL, "the attribute '%s' must be %s, but is %s", name, what, json_type_name(found->type));
}

int drv_option_words(struct arena *a, const struct derivation *d, const struct json_tree *attrs, const char *name,
		     struct drv_words *ret, struct err *e)
{
	const struct json_tree *t = attrs ? json_member(attrs, name) : NULL;
	const char *text = attrs ? NULL : drv_env(d, name);
	int r = 0;

	if (!t)
		return text ? split_words(a, text, ret, e) : 0;
	if (t->type != JSON_ARRAY)
		return expected(name, "a list of strings", t, e);
	for (size_t i = 0; r == 0 && i < t->len; i++) {
		if (t->items[i]->type != JSON_STRING)
			return expected(name, "a list of strings", t->items[i], e);
		r = add_word(a, ret, t->items[i]->text, strlen(t->items[i]->text), e);
	}
	return r;
}

int drv_option_flag(const struct derivation *d, const struct json_tree *attrs, const char *name, bool *ret,
		    struct err *e)
{
	const struct json_tree *t = attrs ? json_member(attrs, name) : NULL;
	const char *text = attrs ? NULL : drv_env(d, name);

	if (text)
		*ret = strcmp(text, "1") == 0;
	if (!t)
		return 0;
	if (t->type != JSON_BOOL)
		return expected(name, "true or false", t, e);
	*ret = t->value;
	return 0;
}

/* [A-Za-z_][A-Za-z0-9_.-]*: it becomes a file in the build directory. Guix takes what a store path's name may have. */
static bool is_file_name(enum store_kind kind, const char *name)
{
	if (!*name || strlen(name) > STORE_NAME_MAX || *name == '.')
		return false;
	if (kind == STORE_NIX && (*name == '-' || (*name >= '0' && *name <= '9')))
		return false;
	for (const char *p = name; *p; p++)
		if (kind == STORE_GUIX ? !store_is_name_char((unsigned char)*p) :
		    !(store_is_name_char((unsigned char)*p) && !strchr("+?=", *p)))
			return false;
	return true;
}

/* "name1 path1 name2 path2" */
static int read_exports(struct arena *a, enum store_kind kind, const char *text, struct drv_options *ret, struct err *e)
{
	struct drv_words words = { 0 };
	int r = split_words(a, text, &words, e);

	if (r < 0)
		return r;
	if (words.len % 2)
		return err_set(e, EINVAL, "the attribute 'exportReferencesGraph' must be pairs of a file name and a "
			       "store path, but '%.200s' has an odd number of words", text);
	if (words.len / 2 > DRV_EXPORTS_MAX)
		return err_set(e, E2BIG, "the attribute 'exportReferencesGraph' has more than %d files",
			       DRV_EXPORTS_MAX);
	for (size_t i = 0; r == 0 && i < words.len; i += 2) {
		struct drv_export *x = arena_push(a, &ret->exports, &ret->exports_len, sizeof *x);

		if (!x)
			return err_oom(e);
		if (!is_file_name(kind, words.items[i]))
			return err_set(e, EINVAL, "the attribute 'exportReferencesGraph': '%.200s' cannot be the name "
				       "of a file", words.items[i]);
		for (size_t k = 0; k + 1 < ret->exports_len; k++)
			if (strcmp(ret->exports[k].name, words.items[i]) == 0)
				return err_set(e, EINVAL, "the attribute 'exportReferencesGraph': the file '%.200s' "
					       "comes twice", words.items[i]);
		x->name = words.items[i];
		r = add_word(a, &x->paths, words.items[i + 1], strlen(words.items[i + 1]), e);
	}
	return r;
}

/* A path, a list of them, a list of such lists. The parser limits the depth. */
static int flatten(struct arena *a, const struct json_tree *t, struct drv_words *ret, struct err *e)
{
	int r = 0;

	if (t->type == JSON_STRING)
		return add_word(a, ret, t->text, strlen(t->text), e);
	if (t->type != JSON_ARRAY)
		return expected("exportReferencesGraph", "store paths or lists of them", t, e);
	for (size_t i = 0; r == 0 && i < t->len; i++)
		r = flatten(a, t->items[i], ret, e);
	return r;
}

/* { name: [paths] }. What is no object, Nix passes over. */
static int read_structured_exports(struct arena *a, struct drv_options *ret, struct err *e)
{
	const struct json_tree *t = json_member(ret->attrs, "exportReferencesGraph");
	int r = 0;

	if (t && t->len > DRV_EXPORTS_MAX)
		return err_set(e, E2BIG, "the attribute 'exportReferencesGraph' has more than %d members",
			       DRV_EXPORTS_MAX);
	for (size_t i = 0; r == 0 && t && t->type == JSON_OBJECT && i < t->len; i++) {
		struct drv_export *x = arena_push(a, &ret->exports, &ret->exports_len, sizeof *x);

		if (!x)
			return err_oom(e);
		x->name = t->items[i]->name;
		r = flatten(a, t->items[i], &x->paths, e);
	}
	return r;
}

static int compare_words(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_nix(struct arena *a, const struct derivation *d, struct drv_options *ret, struct err *e)
{
	const char *json = drv_env(d, "__json"), *text;
	int r = 0;

	if (json) {
		r = json_tree_read(a, "__json", json, strlen(json), &ret->attrs, e);
		if (r == 0 && ret->attrs->type != JSON_OBJECT)
			r = err_set(e, EINVAL, "__json: structured attributes must be an object, but are %s",
				    json_type_name(ret->attrs->type));
		if (r < 0)
			return r;
	}
	text = drv_env(d, "passAsFile");
	if (text && !json)
		r = split_words(a, text, &ret->pass_as_file, e);
	if (ret->pass_as_file.len > 1)
		qsort(ret->pass_as_file.items, ret->pass_as_file.len, sizeof(char *), compare_words);
	text = drv_env(d, "exportReferencesGraph");
	if (r == 0)
		r = json ? read_structured_exports(a, ret, e) : text ? read_exports(a, STORE_NIX, text, ret, e) : 0;
	if (r == 0)
		r = drv_option_words(a, d, ret->attrs, "impureEnvVars", &ret->impure_env, e);
	if (r == 0)
		r = drv_option_words(a, d, ret->attrs, "requiredSystemFeatures", &ret->features, e);
	if (r == 0)
		r = drv_option_words(a, d, ret->attrs, "__impureHostDeps", &ret->impure_host_deps, e);
	if (r == 0)
		r = drv_option_flag(d, ret->attrs, "__noChroot", &ret->no_chroot, e);
	return r;
}

int drv_options_read(struct arena *a, enum store_kind kind, const char *file, const struct derivation *d,
		     struct drv_options *ret, struct err *e)
{
	const char *text;
	int r = 0;

	*ret = (struct drv_options){ 0 };
	if (kind == STORE_NIX) {
		r = read_nix(a, d, ret, e);
	} else {
		text = drv_env(d, "exportReferencesGraph");
		if (text)
			r = read_exports(a, STORE_GUIX, text, ret, e);
		if (r == 0)
			r = drv_option_words(a, d, NULL, "impureEnvVars", &ret->impure_env, e);
	}
	return r < 0 && r != -ENOMEM ? err_prefix(e, "derivation %s", file) : r;
}
