/*
 * The one reader of every JSON document that the runtime takes: config.json, process.json, resources, the state record.
 *
 * Strict where a mistake could change what a container may do: "1" is no number and 1.5 or 1e3 no integer, an integer
 * must fit its field, an enumeration has only its own words, a key comes once, a required property is there. null means
 * absent. An unknown property is skipped, as the specification asks for (config.md, Extensibility), and logged at debug
 * level; with a warning if it differs from a known one only in case, since then it is a slip.
 *
 * Time and memory are bounded by the size of the text: nesting and array lengths have limits, and nothing recurses.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "libocispec/field/type.h"

/* Elements in one array or map. */
#define OCI_READ_ELEMENTS_MAX 65536
/* Bytes of a text; the limit of the reader for which io_read_file is asked, too. */
#define OCI_READ_BYTES_MAX (16 * 1024 * 1024)

/*
 * Reads one object of that type; *ret becomes a pointer to its C struct (give the address of a `struct oci_x *`).
 * Everything lies in the arena and does not refer to the text. `name` is for messages: "config.json".
 * Returns 0 or -errno: -EINVAL for a wrong text (`config.json:12:7: mounts[3].options[0]: expected a string, found a
 * number`), -E2BIG or -EFBIG past a limit, -ENOMEM.
 */
int oci_read(struct arena *a, const struct oci_type *type, const char *name, const char *json, size_t len, void *ret,
	     struct err *e);
