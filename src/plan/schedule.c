/*
 * Why: what share of processors, disks and memory nodes the process gets: config.md "scheduler" and "ioPriority",
 * config-linux.md "Memory policy".
 *
 * To be better than the caller needs CAP_SYS_NICE on the host, whatever user namespace the process is in. So where the
 * runtime has that and the container's process has not, the runtime does it.
 */
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "plan/build.h"

static uint64_t scheduler_flag(enum oci_scheduler_flag flag)
{
	static const uint64_t flags[] = {
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_RESET_ON_FORK] = SCHED_FLAG_RESET_ON_FORK,
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_RECLAIM] = SCHED_FLAG_RECLAIM,
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_DL_OVERRUN] = SCHED_FLAG_DL_OVERRUN,
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_KEEP_POLICY] = SCHED_FLAG_KEEP_POLICY,
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_KEEP_PARAMS] = SCHED_FLAG_KEEP_PARAMS,
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_UTIL_CLAMP_MIN] = SCHED_FLAG_UTIL_CLAMP_MIN,
		[OCI_SCHEDULER_FLAG_SCHED_FLAG_UTIL_CLAMP_MAX] = SCHED_FLAG_UTIL_CLAMP_MAX,
	};

	return flags[flag];
}

static uint32_t scheduler_policy(enum oci_scheduler_policy policy)
{
	static const uint32_t policies[] = {
		[OCI_SCHEDULER_POLICY_SCHED_OTHER] = SCHED_NORMAL,
		[OCI_SCHEDULER_POLICY_SCHED_FIFO] = SCHED_FIFO,
		[OCI_SCHEDULER_POLICY_SCHED_RR] = SCHED_RR,
		[OCI_SCHEDULER_POLICY_SCHED_BATCH] = SCHED_BATCH,
		/* Reserved in the kernel's list and known to none: it says so itself. */
		[OCI_SCHEDULER_POLICY_SCHED_ISO] = 4,
		[OCI_SCHEDULER_POLICY_SCHED_IDLE] = SCHED_IDLE,
		[OCI_SCHEDULER_POLICY_SCHED_DEADLINE] = SCHED_DEADLINE,
	};

	return policies[policy];
}

static void add_scheduler(struct build *b, enum plan_stage stage, const struct oci_scheduler *s)
{
	struct op_scheduler op = {
		.config = s, .policy = scheduler_policy(s->policy), .nice = s->nice, .priority = (uint32_t)s->priority,
		.runtime = s->runtime, .deadline = s->deadline, .period = s->period,
	};

	for (size_t i = 0; i < s->flags_len; i++)
		op.flags |= scheduler_flag(s->flags[i]);
	plan_add(b->plan, stage, OP_SCHEDULER, "process.scheduler")->scheduler = op;
}

/* "0-3,7" as bits, of which there are so many. The count of numbers, -EINVAL, or -ERANGE for one that is too high. */
static int parse_list(const char *list, uint64_t *bits, unsigned long count)
{
	int found = 0;


	for (const char *p = list; *p;) {
		char *end;
		unsigned long first, last;

		p += strspn(p, ", ");
		if (!*p)
			break;
		if (*p < '0' || *p > '9')
			return -EINVAL;
		first = last = strtoul(p, &end, 10);
		if (*end == '-') {
			p = end + 1;
			if (*p < '0' || *p > '9')
				return -EINVAL;
			last = strtoul(p, &end, 10);
		}
		if (last < first || (*end && *end != ',' && *end != ' '))
			return -EINVAL;
		if (last >= count)
			return -ERANGE;
		for (; first <= last; first++, found++)
			bits[first / 64] |= UINT64_C(1) << first % 64;
		p = end;
	}
	return found;
}

static int memory_mode(enum oci_memory_policy_mode mode)
{
	switch (mode) {
	case OCI_MEMORY_POLICY_MODE_MPOL_BIND:
		return MPOL_BIND;
	case OCI_MEMORY_POLICY_MODE_MPOL_INTERLEAVE:
		return MPOL_INTERLEAVE;
	case OCI_MEMORY_POLICY_MODE_MPOL_WEIGHTED_INTERLEAVE:
		/* Since Linux 6.9, and so not in every header. */
		return 6;
	case OCI_MEMORY_POLICY_MODE_MPOL_PREFERRED:
		return MPOL_PREFERRED;
	case OCI_MEMORY_POLICY_MODE_MPOL_PREFERRED_MANY:
		return MPOL_PREFERRED_MANY;
	case OCI_MEMORY_POLICY_MODE_MPOL_LOCAL:
		return MPOL_LOCAL;
	case OCI_MEMORY_POLICY_MODE_MPOL_DEFAULT:
	case OCI_MEMORY_POLICY_MODE_UNSET:
		break;
	}
	return MPOL_DEFAULT;
}

static int memory_flag(enum oci_memory_policy_flag flag)
{
	return flag == OCI_MEMORY_POLICY_FLAG_MPOL_F_STATIC_NODES ? MPOL_F_STATIC_NODES
		: flag == OCI_MEMORY_POLICY_FLAG_MPOL_F_RELATIVE_NODES ? MPOL_F_RELATIVE_NODES : MPOL_F_NUMA_BALANCING;
}

int plan_memory_policy(struct build *b, struct err *e)
{
	const struct oci_memory_policy *m = b->spec->linux ? b->spec->linux->memory_policy : NULL;
	struct op_memory_policy *op;
	bool without, with;
	int r;

	if (!m)
		return 0;
	op = arena_alloc(b->plan->arena, sizeof *op);
	if (!op)
		return err_oom(e);
	op->config = m;
	op->mode = memory_mode(m->mode);
	without = op->mode == MPOL_DEFAULT || op->mode == MPOL_LOCAL;
	with = !without && op->mode != MPOL_PREFERRED;
	for (size_t i = 0; i < m->flags_len; i++)
		op->mode |= memory_flag(m->flags[i]);
	r = parse_list(m->nodes ? m->nodes : "", op->nodes, PLAN_NODES);
	op->has_nodes = r > 0;
	if (r == -ERANGE)
		return err_set(e, EINVAL, "linux.memoryPolicy.nodes: \"%s\" names a node above %d", m->nodes,
			       PLAN_NODES - 1);
	if (r < 0)
		return err_set(e, EINVAL, "linux.memoryPolicy.nodes: \"%s\" is not a list like 0-3,7", m->nodes);
	if (without && op->has_nodes)
		return err_set(e, EINVAL, "linux.memoryPolicy.nodes: %s takes no nodes",
			       oci_memory_policy_mode_name(m->mode));
	if (with && !op->has_nodes)
		return err_set(e, EINVAL, "linux.memoryPolicy.nodes: is missing or empty, but %s needs a node",
			       oci_memory_policy_mode_name(m->mode));
	plan_add(b->plan, STAGE_START, OP_MEMORY_POLICY, "linux.memoryPolicy")->memory_policy = op;
	return 0;
}

void plan_priorities(struct build *b)
{
	const struct oci_process *process = b->spec->process;
	bool by_runtime = b->facts->privileged && ((b->new_ns | b->joined_ns) & CLONE_NEWUSER);
	/* `exec` does it before it enters anything. */
	enum plan_stage stage = b->exec ? STAGE_OUTER : by_runtime ? STAGE_READY : STAGE_START;

	if (process->io_priority) {
		struct op *op = plan_add(b->plan, stage, OP_IO_PRIORITY, "process.ioPriority");

		/* The classes stand in the kernel's order, whose 0 is "none", too. */
		op->io_priority.class = process->io_priority->class;
		op->io_priority.level = (unsigned)process->io_priority->priority;
	}
	if (process->scheduler)
		add_scheduler(b, stage, process->scheduler);
}

static int add_cpus(struct build *b, enum plan_stage stage, const char *where, const char *list, struct err *e)
{
	struct op_cpu_affinity *op = arena_alloc(b->plan->arena, sizeof *op);
	int r;

	if (!op)
		return err_oom(e);
	op->list = list;
	r = parse_list(list, op->cpus, PLAN_CPUS);
	if (r == -ERANGE)
		return err_set(e, EINVAL, "%s: \"%s\" names a processor above %d", where, list, PLAN_CPUS - 1);
	if (r < 0)
		return err_set(e, EINVAL, "%s: \"%s\" is not a list like 0-3,7", where, list);
	if (r == 0)
		memset(op->cpus, 0xff, sizeof op->cpus);
	plan_add(b->plan, stage, OP_CPU_AFFINITY, where)->cpus = op;
	return 0;
}

/*
 * config.md "execCPUAffinity": where the runtime's process runs until it is in the container's cgroup, and then.
 * Without the second the first must not last: the default is what the cgroup allows.
 */
int plan_cpu_affinity(struct build *b, struct err *e)
{
	const struct oci_exec_cpu_affinity *cpus = b->spec->process ? b->spec->process->exec_cpu_affinity : NULL;
	bool initial = cpus && cpus->initial && *cpus->initial, final = cpus && cpus->final && *cpus->final;
	int r = 0;

	if (initial)
		r = add_cpus(b, STAGE_RUNTIME, "process.execCPUAffinity.initial", cpus->initial, e);
	if (r == 0 && (initial || final))
		r = add_cpus(b, STAGE_OUTER, "process.execCPUAffinity.final", final ? cpus->final : "", e);
	return r;
}
