/* The host as plan/ wants to know it. */
#pragma once

#include "plan/plan.h"

/*
 * The same for `exec` into the namespaces of the process pid: without own_cgroup, but with what is only for exec.
 * -EACCES: it cannot be looked at.
 */
int facts_read_exec(struct arena *a, int proc_fd, pid_t pid, struct plan_facts *ret, struct err *e);
/* Adds which controllers there are. Apart, because without limits nobody asks. */
int facts_read_controllers(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e);
/* Reads them from the kernel. bundle stays unset. proc_fd: /proc, checked. 0 or -errno with a message. */
int facts_read(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e);
