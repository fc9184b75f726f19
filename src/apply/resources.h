/* What `update` does to a container that lives: the operations of plan_build_update. */
#pragma once

#include "apply/apply.h"

/*
 * Runs the plan's operations on ctx->cgroup_fd. If one fails, the files that were written before get their old values
 * back; a message that says otherwise names each that did not.
 */
int resources_update(struct apply *ctx, struct err *e);
