/* The places of a recipe: what --bind, --writable and the host's network ask for. */
#pragma once

#include "bundle/recipe.h"

/* Normal form of an absolute path of the container, in the arena; `what` is for messages. -EINVAL: it is none. */
int place_normalize(struct arena *a, const char *what, const char *path, char **ret, struct err *e);

/*
 * SRC[:DST[:ro|rw]]: DST is SRC if it is not given; read-only unless it says rw or is a device. SRC is looked at now.
 */
int place_add_bind(struct arena *a, struct recipe *r, const char *text, struct err *e);
/* A folder of the container that is writable and stays, in the bundle. */
int place_add_writable(struct arena *a, struct recipe *r, const char *destination, struct err *e);
/* What a program needs to find hosts by name on the host's network, where the host has it. */
int place_add_host_network(struct arena *a, struct recipe *r, struct err *e);

/* Sorts the places, and refuses two at one destination or one whose mount point would lack. Called last. */
int place_check_all(struct arena *a, struct recipe *r, struct err *e);

/* The place in which the place with this index lies, the innermost one; NULL: in the root file system. */
const struct recipe_place *place_around(const struct recipe *r, size_t index);
/* True if it lies in /tmp or /dev, which are empty at every start: its mount point is made then, by the runtime. */
bool place_is_in_tmpfs(const struct recipe *r, size_t index);
/*
 * True if it is read-only and lies on nothing but what is read-only: then it can be mounted before the container's own
 * mounts, where the runtime can lock it.
 */
bool place_comes_first(const struct recipe *r, size_t index);
/* True if the path is, or lies in, a place. */
bool place_covers(const struct recipe *r, const char *path);
/* True if a place has exactly this destination. */
bool place_exists(const struct recipe *r, const char *destination);
