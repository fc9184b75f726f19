/* Which paths are there already: in the store that has the inputs, and in the target. */
#pragma once

#include "build/checks.h"
#include "build/target.h"

struct build_known {
	const struct store *from;
	struct database *from_db, *target_db;
};

/* A store without a database has no paths. End with build_known_close. */
int build_known_open(const struct store *from, const struct store *target, struct build_known *ret, struct err *e);
void build_known_close(struct build_known *k);
/* -EAGAIN: a database was changed meanwhile in a way that what was read may be mixed. */
int build_known_check(struct build_known *k, struct err *e);

/* 1: the path is valid; 0: it is not; negative: an error. */
int build_known_in_target(struct build_known *k, const char *path, struct err *e);
int build_known_anywhere(struct build_known *k, const char *path, struct err *e);

/* struct build_lookup over a struct build_known. */
int build_known_info(void *known, struct arena *a, const char *path, struct store_path_info *ret, struct err *e);
