/*
 * Why: the part of JSON Schema that OCI documents need, and no more. An unknown keyword is an error, so that nothing
 * that is written in a schema can be without effect.
 *
 * A schema file is { title, definitions }. A definition is an enumeration (type string, enum) or an object (type,
 * properties, required, additionalProperties false). A property is a scalar, a $ref to a definition, an array of one of
 * these, or a map (type object, additionalProperties: one of these). Integers have a format: int32, uint64, ...
 */
#include "libocispec/gen/schema.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("gen: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

char *format(const char *fmt, ...)
{
	char *s;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	va_end(ap);
	return s;
}

static void *zalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		die("out of memory");
	return p;
}

/* uidMappings -> uid_mappings, kernelTCP -> kernel_tcp, throttleReadIOPSDevice -> throttle_read_iops_device */
static const char *snake_case(const char *camel)
{
	char *s = zalloc(2 * strlen(camel) + 1, 1), *out = s;

	for (const char *p = camel; *p; p++) {
		bool upper = isupper((unsigned char)*p);
		bool after_lower = p > camel && !isupper((unsigned char)p[-1]);
		bool word_ends = p > camel && isupper((unsigned char)p[-1]) && islower((unsigned char)p[1]);

		if (upper && (after_lower || word_ends))
			*out++ = '_';
		*out++ = (char)tolower((unsigned char)*p);
	}
	return s;
}

static void check_keywords(yajl_val object, const char *where, const char *const *known)
{
	for (size_t i = 0; i < object->u.object.len; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], object->u.object.keys[i]) != 0)
			k++;
		if (!known[k])
			die("%s: unknown keyword '%s'", where, object->u.object.keys[i]);
	}
}

static yajl_val get(yajl_val object, const char *key)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(object, path, yajl_t_any);
}

static const char *get_string(yajl_val object, const char *key)
{
	yajl_val v = get(object, key);

	return YAJL_IS_STRING(v) ? YAJL_GET_STRING(v) : NULL;
}

static bool is_type(yajl_val object, const char *type)
{
	const char *s = get_string(object, "type");

	return s && strcmp(s, type) == 0;
}

struct integer_format {
	const char *name, *c_type, *min, *max;
	int width;
	bool is_signed;
};

static const struct integer_format integer_formats[] = {
	{ "uint16", "uint16_t", "0", "UINT16_MAX", 2, false },
	{ "int32", "int32_t", "INT32_MIN", "INT32_MAX", 4, true },
	{ "uint32", "uint32_t", "0", "UINT32_MAX", 4, false },
	{ "int64", "int64_t", "INT64_MIN", "INT64_MAX", 8, true },
	{ "uint64", "uint64_t", "0", "UINT64_MAX", 8, false },
};

static const struct integer_format *find_format(const char *name, const char *where)
{
	for (size_t i = 0; name && i < sizeof integer_formats / sizeof *integer_formats; i++)
		if (strcmp(integer_formats[i].name, name) == 0)
			return &integer_formats[i];
	die("%s: an integer needs a format of int32, int64, uint16, uint32 or uint64", where);
}

static void load_integer(struct property *p, yajl_val v, const char *where)
{
	const struct integer_format *f = find_format(get_string(v, "format"), where);
	yajl_val min = get(v, "minimum"), max = get(v, "maximum");

	p->kind = "INTEGER";
	p->c_type = f->c_type;
	p->width = f->width;
	p->is_signed = f->is_signed;
	p->min = min ? YAJL_GET_NUMBER(min) : f->min;
	p->max = max ? YAJL_GET_NUMBER(max) : f->max;
}

/* The value of a property, or the element of its array or map. */
static void load_value(struct property *p, yajl_val v, const char *where)
{
	static const char *const known[] = { "description", "type", "format", "minimum", "maximum", "$ref",
					     "x-always-written", NULL };
	const char *ref = get_string(v, "$ref"), *name = ref ? strstr(ref, "#/definitions/") : NULL;

	check_keywords(v, where, known);
	if (ref) {
		if (!name)
			die("%s: $ref does not name a definition", where);
		p->ref_name = name + strlen("#/definitions/");
	} else if (is_type(v, "integer")) {
		load_integer(p, v, where);
	} else if (is_type(v, "boolean")) {
		p->kind = "BOOL";
		p->c_type = "bool";
	} else if (is_type(v, "string")) {
		p->kind = "STRING";
		p->c_type = "char *";
	} else {
		die("%s: neither a scalar nor a $ref", where);
	}
}

static void load_property(struct property *p, const char *name, yajl_val v, const char *where)
{
	static const char *const array_keywords[] = { "description", "type", "items", NULL };
	static const char *const map_keywords[] = { "description", "type", "additionalProperties", NULL };

	p->json_name = name;
	p->c_name = snake_case(name);
	p->doc = get_string(v, "description");
	p->always_written = YAJL_IS_TRUE(get(v, "x-always-written"));
	if (is_type(v, "array")) {
		check_keywords(v, where, array_keywords);
		p->shape = "ARRAY";
		load_value(p, get(v, "items"), where);
	} else if (is_type(v, "object")) {
		check_keywords(v, where, map_keywords);
		p->shape = "MAP";
		load_value(p, get(v, "additionalProperties"), where);
	} else {
		p->shape = "ONE";
		load_value(p, v, where);
	}
}

static void mark_required(struct definition *d, yajl_val required, const char *where)
{
	for (size_t i = 0; required && i < required->u.array.len; i++) {
		const char *name = YAJL_GET_STRING(required->u.array.values[i]);
		size_t k = 0;

		while (k < d->properties_len && strcmp(d->properties[k].json_name, name) != 0)
			k++;
		if (k == d->properties_len)
			die("%s: required property '%s' is not defined", where, name);
		d->properties[k].required = true;
	}
}

static void load_object(struct definition *d, yajl_val v, const char *where)
{
	static const char *const known[] = { "description", "type", "properties", "required", "additionalProperties",
					     NULL };
	yajl_val properties = get(v, "properties");

	check_keywords(v, where, known);
	if (!YAJL_IS_OBJECT(properties) || properties->u.object.len > 64)
		die("%s: an object needs between 1 and 64 properties", where);
	d->closed = YAJL_IS_FALSE(get(v, "additionalProperties"));
	d->properties_len = properties->u.object.len;
	d->properties = zalloc(d->properties_len, sizeof *d->properties);
	for (size_t i = 0; i < d->properties_len; i++) {
		const char *name = properties->u.object.keys[i];

		load_property(&d->properties[i], name, properties->u.object.values[i], format("%s.%s", where, name));
	}
	mark_required(d, get(v, "required"), where);
}

static void load_words(struct definition *d, yajl_val v, const char *where)
{
	static const char *const known[] = { "description", "type", "enum", NULL };
	yajl_val words = get(v, "enum");

	check_keywords(v, where, known);
	if (!YAJL_IS_ARRAY(words))
		die("%s: a definition of type string needs an enum", where);
	d->words_len = words->u.array.len;
	d->words = zalloc(d->words_len, sizeof *d->words);
	for (size_t i = 0; i < d->words_len; i++)
		d->words[i] = YAJL_GET_STRING(words->u.array.values[i]);
}

static char *read_whole(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = zalloc(1 << 20, 1);
	size_t len = f ? fread(text, 1, (1 << 20) - 1, f) : 0;

	if (!f || ferror(f) || len == (1 << 20) - 1)
		die("cannot read %s, or it is larger than 1 MiB", path);
	fclose(f);
	return text;
}

void schema_load(struct schema *s, const char *path)
{
	static const char *const known[] = { "title", "definitions", NULL };
	char message[1024];
	yajl_val root = yajl_tree_parse(read_whole(path), message, sizeof message), all;

	if (!root)
		die("%s: %s", path, message);
	check_keywords(root, path, known);
	all = get(root, "definitions");
	for (size_t i = 0; i < all->u.object.len; i++) {
		yajl_val v = all->u.object.values[i];
		struct definition d = { .name = all->u.object.keys[i],
					.file = path,
					.doc = get_string(v, "description") };
		const char *where = format("%s: %s", path, d.name);

		if (is_type(v, "string"))
			load_words(&d, v, where);
		else
			load_object(&d, v, where);
		s->definitions = realloc(s->definitions, (s->len + 1) * sizeof d);
		if (!s->definitions)
			die("out of memory");
		s->definitions[s->len++] = d;
	}
}

static const struct definition *find(const struct schema *s, const char *name)
{
	const struct definition *found = NULL;

	for (size_t i = 0; i < s->len; i++) {
		if (strcmp(s->definitions[i].name, name) != 0)
			continue;
		if (found)
			die("'%s' is defined in %s and in %s", name, found->file, s->definitions[i].file);
		found = &s->definitions[i];
	}
	return found;
}

void schema_resolve(struct schema *s)
{
	for (size_t i = 0; i < s->len; i++) {
		struct definition *d = &s->definitions[i];

		find(s, d->name);
		for (size_t k = 0; k < d->properties_len; k++) {
			struct property *p = &d->properties[k];

			if (!p->ref_name)
				continue;
			p->ref = find(s, p->ref_name);
			if (!p->ref)
				die("%s: %s.%s refers to '%s', which is not defined", d->file, d->name, p->json_name,
				    p->ref_name);
			p->kind = p->ref->words ? "ENUM" : "OBJECT";
			if (!p->ref->words)
				continue;
			p->c_type = format("enum oci_%s", p->ref_name);
			p->width = (int)sizeof(int);
			p->is_signed = true;
		}
	}
}
