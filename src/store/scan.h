/*
 * References found by looking: a path refers to another if the other's 32-character hash occurs in its files' contents,
 * its symbolic links' targets or its entries' names. That is how Nix and Guix themselves find references after a build,
 * but they then record them; a scan is for a store that has lost, or never had, its database.
 */
#pragma once

#include "store/location.h"
#include "store/path.h"

struct scan;

/* Takes every path now in the store as a candidate. The result lives in the arena. */
int scan_open(struct arena *a, const struct store *s, struct scan **ret, struct err *e);

/* Appends the references of a path, each once. Nothing is followed out of the path. */
int scan_references(struct scan *scan, struct arena *a, const char *path, struct store_paths *ret, struct err *e);
