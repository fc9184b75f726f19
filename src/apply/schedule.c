/* Why: see plan/schedule.c. A refusal is told in the words of the config, with what it takes. */
#include "sys/schedule.h"

#include "apply/apply.h"

int apply_cpu_affinity(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_cpu_affinity(op->cpus->cpus, PLAN_CPUS / 64);

	(void)ctx;
	if (r == -EINVAL)
		return err_sys(e, EINVAL, "run on the processors \"%s\" (none of them is there and allowed)",
			       op->cpus->list);
	return r < 0 ? err_sys(e, -r, "run on the processors \"%s\"", op->cpus->list) : 0;
}

int apply_scheduler(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_scheduler *s = &op->scheduler;
	const char *name = oci_scheduler_policy_name(s->config->policy);
	int r = sys_set_scheduler(ctx->target, &(struct sys_scheduler){
		.policy = s->policy, .flags = s->flags, .nice = s->nice, .priority = s->priority,
		.runtime = s->runtime, .deadline = s->deadline, .period = s->period,
	});

	if (r == -EPERM)
		return err_sys(e, EPERM, "set the policy %s (a policy or nice value that is better than the caller's "
			       "own needs CAP_SYS_NICE on the host)", name);
	if (r == -EINVAL)
		return err_sys(e, EINVAL, "set the policy %s (this kernel does not have the policy or a flag, or a "
			       "number is out of its range)", name);
	if (r == -EBUSY)
		return err_sys(e, EBUSY, "set the policy %s (the processors have not that much time to promise)", name);
	return r < 0 ? err_sys(e, -r, "set the policy %s", name) : 0;
}

int apply_io_priority(struct apply *ctx, const struct op *op, struct err *e)
{
	const char *name = oci_io_priority_class_name(op->io_priority.class);
	int r = sys_set_io_priority(ctx->target, op->io_priority.class, op->io_priority.level);

	if (r == -EPERM)
		return err_sys(e, EPERM, "set the class %s (real time needs CAP_SYS_ADMIN or CAP_SYS_NICE on the "
			       "host)", name);
	return r < 0 ? err_sys(e, -r, "set the class %s, priority %u", name, op->io_priority.level) : 0;
}

int apply_memory_policy(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_memory_policy *m = op->memory_policy;
	const char *name = oci_memory_policy_mode_name(m->config->mode);
	int r = sys_set_memory_policy(m->mode, m->nodes, m->has_nodes ? PLAN_NODES / 64 : 0);

	(void)ctx;
	if (r == -ENOSYS)
		return err_sys(e, ENOSYS, "set %s (this kernel is built without NUMA)", name);
	if (r == -EINVAL)
		return err_sys(e, EINVAL, "set %s (this kernel does not have the mode or a flag, or no node of %s is "
			       "there and allowed)",
			       name, m->config->nodes ? m->config->nodes : "the list");
	return r < 0 ? err_sys(e, -r, "set %s", name) : 0;
}
