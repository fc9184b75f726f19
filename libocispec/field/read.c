/* Why: one loop over a table instead of hand-written code per object, so that every property is checked alike. */
#include "libocispec/field/read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/str.h"
#include "libocispec/field/value.h"
#include "libocispec/json/json.h"

/* As deep as known properties nest in any schema, with room; unknown ones are only counted. */
enum { FRAMES_MAX = 24 };

/* An object, array or map that is open. Array and map belong to `field` of the object below them on the stack. */
struct frame {
	enum oci_shape shape;          /* OCI_SHAPE_ONE: an object */
	const struct oci_type *type;   /* of an object */
	const struct oci_field *field; /* array, map: theirs; object: of the property that is read, NULL: unknown */
	char *base;                    /* the C struct of the object */
	size_t at;                     /* where it begins in the text */
	uint64_t seen, present;        /* object: one bit per field that had a key, that had a value */
	const char *key;               /* object: an unknown property's name, map: the key of the element */
	size_t index;                  /* array: of the element that is being read */
	size_t *places;                /* map: offset of each key in the text */
	size_t places_len;
};

struct reader {
	struct arena *a;
	const struct oci_type *type;
	const char *name;
	void *root;
	struct err *e;
	struct frame frames[FRAMES_MAX];
	size_t depth;    /* frames in use */
	size_t skipping; /* objects and arrays open inside an unknown property */
	size_t at;       /* of the current event in the text */
};

static struct frame *top(struct reader *r)
{
	return &r->frames[r->depth - 1];
}

static size_t *array_len(const struct frame *f)
{
	return (size_t *)(f->base + f->field->extra);
}

static struct oci_any_map *map_of(const struct frame *f)
{
	return *(struct oci_any_map **)(f->base + f->field->offset);
}

/* Where in the document we are: mounts[3].options[0], annotations["org.x"]. "" at the top. */
static void add_path(struct reader *r, struct str *path)
{
	for (size_t i = 0; i < r->depth; i++) {
		const struct frame *f = &r->frames[i];

		if (f->shape == OCI_SHAPE_ARRAY)
			str_addf(path, "[%zu]", f->index);
		else if (f->shape == OCI_SHAPE_MAP && f->key)
			str_addf(path, "[\"%.200s\"]", f->key);
		else if (f->shape == OCI_SHAPE_ONE && (f->field || f->key))
			str_addf(path, "%s%.200s", path->len ? "." : "", f->field ? f->field->name : f->key);
	}
}

/* Puts the path in front of the message. Returns -errno. */
static int at_path(struct reader *r)
{
	_cleanup_str_ struct str path = STR_INIT;

	add_path(r, &path);
	return path.len ? err_prefix(r->e, "%s", path.text) : -r->e->num;
}

static int wrong_type(struct reader *r, const char *expected, const struct json_event *event)
{
	err_set(r->e, EINVAL, "expected %s, found %s", expected, json_type_name(event->type));
	return at_path(r);
}

static struct frame *push(struct reader *r, enum oci_shape shape)
{
	struct frame *f;

	if (r->depth == FRAMES_MAX) {
		err_set(r->e, E2BIG, "objects and arrays are nested too deep");
		return NULL;
	}
	f = &r->frames[r->depth++];
	*f = (struct frame){ .shape = shape, .at = r->at };
	return f;
}

static int push_object(struct reader *r, const struct oci_type *type, void *base)
{
	struct frame *f = push(r, OCI_SHAPE_ONE);

	if (!f)
		return at_path(r);
	f->type = type;
	f->base = base;
	return 0;
}

/* Opens the array or map of the current property. */
static int push_many(struct reader *r, const struct oci_field *field, char *base)
{
	void **pointer = (void **)(base + field->offset);
	struct frame *f = push(r, field->shape);

	if (!f)
		return at_path(r);
	f->field = field;
	f->base = base;
	/* An empty array is not an absent one. */
	*pointer = arena_alloc(r->a, field->shape == OCI_SHAPE_MAP ? sizeof(struct oci_any_map) : sizeof(void *));
	return *pointer ? 0 : err_oom(r->e);
}

/* Memory for the next element of the array or map on top, which counts as there from now on. */
static void *add_element(struct reader *r, struct frame *f)
{
	size_t width = oci_field_size(f->field), len;
	struct oci_any_map *map;
	char **key;
	void *value;

	if (f->shape == OCI_SHAPE_ARRAY)
		return arena_push(r->a, f->base + f->field->offset, array_len(f), width);
	map = map_of(f);
	len = map->len;
	value = arena_push(r->a, &map->values, &len, width);
	key = value ? arena_push(r->a, &map->keys, &map->len, sizeof *key) : NULL;
	if (!key)
		return NULL;
	*key = (char *)f->key;
	return value;
}

/* A value that goes to ret: a property, or an element that has already been added. */
static int read_value(struct reader *r, const struct oci_field *field, const struct json_event *event, void *ret)
{
	int result = oci_value_read(r->a, field, event, ret, r->e);

	return result == -EINVAL ? at_path(r) : result;
}

static int on_element(struct reader *r, const struct json_event *event)
{
	struct frame *f = top(r);
	void *p;

	f->index = f->shape == OCI_SHAPE_ARRAY ? *array_len(f) : map_of(f)->len;
	if (event->type == JSON_NULL && f->shape == OCI_SHAPE_MAP) {
		f->places_len--;
		return 0;
	}
	if (f->index == OCI_READ_ELEMENTS_MAX) {
		err_set(r->e, E2BIG, "more than %d elements", OCI_READ_ELEMENTS_MAX);
		return at_path(r);
	}
	if (f->field->kind == OCI_KIND_OBJECT && event->type != JSON_OBJECT)
		return wrong_type(r, "an object", event);
	p = add_element(r, f);
	if (!p)
		return err_oom(r->e);
	return f->field->kind == OCI_KIND_OBJECT ? push_object(r, f->field->type, p) :
						   read_value(r, f->field, event, p);
}

static int read_object(struct reader *r, const struct oci_field *field, const struct json_event *event, void **ret)
{
	if (event->type != JSON_OBJECT)
		return wrong_type(r, "an object", event);
	*ret = arena_alloc(r->a, field->type->size);
	return *ret ? push_object(r, field->type, *ret) : err_oom(r->e);
}

static int on_property(struct reader *r, const struct json_event *event)
{
	struct frame *f = top(r);
	const struct oci_field *field = f->field;

	if (!field) {
		if (event->type == JSON_OBJECT || event->type == JSON_ARRAY)
			r->skipping = 1;
		return 0;
	}
	if (event->type == JSON_NULL)
		return 0;
	f->present |= UINT64_C(1) << (field - f->type->fields);
	if (field->shape == OCI_SHAPE_ARRAY && event->type != JSON_ARRAY)
		return wrong_type(r, "an array", event);
	if (field->shape == OCI_SHAPE_MAP && event->type != JSON_OBJECT)
		return wrong_type(r, "an object", event);
	if (field->shape != OCI_SHAPE_ONE)
		return push_many(r, field, f->base);
	if (field->kind == OCI_KIND_OBJECT)
		return read_object(r, field, event, (void **)(f->base + field->offset));
	if (field->extra)
		*(bool *)(f->base + field->extra) = true;
	return read_value(r, field, event, f->base + field->offset);
}

static const struct oci_field *find_field(const struct oci_type *type, const struct json_event *key)
{
	for (size_t i = 0; i < type->fields_len; i++) {
		const struct oci_field *field = &type->fields[i];

		if (field->name_len == key->len && memcmp(field->name, key->text, key->len) == 0)
			return field;
	}
	return NULL;
}

static int on_unknown(struct reader *r, struct frame *f, const struct json_event *event)
{
	_cleanup_str_ struct str path = STR_INIT;

	f->key = arena_strndup(r->a, event->text, event->len);
	if (!f->key)
		return err_oom(r->e);
	if (f->type->closed) {
		err_set(r->e, EINVAL, "unknown property");
		return at_path(r);
	}
	add_path(r, &path);
	for (size_t i = 0; i < f->type->fields_len; i++)
		if (strcasecmp(f->type->fields[i].name, f->key) == 0) {
			log_warning("%s: %s: unknown property, ignored: did you mean \"%s\"?", r->name, str_text(&path),
				    f->type->fields[i].name);
			return 0;
		}
	log_debug("%s: %s: unknown property, ignored", r->name, str_text(&path));
	return 0;
}

static int on_object_key(struct reader *r, struct frame *f, const struct json_event *event)
{
	uint64_t bit;

	f->field = find_field(f->type, event);
	f->key = NULL;
	if (!f->field)
		return on_unknown(r, f, event);
	bit = UINT64_C(1) << (f->field - f->type->fields);
	if (f->seen & bit) {
		err_set(r->e, EINVAL, "the key is there twice");
		return at_path(r);
	}
	f->seen |= bit;
	return 0;
}

static int on_map_key(struct reader *r, struct frame *f, const struct json_event *event)
{
	size_t *place = arena_push(r->a, &f->places, &f->places_len, sizeof *place);

	f->key = arena_strndup(r->a, event->text, event->len);
	if (!f->key || !place)
		return err_oom(r->e);
	*place = event->at;
	return 0;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(**(char ***)a, **(char ***)b);
}

/* Sorted and compared once at the end, so that a large map costs n log n. */
static int check_map_keys(struct reader *r, struct frame *f, struct json_event *event)
{
	const struct oci_any_map *map = map_of(f);
	char ***sorted = arena_array(r->a, map->len, sizeof *sorted);

	if (!sorted)
		return err_oom(r->e);
	for (size_t i = 0; i < map->len; i++)
		sorted[i] = &map->keys[i];
	qsort(sorted, map->len, sizeof *sorted, compare_keys);
	for (size_t i = 1; i < map->len; i++) {
		if (strcmp(*sorted[i - 1], *sorted[i]) != 0)
			continue;
		size_t a = (size_t)(sorted[i - 1] - map->keys), b = (size_t)(sorted[i] - map->keys);

		event->at = f->places[a > b ? a : b];
		f->key = *sorted[i];
		err_set(r->e, EINVAL, "the key is there twice");
		return at_path(r);
	}
	return 0;
}

static int check_required(struct reader *r, struct frame *f, struct json_event *event)
{
	for (size_t i = 0; i < f->type->fields_len; i++)
		if (f->type->fields[i].required && !(f->present & UINT64_C(1) << i)) {
			f->field = NULL;
			f->key = NULL;
			event->at = f->at;
			err_set(r->e, EINVAL, "\"%s\" is missing", f->type->fields[i].name);
			return at_path(r);
		}
	return 0;
}

/* argv and the like end with a NULL that len does not count. */
static int end_strings(struct reader *r, struct frame *f)
{
	if (f->field->kind != OCI_KIND_STRING)
		return 0;
	if (!add_element(r, f))
		return err_oom(r->e);
	--*array_len(f);
	return 0;
}

static int on_end(struct reader *r, struct json_event *event)
{
	struct frame *f = top(r);
	int result;

	if (f->shape == OCI_SHAPE_MAP)
		result = check_map_keys(r, f, event);
	else if (f->shape == OCI_SHAPE_ARRAY)
		result = end_strings(r, f);
	else
		result = check_required(r, f, event);
	if (result < 0)
		return result;
	r->depth--;
	return 0;
}

static int skip(struct reader *r, const struct json_event *event)
{
	if (event->type == JSON_OBJECT || event->type == JSON_ARRAY)
		r->skipping++;
	else if (event->type == JSON_END)
		r->skipping--;
	return 0;
}

static int on_event(void *context, struct json_event *event, struct err *e)
{
	struct reader *r = context;
	struct frame *f;

	r->e = e;
	r->at = event->at;
	if (r->skipping)
		return skip(r, event);
	if (r->depth == 0) {
		if (event->type != JSON_OBJECT)
			return wrong_type(r, "an object", event);
		return push_object(r, r->type, r->root);
	}
	f = top(r);
	if (event->type == JSON_END)
		return on_end(r, event);
	if (event->type == JSON_KEY)
		return f->shape == OCI_SHAPE_MAP ? on_map_key(r, f, event) : on_object_key(r, f, event);
	return f->shape == OCI_SHAPE_ONE ? on_property(r, event) : on_element(r, event);
}

int oci_read(struct arena *a, const struct oci_type *type, const char *name, const char *json, size_t len, void *ret,
	     struct err *e)
{
	struct reader r = { .a = a, .type = type, .name = name };
	int result;

	if (len > OCI_READ_BYTES_MAX)
		return err_set(e, EFBIG, "%s is larger than the limit of %d bytes", name, OCI_READ_BYTES_MAX);
	r.root = arena_alloc(a, type->size);
	if (!r.root)
		return err_oom(e);
	result = json_parse(name, json, len, on_event, &r, e);
	if (result < 0)
		return result;
	*(void **)ret = r.root;
	return 0;
}
