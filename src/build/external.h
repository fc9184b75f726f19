/*
 * Nix's experimental `external-builders`: Nix 2.34 does everything but run the builder, which it leaves to a program
 * that it calls with a file: {"version": 1, "builder", "args", "env", "topTmpDir", "tmpDir", "tmpDirInSandbox",
 * "storeDir", "realStoreDir", "system", "inputPaths", "outputs"}.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct external_request {
	const char *file;
	const char *cloister;                /* the runtime */
	const char *bin_sh, *network;        /* as of cloister-bundle drv */
	const char *const *sandbox_paths;
	size_t sandbox_paths_len;
	/* Called when the sandbox is made; what is printed from then on is the builder's. */
	void (*ready)(void);
};

/*
 * Runs the builder with our standard output and error, and moves its outputs to realStoreDir, where Nix takes them
 * over. *ret_status: the builder's exit status, 128 + N for signal N.
 */
int external_build(struct arena *a, const struct external_request *q, int *ret_status, struct err *e);
