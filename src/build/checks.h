/*
 * What a derivation demands of its outputs: allowedReferences, allowedRequisites and their opposites, maxSize and
 * maxClosureSize (Nix manual, "Advanced attributes"). Without structured attributes they hold for all outputs; with
 * them outputChecks has them by output.
 */
#pragma once

#include "derivation/options.h"
#include "store/database.h"

/* An output, by its name and what is known of it. */
struct build_output {
	const char *name;
	const struct store_path_info *info;
};

/* References and size of a path that is not among the outputs; -ENOENT: unknown. */
struct build_lookup {
	int (*info)(void *data, struct arena *a, const char *path, struct store_path_info *ret, struct err *e);
	void *data;
};

struct build_checking {
	const struct derivation *drv;
	const struct json_tree *attrs;        /* structured attributes, or NULL */
	const struct build_output *outputs;   /* all of them */
	size_t outputs_len;
	struct build_lookup lookup;
};

/* -EPERM: an output is not as it should be; the message says which and why. */
int build_checks(struct arena *a, const struct build_checking *k, struct err *e);
