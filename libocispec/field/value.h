/* One scalar: a JSON value checked against the row of a table and stored. For read.c. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "libocispec/field/type.h"
#include "libocispec/json/json.h"

/* Bytes of one value, or of one element of an array or map, in its C form. */
size_t oci_field_size(const struct oci_field *field);

/* Stores the value at ret. Returns 0, -EINVAL with a message that has neither place nor path, or -ENOMEM. */
int oci_value_read(struct arena *a, const struct oci_field *field, const struct json_event *event, void *ret,
		   struct err *e);
