/*
 * Why: a .drv file says which program runs and where its result goes, and anybody may have written it. One pass, no
 * recursion but the limited one of dynamic outputs, and every refusal says at which byte.
 *
 * Nix's own reader is more lenient: it takes lists in any order, doubles, and escapes that nobody writes. Whoever reads
 * such a file gets another derivation than was written, with another hash; so here it is refused.
 */
#include <string.h>

#include "derivation/aterm.h"
#include "derivation/output.h"

struct reader {
	struct arena *arena;
	const struct store *store;
	const char *file, *text;
	size_t len, at;
	struct err *e;
};

static int fail_at(struct reader *r, size_t at)
{
	return err_prefix(r->e, "%s: byte %zu", r->file, at);
}

/* "',' " or "the end of the text", as it is found at the current byte. */
static int fail_expected(struct reader *r, const char *what)
{
	if (r->at >= r->len)
		err_set(r->e, EINVAL, "expected %s, found the end of the text", what);
	else if (r->text[r->at] > ' ' && r->text[r->at] < 0x7f)
		err_set(r->e, EINVAL, "expected %s, found '%c'", what, r->text[r->at]);
	else
		err_set(r->e, EINVAL, "expected %s, found the byte 0x%02x", what, (unsigned char)r->text[r->at]);
	return fail_at(r, r->at);
}

static bool next_is(const struct reader *r, char c)
{
	return r->at < r->len && r->text[r->at] == c;
}

static int expect(struct reader *r, const char *word)
{
	for (; *word; word++) {
		char what[] = { '\'', *word, '\'', '\0' };

		if (!next_is(r, *word))
			return fail_expected(r, what);
		r->at++;
	}
	return 0;
}

/* The byte that an escape stands for; 0: nobody writes it so. */
static char unescape(char c)
{
	switch (c) {
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	case '"':
	case '\\': return c;
	default: return '\0';
	}
}

/* The end of the string that begins at r->at, and whether there are escapes in it. */
static int find_end(struct reader *r, size_t *ret_end, bool *ret_escapes)
{
	*ret_escapes = false;
	for (size_t i = r->at; i < r->len; i++) {
		char c = r->text[i];

		if (c == '"') {
			*ret_end = i;
			return 0;
		}
		if (c == '\\') {
			*ret_escapes = true;
			if (++i < r->len && !unescape(r->text[i])) {
				err_set(r->e, EINVAL, "a string holds an escape that is none of \\n \\r \\t \\\" \\\\");
				return fail_at(r, i - 1);
			}
		} else if (c == '\0' || c == '\n' || c == '\r' || c == '\t') {
			err_set(r->e, EINVAL, c ? "a string holds the byte 0x%02x, which has to be escaped" :
				"a string holds a NUL byte (0x%02x)", c);
			return fail_at(r, i);
		}
	}
	err_set(r->e, EINVAL, "a string does not end");
	return fail_at(r, r->at - 1);
}

static int read_string(struct reader *r, char **ret)
{
	size_t end = 0, n = 0;
	bool escapes;
	int result;

	if (!next_is(r, '"'))
		return fail_expected(r, "a string");
	r->at++;
	result = find_end(r, &end, &escapes);
	if (result < 0)
		return result;
	*ret = arena_strndup(r->arena, r->text + r->at, end - r->at);
	if (!*ret)
		return err_oom(r->e);
	if (escapes) {
		for (size_t i = 0; i < end - r->at; i++)
			(*ret)[n++] = (*ret)[i] == '\\' ? unescape((*ret)[++i]) : (*ret)[i];
		(*ret)[n] = '\0';
	}
	r->at = end + 1;
	return 0;
}

/*
 * One step through a list: 1 if an element follows, 0 at the end, which is passed over. `first` and *count are the
 * caller's; call it once before each element.
 */
static int next_element(struct reader *r, size_t *count)
{
	int result;

	if (*count == 0) {
		result = expect(r, "[");
		if (result < 0)
			return result;
		if (next_is(r, ']')) {
			r->at++;
			return 0;
		}
	} else if (next_is(r, ']')) {
		r->at++;
		return 0;
	} else if (!next_is(r, ',')) {
		return fail_expected(r, "',' or ']'");
	} else {
		r->at++;
	}
	if (++*count > DRV_ELEMENTS_MAX) {
		err_set(r->e, E2BIG, "a list has more than %d elements", DRV_ELEMENTS_MAX);
		return fail_at(r, r->at);
	}
	return 1;
}

/* Elements come in the order of their bytes, each once. */
static int check_order(struct reader *r, size_t at, const char *before, const char *name)
{
	int order = before ? strcmp(before, name) : -1;

	if (order < 0)
		return 0;
	err_set(r->e, EINVAL, order == 0 ? "'%.200s' comes twice" : "'%.200s' is not in its order, sorted by bytes",
		name);
	return fail_at(r, at);
}

static int check_path(struct reader *r, size_t at, const char *path)
{
	if (store_path_ok(r->store, path))
		return 0;
	err_set(r->e, EINVAL, "'%.300s' is not a store path of %s", path, r->store->dir);
	return fail_at(r, at);
}

static int check_derivation_path(struct reader *r, size_t at, const char *path)
{
	if (drv_name_of_path(r->arena, r->store, path))
		return 0;
	err_set(r->e, EINVAL, "'%.300s' is not the path of a derivation in %s", path, r->store->dir);
	return fail_at(r, at);
}

static int read_output_name(struct reader *r, char **ret)
{
	size_t at = r->at;
	int result = read_string(r, ret);

	if (result < 0 || output_name_ok(*ret))
		return result;
	err_set(r->e, EINVAL, "'%.200s' cannot be the name of an output", *ret);
	return fail_at(r, at);
}

/* Words in any order: the arguments. */
static int read_words(struct reader *r, struct drv_words *ret)
{
	size_t count = 0;
	int result;

	while ((result = next_element(r, &count)) > 0) {
		char **slot = arena_push(r->arena, &ret->items, &ret->len, sizeof *slot);

		result = slot ? read_string(r, slot) : err_oom(r->e);
		if (result < 0)
			break;
	}
	return result;
}

static int read_output_names(struct reader *r, struct drv_words *ret)
{
	size_t count = 0;
	int result;

	while ((result = next_element(r, &count)) > 0) {
		char **slot = arena_push(r->arena, &ret->items, &ret->len, sizeof *slot);
		size_t at = r->at;

		result = slot ? read_output_name(r, slot) : err_oom(r->e);
		if (result == 0)
			result = check_order(r, at, count > 1 ? slot[-1] : NULL, *slot);
		if (result < 0)
			break;
	}
	return result;
}

/* ("out","/nix/store/...","r:sha256","...") */
static int read_output(struct reader *r, struct drv_output *ret)
{
	char *path, *algorithm, *hash;
	size_t at;
	int result;

	result = read_output_name(r, &ret->name);
	if (result == 0)
		result = expect(r, ",");
	at = r->at;
	if (result == 0)
		result = read_string(r, &path);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_string(r, &algorithm);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_string(r, &hash);
	if (result < 0)
		return result;
	result = output_classify(r->arena, r->store, path, algorithm, hash, ret, r->e);
	if (result == 0 || result == -ENOMEM)
		return result;
	err_prefix(r->e, "output '%s'", ret->name);
	return fail_at(r, at);
}

static int read_outputs(struct reader *r, struct derivation *d)
{
	size_t count = 0, begin = r->at;
	int result;

	while ((result = next_element(r, &count)) > 0) {
		struct drv_output *o = arena_push(r->arena, &d->outputs, &d->outputs_len, sizeof *o);
		size_t at = r->at;

		result = o ? expect(r, "(") : err_oom(r->e);
		if (result == 0)
			result = read_output(r, o);
		if (result == 0)
			result = check_order(r, at, count > 1 ? o[-1].name : NULL, o->name);
		if (result == 0)
			result = expect(r, ")");
		if (result < 0)
			return result;
	}
	if (result < 0)
		return result;
	result = output_check_all(d, r->e);
	return result < 0 ? fail_at(r, begin) : 0;
}

/* ["out"], or with dynamic outputs (["out"],[("out",["out"])]) */
static int read_wanted(struct reader *r, bool may_be_dynamic, int depth, struct drv_wanted *ret)
{
	size_t count = 0, at = r->at;
	int result;

	if (depth > DRV_DEPTH_MAX) {
		err_set(r->e, E2BIG, "dynamic outputs are nested more than %d deep", DRV_DEPTH_MAX);
		return fail_at(r, at);
	}
	if (!may_be_dynamic || !next_is(r, '(')) {
		result = read_output_names(r, &ret->outputs);
		if (result < 0 || ret->outputs.len)
			return result;
		err_set(r->e, EINVAL, "no output of an input derivation is wanted");
		return fail_at(r, at);
	}
	r->at++;
	result = read_output_names(r, &ret->outputs);
	if (result == 0)
		result = expect(r, ",");
	while (result == 0 && (result = next_element(r, &count)) > 0) {
		struct drv_dynamic *d = arena_push(r->arena, &ret->dynamic, &ret->dynamic_len, sizeof *d);
		size_t name_at = r->at + 1;

		result = d ? expect(r, "(") : err_oom(r->e);
		if (result == 0)
			result = read_output_name(r, &d->output);
		if (result == 0)
			result = check_order(r, name_at, count > 1 ? d[-1].output : NULL, d->output);
		if (result == 0)
			result = expect(r, ",");
		if (result == 0)
			result = read_wanted(r, true, depth + 1, &d->wanted);
		if (result == 0)
			result = expect(r, ")");
	}
	if (result == 0 && ret->dynamic_len == 0) {
		err_set(r->e, EINVAL, "an empty list of dynamic outputs");
		return fail_at(r, at);
	}
	return result < 0 ? result : expect(r, ")");
}

static int read_inputs(struct reader *r, struct derivation *d)
{
	size_t count = 0;
	int result;

	while ((result = next_element(r, &count)) > 0) {
		struct drv_input *in = arena_push(r->arena, &d->inputs, &d->inputs_len, sizeof *in);
		size_t at = r->at + 1;

		result = in ? expect(r, "(") : err_oom(r->e);
		if (result == 0)
			result = read_string(r, &in->path);
		if (result == 0)
			result = check_derivation_path(r, at, in->path);
		if (result == 0)
			result = check_order(r, at, count > 1 ? in[-1].path : NULL, in->path);
		if (result == 0)
			result = expect(r, ",");
		if (result == 0)
			result = read_wanted(r, d->dynamic, 0, &in->wanted);
		if (result == 0)
			result = expect(r, ")");
		if (result < 0)
			break;
	}
	return result;
}

static int read_sources(struct reader *r, struct derivation *d)
{
	size_t count = 0;
	int result;

	while ((result = next_element(r, &count)) > 0) {
		char **slot = arena_push(r->arena, &d->sources.items, &d->sources.len, sizeof *slot);
		size_t at = r->at;

		result = slot ? read_string(r, slot) : err_oom(r->e);
		if (result == 0)
			result = check_path(r, at, *slot);
		if (result == 0)
			result = check_order(r, at, count > 1 ? slot[-1] : NULL, *slot);
		if (result < 0)
			break;
	}
	return result;
}

static int read_env(struct reader *r, struct derivation *d)
{
	size_t count = 0;
	int result;

	while ((result = next_element(r, &count)) > 0) {
		struct drv_variable *v = arena_push(r->arena, &d->env, &d->env_len, sizeof *v);
		size_t at = r->at + 1;

		result = v ? expect(r, "(") : err_oom(r->e);
		if (result == 0)
			result = read_string(r, &v->name);
		if (result == 0)
			result = check_order(r, at, count > 1 ? v[-1].name : NULL, v->name);
		if (result == 0)
			result = expect(r, ",");
		if (result == 0)
			result = read_string(r, &v->value);
		if (result == 0)
			result = expect(r, ")");
		if (result < 0)
			break;
	}
	return result;
}

static int read_head(struct reader *r, struct derivation *d)
{
	char *version;
	size_t at;
	int result = expect(r, "D");

	if (result < 0 || !next_is(r, 'r'))
		return result < 0 ? result : expect(r, "erive(");
	result = expect(r, "rvWithVersion(");
	at = r->at;
	if (result == 0)
		result = read_string(r, &version);
	if (result == 0 && strcmp(version, "xp-dyn-drv") != 0) {
		err_set(r->e, ENOTSUP, "the format '%.100s' is not known, only 'xp-dyn-drv' is", version);
		result = fail_at(r, at);
	}
	d->dynamic = true;
	return result < 0 ? result : expect(r, ",");
}

static int read_all(struct reader *r, struct derivation *d)
{
	int result = read_head(r, d);

	if (result == 0)
		result = read_outputs(r, d);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_inputs(r, d);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_sources(r, d);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_string(r, &d->system);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_string(r, &d->builder);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_words(r, &d->args);
	if (result == 0)
		result = expect(r, ",");
	if (result == 0)
		result = read_env(r, d);
	if (result == 0)
		result = expect(r, ")");
	if (result == 0 && r->at != r->len)
		result = fail_expected(r, "the end of the text");
	return result;
}

int aterm_read(struct arena *a, const struct store *s, const char *file, const char *name, const char *text, size_t len,
	       struct derivation *ret, struct err *e)
{
	struct reader r = { .arena = a, .store = s, .file = file, .text = text, .len = len, .e = e };

	*ret = (struct derivation){ .name = arena_strdup(a, name) };
	if (!ret->name)
		return err_oom(e);
	if (len > DRV_BYTES_MAX)
		return err_set(e, E2BIG, "%s: a derivation of more than %d bytes", file, DRV_BYTES_MAX);
	return read_all(&r, ret);
}
