/*
 * The root file system of a bundle: every mount point, the store's symbolic links, /bin/sh and the few files of /etc
 * that programs look for. No runtime has to create anything in it.
 */
#pragma once

#include "bundle/recipe.h"

/* Empty folders of the bundle; -1 for what the recipe has no use for. */
struct skeleton_folders {
	int rootfs;
	int writable;  /* of places that have no source */
	int build;     /* of a derivation: the build directory, */
	int store;     /* and where its outputs appear beside its inputs */
};

/* Fills them with all that the recipe needs there. */
int skeleton_fill(struct arena *a, const struct recipe *r, const struct skeleton_folders *f, struct err *e);
