/* Environment, user, working directory and host name of a recipe. */
#pragma once

#include "bundle/request.h"

/*
 * Sets env, uid, gid, cwd and hostname. The environment is PATH (the roots' bin folders), HOME=/, TMPDIR=/tmp, TERM
 * with a terminal, then the request's own, which replaces what has the same name.
 */
int process_set(struct arena *a, const struct path_request *q, struct recipe *r, struct err *e);
