/* What runs when a bundle's container is created: the helper that connects its network namespace. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/*
 * Reads the state of the container (OCI runtime.md, "State") from standard input. helper: "pasta" or "slirp4netns";
 * program: its absolute path. Returns when the network is there; the helper lives as long as the container.
 */
int network_hook_run(struct arena *a, const char *helper, const char *program, struct err *e);
