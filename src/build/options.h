/* What a person wants of a build, beside which. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/location.h"

struct build_target;

struct build_options {
	const struct store *from;       /* has the derivations and the inputs; the target is above it */
	struct build_target *target;
	const char *cloister;           /* the runtime: an absolute path */
	const char *tmp;                /* where build directories are made */
	const char *log_dir;            /* NULL: where the store's own tools look */
	unsigned jobs;                  /* builds at once, at least one */
	unsigned cores;                 /* NIX_BUILD_CORES; 0: as many as there are */
	unsigned timeout, max_silent;   /* seconds; 0: none */
	uint64_t max_log;               /* bytes; 0: no limit */
	bool check;                     /* build what is there again, and compare */
	bool keep_failed, keep_going;
	/* of the sandbox */
	const char *bin_sh, *network;
	const char *const *sandbox_paths;
	size_t sandbox_paths_len;
	const char *const *features;
	size_t features_len;
};
