/* From what a builder left to outputs in a store: their files, hashes and references, and whether they may stay. */
#pragma once

#include "build/checks.h"
#include "build/target.h"

struct build_collecting {
	const char *path;                  /* of the derivation */
	const struct derivation *drv;
	const struct drv_words *scratch;   /* the path of each output during the build */
	int dirfd;                         /* the folder in which the builder left them, as HASH-NAME */
	const struct store_paths *inputs;  /* that the builder could see */
	const struct json_tree *attrs;     /* structured attributes, or NULL */
	struct build_target *target;
	struct build_lookup lookup;        /* for what outputs refer to */
};

/*
 * Lands each output in the target under a passing name; ret has room for all. The builder's processes have ended.
 * -EPERM, -EINVAL, -ENOENT: an output is missing, or not as it must be, and none is left in the target.
 */
int build_collect(struct arena *a, const struct build_collecting *c, struct build_landed *ret, struct err *e);
