/*
 * GC roots: what keeps the garbage collector away from a closure while a bundle names it.
 *
 * An indirect root is a symbolic link of ours (bundle/gcroot -> store path) that the store's gcroots/auto folder points
 * back to. When the bundle is removed, the back link dangles and the collector forgets it: nothing has to be undone.
 */
#pragma once

#include "store/location.h"

/*
 * Registers `link`, an absolute path of a symbolic link to a store path, as an indirect root: by the store's daemon if
 * one listens, else by writing to the state directory. Fails with one line that says why when neither can be done.
 */
int gcroot_register(const struct store *s, const char *link, struct err *e);
