/* Why: the C library has none of these calls, and its <sched.h> and the kernel's own headers exclude each other. */
#include "sys/schedule.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "sys/result.h"

enum { WHO_PROCESS = 1, CLASS_SHIFT = 13 };

int sys_set_scheduler(pid_t pid, const struct sys_scheduler *s)
{
	/* struct sched_attr; zero utilisation clamps are what it means to ask for them and give none. */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
		uint32_t util_min, util_max;
	} attr = {
		.size = sizeof attr, .policy = s->policy, .flags = s->flags, .nice = s->nice, .priority = s->priority,
		.runtime = s->runtime, .deadline = s->deadline, .period = s->period,
	};

	return sys_result(syscall(SYS_sched_setattr, pid, &attr, 0));
}

int sys_set_io_priority(pid_t pid, unsigned class, unsigned level)
{
	return sys_result(syscall(SYS_ioprio_set, WHO_PROCESS, pid, class << CLASS_SHIFT | level));
}

int sys_set_memory_policy(int mode, const uint64_t *nodes, size_t words)
{
	/* The kernel takes one bit less than it is told. */
	return sys_result(syscall(SYS_set_mempolicy, mode, words ? nodes : NULL, words ? words * 64 + 1 : 0));
}

int sys_set_cpu_affinity(const uint64_t *cpus, size_t words)
{
	return sys_result(syscall(SYS_sched_setaffinity, 0, words * sizeof *cpus, cpus));
}
