/*
 * Controllers are handed down: a cgroup has those that its parent's cgroup.subtree_control names. cgroup-v2.rst,
 * "Controlling Controllers".
 */
#pragma once

#include "base/err.h"

/*
 * Sees to it that the cgroup has the controllers of a list ("cpu memory"), by asking each of its parents for them. fd:
 * its descriptor. The message names the controller, the parent, and who can help.
 */
int controllers_enable(const char *path, int fd, const char *list, struct err *e);

/* The same for all there are, as far as the caller may: without them nothing is counted that nobody limits. */
void controllers_enable_all(const char *path, int fd);
