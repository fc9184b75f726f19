/* Why: the checks of a single value, apart from the walk through the document. */
#include "libocispec/field/value.h"

#include <string.h>

#include "base/str.h"

size_t oci_field_size(const struct oci_field *field)
{
	switch ((enum oci_kind)field->kind) {
	case OCI_KIND_BOOL:
		return sizeof(bool);
	case OCI_KIND_INTEGER:
	case OCI_KIND_ENUM:
		return field->width;
	case OCI_KIND_STRING:
		return sizeof(char *);
	case OCI_KIND_OBJECT:
		return field->type->size;
	}
	__builtin_unreachable();
}

static int expected(const char *what, const struct json_event *event, struct err *e)
{
	return err_set(e, EINVAL, "expected %s, found %s", what, json_type_name(event->type));
}

static void store_integer(const struct oci_field *field, uint64_t value, void *ret)
{
	switch (field->width) {
	case 2:
		*(uint16_t *)ret = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)ret = (uint32_t)value;
		break;
	default:
		*(uint64_t *)ret = value;
	}
}

/* Decimal digits only: JSON has no leading zeros, and yajl has seen to that. */
static int read_magnitude(const char *text, size_t len, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(*ret, 10, ret) || __builtin_add_overflow(*ret, text[i] - '0', ret))
			return -ERANGE;
	return 0;
}

static bool in_range(const struct oci_field *field, bool negative, uint64_t magnitude)
{
	if (!negative)
		return magnitude <= field->max && (field->min <= 0 || magnitude >= (uint64_t)field->min);
	return magnitude == 0 ? field->min <= 0 : field->min < 0 && magnitude - 1 <= (uint64_t)-(field->min + 1);
}

static int read_integer(const struct oci_field *field, const struct json_event *event, void *ret, struct err *e)
{
	bool negative = event->type == JSON_NUMBER && event->text[0] == '-';
	uint64_t magnitude;

	if (event->type != JSON_NUMBER)
		return expected("a number", event, e);
	for (size_t i = negative; i < event->len; i++)
		if (event->text[i] < '0' || event->text[i] > '9')
			return err_set(e, EINVAL, "expected an integer, found %.*s",
				       event->len < 40 ? (int)event->len : 40, event->text);
	if (read_magnitude(event->text + negative, event->len - negative, &magnitude) < 0 ||
	    !in_range(field, negative, magnitude))
		return err_set(e, EINVAL, "%.*s is out of range, which is %lld to %llu",
			       event->len < 40 ? (int)event->len : 40, event->text, (long long)field->min,
			       (unsigned long long)field->max);
	store_integer(field, negative ? -magnitude : magnitude, ret);
	return 0;
}

static int read_string(struct arena *a, const struct json_event *event, char **ret, struct err *e)
{
	if (event->type != JSON_STRING)
		return expected("a string", event, e);
	*ret = arena_strndup(a, event->text, event->len);
	return *ret ? 0 : err_oom(e);
}

static int unknown_word(const struct oci_enum *values, const struct json_event *event, struct err *e)
{
	_cleanup_str_ struct str known = STR_INIT;

	for (size_t i = 0; i < values->len; i++)
		str_addf(&known, "%s%s", i ? ", " : "", values->values[i]);
	return err_set(e, EINVAL, "unknown value \"%.*s\", known are %s", event->len < 80 ? (int)event->len : 80,
		       event->text, str_text(&known));
}

static int read_enum(const struct oci_enum *values, const struct json_event *event, int *ret, struct err *e)
{
	if (event->type != JSON_STRING)
		return expected("a string", event, e);
	for (size_t i = 0; i < values->len; i++)
		if (strlen(values->values[i]) == event->len &&
		    memcmp(values->values[i], event->text, event->len) == 0) {
			*ret = (int)i + 1;
			return 0;
		}
	return unknown_word(values, event, e);
}

int oci_value_read(struct arena *a, const struct oci_field *field, const struct json_event *event, void *ret,
		   struct err *e)
{
	switch ((enum oci_kind)field->kind) {
	case OCI_KIND_BOOL:
		if (event->type != JSON_BOOL)
			return expected("a boolean", event, e);
		*(bool *)ret = event->value;
		return 0;
	case OCI_KIND_INTEGER:
		return read_integer(field, event, ret, e);
	case OCI_KIND_STRING:
		return read_string(a, event, ret, e);
	case OCI_KIND_ENUM:
		return read_enum(field->values, event, ret, e);
	case OCI_KIND_OBJECT:
		break;
	}
	return expected("an object", event, e);
}
