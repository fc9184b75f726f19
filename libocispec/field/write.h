/* The one writer of every JSON document that we make: the mirror of read.h, over the same tables. */
#pragma once

#include "base/str.h"
#include "libocispec/field/type.h"

enum oci_write_style {
	OCI_COMPACT,   /* one line, no blanks */
	OCI_INDENTED,  /* one value per line, indented by tabs, a newline at the end */
	OCI_LINES,     /* the same, but one line for each element of an array: for a thousand mounts */
};

/*
 * Adds the object as JSON. Properties come in the order of the schema, those of a map in their own order. An optional
 * property is written if its has_<name> is set or its value is not 0/false, a pointer if it is not NULL; so what was
 * read is written again, and who fills a struct by hand needs has_<name> only to write a 0.
 *
 * Returns 0, -ENOMEM, or -EINVAL for what cannot be valid: a required string, object or enumeration that is absent, a
 * constant outside its enumeration, a string that is not UTF-8. `out` may then hold a part.
 */
int oci_write(struct str *out, const struct oci_type *type, const void *object, enum oci_write_style style);

/* Adds the text as a JSON string, in quotes. Returns 0, or -EINVAL if it is not UTF-8. */
int oci_write_string(struct str *out, const char *text);
