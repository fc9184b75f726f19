/*
 * A client for the one thing that an ordinary user needs the store's daemon for: the indirect GC root. Nix and Guix
 * speak the same protocol; the version offered here is old enough for both (worker protocol 1.18).
 */
#pragma once

#include "store/location.h"

/* -ENOENT, -ECONNREFUSED: no daemon listens. Anything else: it did not do it, and the message says why. */
int daemon_add_indirect_root(const struct store *s, const char *link, struct err *e);
