/* process.json, as exec takes it. */
#include "tests/fuzz/fuzz.h"

#include "base/log.h"
#include "libocispec/field/write.h"
#include "spec/load.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;

	(void)argc, (void)argv;
	return log_open("/dev/null", "json", true, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_str_ struct str out = STR_INIT;
	_cleanup_arena_ struct arena *a = arena_new();
	struct oci_process *process;
	struct err e = { 0 };

	if (!fuzz_succeeded(spec_parse_process(a, "process.json", (const char *)data, size, &process, &e), &e))
		return 0;
	fuzz_check(process->args_len > 0 && process->args[0] && process->cwd[0] == '/');
	fuzz_check(oci_write(&out, &oci_process_type, process, OCI_INDENTED) == 0);
	return 0;
}
