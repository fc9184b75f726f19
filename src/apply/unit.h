/*
 * The unit of systemd's that is a container's cgroup, through cloister-systemd (cli/systemd.c), the program that speaks
 * to systemd for us. A unit has the description "cloister container ID (STATE ROOT)", which says whose it is.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "apply/cgroup.h"
#include "base/err.h"
#include "plan/plan.h"

struct unit {
	const char *helper;           /* the program, absolute */
	const char *name;
	bool user;                    /* of the user's manager, not the system's */
};

/*
 * Kills what is left in it, and removes it. 0 also if there is none of that name, or it is not the owner's. -ENOTCONN:
 * systemd cannot be reached.
 */
int unit_destroy(const struct unit *unit, const struct cgroup_owner *owner, struct err *e);
/* Puts a process into it, which the caller may not do by himself. */
int unit_attach(const struct unit *unit, pid_t pid, struct err *e);
/* Changes its properties. */
int unit_set(const char *helper, const struct plan_unit *unit, struct err *e);
