/* Why: the reader of tables knows what it reads; structured attributes are whatever somebody wrote in Nix. */
#include "derivation/json_tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libocispec/field/write.h"

struct reader {
	struct arena *arena;
	struct json_tree *root;
	struct json_tree *open[JSON_DEPTH_MAX];
	size_t depth, count;
	char *key;
};

struct json_tree *json_new(struct arena *a, enum json_type type)
{
	struct json_tree *t = arena_alloc(a, sizeof *t);

	if (t)
		t->type = type;
	return t;
}

struct json_tree *json_new_string(struct arena *a, const char *text)
{
	struct json_tree *t = json_new(a, JSON_STRING);

	if (t)
		t->text = arena_strdup(a, text);
	return t && t->text ? t : NULL;
}

int json_append(struct arena *a, struct json_tree *t, struct json_tree *value)
{
	struct json_tree **slot = value ? arena_push(a, &t->items, &t->len, sizeof *slot) : NULL;

	if (!slot)
		return -ENOMEM;
	*slot = value;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct json_tree *const *)a)->name, (*(struct json_tree *const *)b)->name);
}

struct json_tree *json_member(const struct json_tree *t, const char *name)
{
	const struct json_tree key = { .name = (char *)name }, *pointer = &key;
	struct json_tree **found;

	if (t->type != JSON_OBJECT || t->len == 0)
		return NULL;
	found = bsearch(&pointer, t->items, t->len, sizeof *t->items, compare_names);
	return found ? *found : NULL;
}

int json_set_member(struct arena *a, struct json_tree *t, const char *name, struct json_tree *value)
{
	struct json_tree *known = json_member(t, name);

	if (!value)
		return -ENOMEM;
	value->name = arena_strdup(a, name);
	if (!value->name)
		return -ENOMEM;
	if (known) {
		*known = *value;
		return 0;
	}
	if (json_append(a, t, value) < 0)
		return -ENOMEM;
	qsort(t->items, t->len, sizeof *t->items, compare_names);
	return 0;
}

static int end(struct reader *r, struct err *e)
{
	struct json_tree *t = r->open[--r->depth];

	if (t->type != JSON_OBJECT || t->len < 2)
		return 0;
	qsort(t->items, t->len, sizeof *t->items, compare_names);
	for (size_t i = 1; i < t->len; i++)
		if (strcmp(t->items[i - 1]->name, t->items[i]->name) == 0)
			return err_set(e, EINVAL, "the member '%.200s' comes twice", t->items[i]->name);
	return 0;
}

static int take_event(void *context, struct json_event *event, struct err *e)
{
	struct reader *r = context;
	struct json_tree *t, *above = r->depth ? r->open[r->depth - 1] : NULL;

	if (event->type == JSON_END)
		return end(r, e);
	if (event->type == JSON_KEY) {
		r->key = arena_strndup(r->arena, event->text, event->len);
		return r->key ? 0 : err_oom(e);
	}
	if (++r->count > JSON_TREE_MAX)
		return err_set(e, E2BIG, "more than %d values", JSON_TREE_MAX);
	t = json_new(r->arena, event->type);
	if (!t)
		return err_oom(e);
	t->value = event->value;
	if (event->type == JSON_STRING || event->type == JSON_NUMBER)
		t->text = arena_strndup(r->arena, event->text, event->len);
	if (above && above->type == JSON_OBJECT)
		t->name = r->key;
	if (!above)
		r->root = t;
	else if (json_append(r->arena, above, t) < 0)
		return err_oom(e);
	if (event->type == JSON_OBJECT || event->type == JSON_ARRAY)
		r->open[r->depth++] = t;
	return arena_failed(r->arena) ? err_oom(e) : 0;
}

int json_tree_read(struct arena *a, const char *file, const char *text, size_t len, struct json_tree **ret,
		   struct err *e)
{
	struct reader r = { .arena = a };
	int result = json_parse(file, text, len, take_event, &r, e);

	*ret = r.root;
	return result;
}

/* The fewest digits that name this number and no other; the result is the decimal exponent of the first. */
static int shortest(double v, char digits[static 32])
{
	char text[40], *exponent;
	size_t n = 0;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	exponent = strchr(text, 'e');
	for (char *p = text; p < exponent; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return (int)strtol(exponent + 1, NULL, 10);
}

/* A number with a point or an exponent, as Nix (nlohmann::json) prints it. */
static void write_float(const char *number, struct str *out)
{
	double v = strtod(number, NULL);
	char digits[32];
	int len, point;

	if (!isfinite(v)) {
		str_add(out, "null");
		return;
	}
	if (signbit(v))
		str_addc(out, '-');
	v = fabs(v);
	point = v == 0 ? 1 : shortest(v, digits) + 1;
	if (v == 0)
		strcpy(digits, "0");
	len = (int)strlen(digits);
	if (len <= point && point <= 15) {
		str_addf(out, "%s%.*s.0", digits, point - len, "000000000000000");
	} else if (point > 0 && point <= 15) {
		str_addf(out, "%.*s.%s", point, digits, digits + point);
	} else if (point > -4 && point <= 0) {
		str_addf(out, "0.%.*s%s", -point, "0000", digits);
	} else {
		str_addf(out, "%c%s%se%c%02d", digits[0], len > 1 ? "." : "", digits + 1, point > 0 ? '+' : '-',
			 abs(point - 1));
	}
}

static void write_many(const struct json_tree *t, struct str *out)
{
	str_addc(out, t->type == JSON_OBJECT ? '{' : '[');
	for (size_t i = 0; i < t->len; i++) {
		if (i)
			str_addc(out, ',');
		if (t->type == JSON_OBJECT) {
			oci_write_string(out, t->items[i]->name);
			str_addc(out, ':');
		}
		json_tree_write(t->items[i], out);
	}
	str_addc(out, t->type == JSON_OBJECT ? '}' : ']');
}

/* The parser limits the depth. */
void json_tree_write(const struct json_tree *t, struct str *out)
{
	switch (t->type) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		write_many(t, out);
		break;
	case JSON_STRING:
		oci_write_string(out, t->text);
		break;
	case JSON_NUMBER:
		if (strpbrk(t->text, ".eE"))
			write_float(t->text, out);
		else
			str_add(out, t->text);
		break;
	case JSON_BOOL:
		str_add(out, t->value ? "true" : "false");
		break;
	default:
		str_add(out, "null");
	}
}
