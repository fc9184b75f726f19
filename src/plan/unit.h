/* The unit of systemd's that is the container's cgroup. */
#pragma once

#include "plan/plan.h"

/* What systemd is to be told of the limits that the plan of an `update` writes: added to unit->words. */
void plan_unit_limits(struct plan *p, struct plan_unit *unit);
