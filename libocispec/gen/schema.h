/* The schema files as the generator sees them. Everything lives until the program ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct definition;

struct property {
	const char *json_name;
	const char *c_name;            /* snake_case */
	const char *kind, *shape;      /* as in enum oci_kind, enum oci_shape, without the prefix: "BOOL", "ARRAY" */
	const char *c_type;            /* of a scalar: "uint32_t" */
	int width;
	bool is_signed, required, always_written;
	const char *min, *max;         /* of an integer, as C constants */
	const char *ref_name;          /* the definition that it names, or NULL */
	const struct definition *ref;
	const char *doc;
};

struct definition {
	const char *name, *file, *doc;
	const char **words;            /* of an enumeration; NULL: an object */
	size_t words_len;
	struct property *properties;
	size_t properties_len;
	bool closed;
};

struct schema {
	struct definition *definitions;
	size_t len;
};

/* Adds the definitions of one file. */
void schema_load(struct schema *s, const char *path);
/* After the last file: finds what every $ref means. */
void schema_resolve(struct schema *s);

/* Ends the program with a message: the generator has no other way to fail. */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* printf into new memory. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
