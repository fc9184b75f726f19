/*
 * The tables that the generator makes from libocispec/schema: what the reader and the writer know about a JSON object.
 * Nothing here is written by hand; oci_spec.h declares one `struct oci_type` per object of the schema.
 *
 * How a property lies in its C struct:
 *   scalar         the value, and `bool has_<name>` if the property is optional
 *   string         char *, NULL: absent
 *   object         struct oci_x *, NULL: absent
 *   array          T *<name>; size_t <name>_len; NULL: absent; an array of strings ends with a NULL as well
 *   map            struct oci_..._map *{ char **keys; T *values; size_t len; }, NULL: absent; in the order of the input
 *   enumeration    enum oci_x, 0 (..._UNSET): absent
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_field;

enum oci_kind { OCI_KIND_BOOL, OCI_KIND_INTEGER, OCI_KIND_STRING, OCI_KIND_ENUM, OCI_KIND_OBJECT };
enum oci_shape { OCI_SHAPE_ONE, OCI_SHAPE_ARRAY, OCI_SHAPE_MAP };

/* The JSON texts of an enumeration: values[i] belongs to the constant i + 1. */
struct oci_enum {
	const char *const *values;
	size_t len;
};

struct oci_type {
	const char *name;                /* of the C struct */
	const struct oci_field *fields;  /* in the order in which they are written; at most 64 */
	size_t fields_len;
	size_t size;                     /* of the C struct */
	bool closed;                     /* an unknown property is an error */
};

struct oci_field {
	const char *name;     /* in JSON */
	uint16_t name_len;
	uint8_t kind, shape;  /* enum oci_kind of the value or element, enum oci_shape */
	uint8_t width;        /* of an integer or enum: bytes */
	bool is_signed;
	bool required;        /* absent: an error, in reading and in writing */
	bool always_written;  /* though not required in reading */
	uint32_t offset;      /* of the value, the array pointer or the map pointer in the C struct */
	uint32_t extra;       /* of has_<name> or of <name>_len; 0: there is none */
	int64_t min;          /* of an integer, both inclusive */
	uint64_t max;
	union {
		const struct oci_type *type;
		const struct oci_enum *values;
	};
};

/* Every generated map looks like this; for an object T the values lie in one block of structs. */
struct oci_any_map {
	char **keys;
	void *values;
	size_t len;
};
