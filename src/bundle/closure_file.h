/* Files of the closure as a program inside the container would find them. */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "store/location.h"
#include "store/path.h"

/*
 * Follows an absolute path of the container below the store directory to what it finally names, through symbolic links
 * but never out of the closure. *ret_path (may be NULL) is the final path as the container sees it, *ret its status.
 * -ENOENT: there is no such file, or a link on the way leads out of the closure.
 */
int closure_file_stat(struct arena *a, const struct store *s, const struct store_paths *closure, const char *path,
		      struct stat *ret, char **ret_path, struct err *e);

/* True if the path names a regular file that may be executed. */
bool closure_file_is_program(struct arena *a, const struct store *s, const struct store_paths *closure,
			     const char *path);
