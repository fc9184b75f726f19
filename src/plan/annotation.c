/* Why: annotations are a map of texts, of which a few are ours. */
#include "plan/annotation.h"

#include <string.h>

const char *plan_annotation(const struct oci_spec *spec, const char *key)
{
	const struct oci_string_map *notes = spec->annotations;

	for (size_t i = 0; notes && i < notes->len; i++)
		if (strcmp(notes->keys[i], key) == 0)
			return notes->values[i];
	return NULL;
}
