/* Removing a tree that anybody may have made: a store path, or what a builder has left. */
#pragma once

#include "base/err.h"

/*
 * Removes dirfd/name and all below it: folders without permissions too, and however deep they lie. Never follows a
 * link. 0 also if there is no such entry; else the message says what could not be removed, and that stays.
 */
int tree_remove(int dirfd, const char *name, struct err *e);
