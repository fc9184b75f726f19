/*
 * The lock on a store path in the making, as Nix and Guix take it: PATH.lock beside it, held with flock(2). So two of
 * us, or one of us and Nix, never make the same path at once.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct path_lock {
	int fd;            /* -1: not held */
	const char *file;  /* physical */
};

/* path: physical. -EAGAIN without a message: somebody else holds it. The lock lives as long as the arena. */
int path_lock_try(struct arena *a, const char *path, struct path_lock *ret, struct err *e);
/* Gives it up and removes the file. */
void path_lock_release(struct path_lock *l);
