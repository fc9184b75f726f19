/*
 * How the kernel shares out its processors, disks and memory nodes: sched_setattr(2), ioprio_set(2), set_mempolicy(2).
 * 0 or -errno, without a message.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sys_scheduler {
	uint32_t policy;              /* SCHED_* of sched(7) */
	uint64_t flags;               /* SCHED_FLAG_* */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;   /* nanoseconds */
};

/* pid 0: the caller. */
int sys_set_scheduler(pid_t pid, const struct sys_scheduler *s);
/* class: 1 real time, 2 best effort, 3 idle; level: 0 to 7. */
int sys_set_io_priority(pid_t pid, unsigned class, unsigned level);

/* The processors on which the caller may run: a bit for each, `words` of 64 of them; of these the cgroup's remain. */
int sys_set_cpu_affinity(const uint64_t *cpus, size_t words);

/* Of the caller. mode with flags: MPOL_*; nodes: a bit per memory node, `words` of 64 of them. */
int sys_set_memory_policy(int mode, const uint64_t *nodes, size_t words);
