/* Keeping the build directory of a build that failed. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/*
 * Moves dirfd/name, a build directory, to TMP/cloister-build-NAME.drv-N, the first N that is free: 0700, without
 * set-user-id and set-group-id bits anywhere, in one rename. Both are in one file system. *ret is the new absolute
 * path.
 */
int build_keep(struct arena *a, int dirfd, const char *name, const char *tmp, const char *drv_name, char **ret,
	       struct err *e);
