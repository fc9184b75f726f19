/* The host as plan/ wants to know it. */
#pragma once

#include "plan/plan.h"

/* Reads them from the kernel. bundle stays unset. proc_fd: /proc, checked. 0 or -errno with a message. */
int facts_read(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e);
