/*
 * Why: the specification speaks of memory as version 1 of cgroups does, where the limit for swap is one for memory and
 * swap together. Version 2 has one for each.
 */
#include <inttypes.h>

#include "plan/resources.h"

/* "max" is what a cgroup has where nobody has said anything. */
static void add(struct limits *l, const char *where, const char *file, int64_t bytes)
{
	if (bytes < 0)
		limit_add(l, where, file, "max")->if_there = true;
	else
		limit_add(l, where, file, "%" PRId64, bytes);
}

static int add_swap(struct limits *l, const struct oci_memory *all, struct err *e)
{
	/* Without a limit for memory, and none for both, there is none. */
	if (all->swap < 0 || (all->swap == 0 && all->limit < 0))
		add(l, "memory.swap", "memory.swap.max", -1);
	else if (all->swap > 0 && all->limit < 0)
		add(l, "memory.swap", "memory.swap.max", all->swap);
	else if (all->swap > 0 && all->limit == 0)
		return err_set(e, EINVAL,
			       "memory.swap: is a limit for memory and swap together, so it needs "
			       "memory.limit");
	else if (all->swap > 0 && all->swap < all->limit)
		return err_set(e, EINVAL,
			       "memory.swap: %" PRId64 " is a limit for memory and swap together, and less "
			       "than memory.limit, which is %" PRId64,
			       all->swap, all->limit);
	else if (all->swap > 0)
		add(l, "memory.swap", "memory.swap.max", all->swap - all->limit);
	return 0;
}

static int refuse(const struct oci_memory *m, struct err *e)
{
	if (m->kernel > 0 || m->kernel_tcp > 0)
		return err_set(e, ENOTSUP,
			       "memory.%s: cgroup version 2 has no limit for kernel memory alone: "
			       "memory.limit includes it",
			       m->kernel > 0 ? "kernel" : "kernelTCP");
	if (m->has_swappiness)
		return err_set(e, ENOTSUP,
			       "memory.swappiness: cgroup version 2 has none: memory.swap limits swap, and "
			       "equal to memory.limit forbids it");
	if (m->disable_oom_killer)
		return err_set(e, ENOTSUP,
			       "memory.disableOOMKiller: cgroup version 2 cannot switch it off: "
			       "process.oomScoreAdj keeps it from a process");
	return 0;
}

int limit_memory(struct limits *l, struct err *e)
{
	const struct oci_memory *asked = l->asked->memory, *all = l->all->memory;
	int r = asked ? refuse(asked, e) : 0;

	if (!asked || r < 0)
		return r;
	/* Swap first: what a lower limit for memory drives out is held to the new one at once. */
	if (asked->limit || asked->swap)
		r = add_swap(l, all, e);
	if (asked->limit)
		add(l, "memory.limit", "memory.max", all->limit);
	if (asked->reservation)
		add(l, "memory.reservation", "memory.low", all->reservation);
	if (all->check_before_update && (asked->limit > 0 || asked->swap > 0))
		l->fits = (uint64_t)(all->limit > 0 ? all->limit : all->swap);
	return r;
}
