/* Why: annotations are a map of texts, of which a few are ours. A misspelt one is an error, never ignored. */
#include "plan/annotation.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

#define OURS "run.cloister."

static bool is_known(const char *name)
{
	static const char *const names[] = { "arg0", "closure", "lock", "path", "personality", "store" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

int plan_check_annotations(const struct oci_spec *spec, struct err *e)
{
	const struct oci_string_map *notes = spec->annotations;

	for (size_t i = 0; notes && i < notes->len; i++)
		if (str_has_prefix(notes->keys[i], OURS) && !is_known(notes->keys[i] + strlen(OURS)))
			return err_set(e, EINVAL, "annotations.\"%s\": there is no such annotation: known are arg0, "
				"closure, "
				       "lock, path, personality and store", notes->keys[i]);
	return 0;
}

const char *plan_annotation(const struct oci_spec *spec, const char *key)
{
	const struct oci_string_map *notes = spec->annotations;

	for (size_t i = 0; notes && i < notes->len; i++)
		if (strcmp(notes->keys[i], key) == 0)
			return notes->values[i];
	return NULL;
}
