/* What the environment of a builder depends on beside the derivation, as plain data. */
#pragma once

#include "store/path.h"

/* A path that the builder may see, and what exportReferencesGraph tells of it. */
struct drv_path {
	char *path;                    /* logical */
	struct store_paths references; /* sorted */
	struct store_paths outputs;    /* of a derivation among the inputs, those that are known */
	char *nar_hash;                /* "sha256:" and base 32 */
	unsigned long long nar_size;
	char *ca;                      /* NULL: it is not content-addressed */
};

/* What the sandbox has to be told beside the derivation. */
struct drv_machine {
	const char *path;              /* of the derivation: /nix/store/HASH-NAME.drv */
	unsigned cores;                /* NIX_BUILD_CORES */
	char *const *env;              /* NAME=VALUE of the caller, NULL-terminated: for impureEnvVars */
	const struct drv_path *paths;  /* the closure of the inputs, sorted; for exportReferencesGraph */
	size_t paths_len;
};
