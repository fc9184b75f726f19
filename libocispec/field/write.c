/* Why: see write.h. The recursion follows the schema, never the data, so its depth is known. */
#include "libocispec/field/write.h"

#include <errno.h>
#include <string.h>

#include "libocispec/field/value.h"

struct writer {
	struct str *out;
	enum oci_write_style style;
	int depth;
	bool in_element;  /* of OCI_LINES: all of it stays on the line */
};

static int write_object(struct writer *w, const struct oci_type *type, const char *object);

int oci_write_string(struct str *out, const char *text)
{
	static const char escapes[] = { ['"'] = '"', ['\\'] = '\\', ['\n'] = 'n', ['\t'] = 't', ['\r'] = 'r',
					['\b'] = 'b', ['\f'] = 'f' };
	size_t len = strlen(text), plain;

	if (!json_is_utf8(text, len))
		return -EINVAL;
	str_addc(out, '"');
	for (; *text; text += plain) {
		unsigned char c;

		for (plain = 0; (c = (unsigned char)text[plain]) >= 0x20 && c != '"' && c != '\\'; plain++)
			;
		str_addn(out, text, plain);
		if (!c)
			break;
		if (escapes[c])
			str_addf(out, "\\%c", escapes[c]);
		else
			str_addf(out, "\\u%04x", c);
		plain++;
	}
	str_addc(out, '"');
	return 0;
}

static void new_line(struct writer *w)
{
	if (w->style == OCI_COMPACT || w->in_element)
		return;
	str_addc(w->out, '\n');
	for (int i = 0; i < w->depth; i++)
		str_addc(w->out, '\t');
}

static void open_many(struct writer *w, char bracket)
{
	str_addc(w->out, bracket);
	w->depth++;
}

static void next_element(struct writer *w, bool first)
{
	if (!first)
		str_add(w->out, w->in_element ? ", " : ",");
	new_line(w);
}

static void close_many(struct writer *w, char bracket, bool empty)
{
	w->depth--;
	if (!empty)
		new_line(w);
	str_addc(w->out, bracket);
}

static int write_key(struct writer *w, const char *key)
{
	int r = oci_write_string(w->out, key);

	str_add(w->out, w->style == OCI_COMPACT ? ":" : ": ");
	return r;
}

static uint64_t load_integer(const struct oci_field *field, const void *p)
{
	switch (field->width) {
	case 2:
		return field->is_signed ? (uint64_t)*(const int16_t *)p : *(const uint16_t *)p;
	case 4:
		return field->is_signed ? (uint64_t)*(const int32_t *)p : *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

/* One value or element; p is where it lies. */
static int write_value(struct writer *w, const struct oci_field *field, const void *p)
{
	int word;

	switch ((enum oci_kind)field->kind) {
	case OCI_KIND_BOOL:
		str_add(w->out, *(const bool *)p ? "true" : "false");
		return 0;
	case OCI_KIND_INTEGER:
		if (field->is_signed)
			str_addf(w->out, "%lld", (long long)load_integer(field, p));
		else
			str_addf(w->out, "%llu", (unsigned long long)load_integer(field, p));
		return 0;
	case OCI_KIND_STRING:
		return *(char *const *)p ? oci_write_string(w->out, *(char *const *)p) : -EINVAL;
	case OCI_KIND_ENUM:
		word = *(const int *)p;
		if (word < 1 || (size_t)word > field->values->len)
			return -EINVAL;
		return oci_write_string(w->out, field->values->values[word - 1]);
	case OCI_KIND_OBJECT:
		return write_object(w, field->type, p);
	}
	return -EINVAL;
}

static int write_array(struct writer *w, const struct oci_field *field, const char *object)
{
	const char *items = *(char *const *)(object + field->offset);
	size_t len = *(const size_t *)(object + field->extra);
	bool outermost = !w->in_element;

	open_many(w, '[');
	for (size_t i = 0; i < len; i++) {
		int r;

		next_element(w, i == 0);
		w->in_element = w->style == OCI_LINES || !outermost;
		r = write_value(w, field, items + i * oci_field_size(field));
		w->in_element = !outermost;
		if (r < 0)
			return r;
	}
	close_many(w, ']', len == 0);
	return 0;
}

static int write_map(struct writer *w, const struct oci_field *field, const struct oci_any_map *map)
{
	open_many(w, '{');
	for (size_t i = 0; i < map->len; i++) {
		int r;

		next_element(w, i == 0);
		r = write_key(w, map->keys[i]);
		if (r == 0)
			r = write_value(w, field, (const char *)map->values + i * oci_field_size(field));
		if (r < 0)
			return r;
	}
	close_many(w, '}', map->len == 0);
	return 0;
}

static bool is_present(const struct oci_field *field, const char *object)
{
	const char *p = object + field->offset;

	if (field->required || field->always_written)
		return true;
	if (field->shape != OCI_SHAPE_ONE || field->kind == OCI_KIND_STRING || field->kind == OCI_KIND_OBJECT)
		return *(void *const *)p;
	if (field->extra && *(const bool *)(object + field->extra))
		return true;
	return field->kind == OCI_KIND_BOOL ? *(const bool *)p : load_integer(field, p) != 0;
}

static int write_property(struct writer *w, const struct oci_field *field, const char *object)
{
	void *const *pointer = (void *const *)(object + field->offset);
	int r = write_key(w, field->name);

	if (r < 0)
		return r;
	if (field->shape == OCI_SHAPE_ARRAY)
		return write_array(w, field, object);
	if (field->shape == OCI_SHAPE_MAP)
		return *pointer ? write_map(w, field, *pointer) : -EINVAL;
	if (field->kind == OCI_KIND_OBJECT)
		return *pointer ? write_object(w, field->type, *pointer) : -EINVAL;
	return write_value(w, field, pointer);
}

static int write_object(struct writer *w, const struct oci_type *type, const char *object)
{
	bool first = true;

	open_many(w, '{');
	for (size_t i = 0; i < type->fields_len; i++) {
		int r;

		if (!is_present(&type->fields[i], object))
			continue;
		next_element(w, first);
		first = false;
		r = write_property(w, &type->fields[i], object);
		if (r < 0)
			return r;
	}
	close_many(w, '}', first);
	return 0;
}

int oci_write(struct str *out, const struct oci_type *type, const void *object, enum oci_write_style style)
{
	struct writer w = { .out = out, .style = style };
	int r = write_object(&w, type, object);

	if (style != OCI_COMPACT)
		str_addc(out, '\n');
	if (r < 0)
		return r;
	return out->failed ? -ENOMEM : 0;
}
