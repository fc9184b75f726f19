/*
 * From a recipe to a folder, all or nothing.
 *
 * The bundle is made in a folder beside its place, ".cloister-bundle-XXXXXX", and then renamed. Whatever goes wrong,
 * and SIGINT, SIGTERM and SIGHUP too, removes that folder; only a writer that was killed leaves one, which its name
 * tells.
 */
#pragma once

#include "bundle/recipe.h"

/*
 * Writes the bundle to `output`, which must not exist. *ret_dir is its absolute path. *ret_warning is a line for the
 * user (the closure is not protected from the garbage collector, and why), or NULL.
 */
int bundle_write(struct arena *a, const struct recipe *r, const char *output, char **ret_dir, char **ret_warning,
		 struct err *e);
