/* Mount options, one a line. */
#include "tests/fuzz/fuzz.h"

#include "plan/mount_options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	char *text = arena_strndup(a, (const char *)data, size), *line, **options = NULL, **slot;
	struct mount_options got;
	struct err e = { 0 };
	size_t len = 0;

	while ((line = strsep(&text, "\n"))) {
		slot = arena_push(a, &options, &len, sizeof *slot);
		*slot = line;
	}
	if (!fuzz_succeeded(mount_options_parse(a, options, len, &got, &e), &e))
		return 0;
	/* What the table does not know is handed on, never dropped or made longer. */
	for (len = 0; got.fs_options && got.fs_options[len]; len++)
		fuzz_check(got.fs_options[len][0]);
	return 0;
}
