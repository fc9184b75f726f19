/* Why: config-linux.md, "CPU". Shares are those of version 1; version 2 has weights, in another scale. */
#include <inttypes.h>
#include <math.h>

#include "plan/resources.h"

/* cgroup-v2.rst: the period that cpu.max has where none is said, in microseconds. */
#define PERIOD_DEFAULT 100000
/* The weight of all others, which is what those have that nobody weighs: containerd always asks for it. */
#define WEIGHT_DEFAULT 100

/*
 * 2 to 262144 becomes 1 to 10000, and the default of 1024 the default of 100: the parabola over the logarithms that
 * goes through these three, as runc and crun have it.
 */
uint64_t cpu_weight(uint64_t shares)
{
	double l;

	if (shares == 0)
		return 0;
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612 - 7.0 / 34));
}

/* Of an idle cgroup the kernel takes no weight; and after idleness it has to be told the old one. */
static int add_weight(struct limits *l, const struct oci_cpu *asked, const struct oci_cpu *all, struct err *e)
{
	if (asked->shares && all->idle)
		return err_set(e, EINVAL, "cpu.shares: cpu.idle gives it the least weight there is: set one of them");
	if (asked->has_idle)
		limit_add(l, "cpu.idle", "cpu.idle", "%" PRId64, asked->idle)->if_there = asked->idle == 0;
	if (all->shares && !all->idle && (asked->shares || asked->has_idle))
		limit_add(l, "cpu.shares", "cpu.weight", "%" PRIu64, cpu_weight(all->shares))->if_there =
			cpu_weight(all->shares) == WEIGHT_DEFAULT;
	return 0;
}

static void add_max(struct limits *l, const struct oci_cpu *all)
{
	const char *where = all->quota > 0 ? "cpu.quota" : "cpu.period";
	uint64_t period = all->period ? all->period : PERIOD_DEFAULT;

	if (all->quota > 0)
		limit_add(l, where, "cpu.max", "%" PRId64 " %" PRIu64, all->quota, period);
	else
		limit_add(l, where, "cpu.max", "max %" PRIu64, period)->if_there = true;
}

/* A burst may never be more than the quota, so while both change there is none. */
static int add_bandwidth(struct limits *l, const struct oci_cpu *asked, const struct oci_cpu *all, struct err *e)
{
	bool max = asked->quota || asked->period;

	if (all->quota > 0 && all->burst > (uint64_t)all->quota)
		return err_set(e, EINVAL, "cpu.burst: %" PRIu64 " is more than cpu.quota, which is %" PRId64,
			       all->burst, all->quota);
	if (l->update && asked->has_burst && max)
		limit_add(l, "cpu.burst", "cpu.max.burst", "0")->if_there = true;
	if (max)
		add_max(l, all);
	if (asked->has_burst)
		limit_add(l, "cpu.burst", "cpu.max.burst", "%" PRIu64, all->burst)->if_there = all->burst == 0;
	return 0;
}

int limit_cpu(struct limits *l, struct err *e)
{
	const struct oci_cpu *asked = l->asked->cpu, *all = l->all->cpu;
	int r;

	if (!asked)
		return 0;
	if (asked->realtime_runtime > 0 || asked->realtime_period)
		return err_set(e, ENOTSUP,
			       "cpu.%s: cgroup version 2 does not limit realtime processes: "
			       "process.scheduler and RLIMIT_RTTIME do",
			       asked->realtime_runtime > 0 ? "realtimeRuntime" : "realtimePeriod");
	r = add_weight(l, asked, all, e);
	if (r == 0)
		r = add_bandwidth(l, asked, all, e);
	if (asked->cpus && *asked->cpus)
		limit_add(l, "cpu.cpus", "cpuset.cpus", "%s", asked->cpus);
	if (asked->mems && *asked->mems)
		limit_add(l, "cpu.mems", "cpuset.mems", "%s", asked->mems);
	return r;
}
