/* Removing a bundle that could not be finished. */
#pragma once

/* Removes dirfd/name and all below it, never following a link. What cannot be removed stays. */
void remove_tree(int dirfd, const char *name);
