/*
 * The root file system of a bundle: every mount point, the store's symbolic links, /bin/sh and the few files of /etc
 * that programs look for. No runtime has to create anything in it.
 */
#pragma once

#include "bundle/recipe.h"

/* Fills the empty folder rootfs, and the folder `writable` with what recipe places need there. */
int skeleton_fill(struct arena *a, const struct recipe *r, int rootfs, int writable, struct err *e);
