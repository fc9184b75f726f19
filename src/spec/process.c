/* Why: config.md, Process: the rules about the process, which `create` and `exec` share. */
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

#include "base/log.h"
#include "spec/check.h"
#include "spec/validate.h"
#include "spec/rlimit.h"

static int check_env(const struct oci_process *p, struct err *e)
{
	for (size_t i = 0; i < p->env_len; i++) {
		const char *equals = strchr(p->env[i], '=');

		/* The value stays out of messages: it may be a secret. */
		if (!equals)
			return err_set(e, EINVAL, "env[%zu]: has no '='", i);
		if (equals == p->env[i])
			return err_set(e, EINVAL, "env[%zu]: has no name before '='", i);
	}
	return 0;
}

static int check_rlimits(const struct oci_process *p, struct err *e)
{
	unsigned seen = 0;

	for (size_t i = 0; i < p->rlimits_len; i++) {
		const struct oci_rlimit *limit = &p->rlimits[i];
		int resource = spec_rlimit_number(limit->type);

		if (resource < 0)
			return err_set(e, EINVAL, "rlimits[%zu].type: unknown limit \"%s\"", i, limit->type);
		if (seen & 1U << resource)
			return err_set(e, EINVAL, "rlimits[%zu].type: %s is there twice", i, limit->type);
		seen |= 1U << resource;
		if (limit->soft > limit->hard)
			return err_set(e, EINVAL, "rlimits[%zu].soft: %llu is more than the hard limit of %llu", i,
				       (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	}
	return 0;
}

static void warn_unknown(const char *set, char *const *names, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		cap_value_t value;

		if (strncmp(names[i], "CAP_", 4) != 0 || cap_from_name(names[i], &value) < 0)
			log_warning("process.capabilities.%s[%zu]: unknown capability \"%.64s\", ignored", set, i,
				    names[i]);
	}
}

/* An unknown capability cannot be granted: config.md wants a warning, not an error. */
static void check_capabilities(const struct oci_capabilities *c)
{
	if (!c)
		return;
	warn_unknown("bounding", c->bounding, c->bounding_len);
	warn_unknown("effective", c->effective, c->effective_len);
	warn_unknown("inheritable", c->inheritable, c->inheritable_len);
	warn_unknown("permitted", c->permitted, c->permitted_len);
	warn_unknown("ambient", c->ambient, c->ambient_len);
}

/* sched(7): which numbers belong to which policy. */
static int check_scheduler(const struct oci_scheduler *s, struct err *e)
{
	bool deadline, realtime;

	if (!s)
		return 0;
	deadline = s->policy == OCI_SCHEDULER_POLICY_SCHED_DEADLINE;
	realtime = s->policy == OCI_SCHEDULER_POLICY_SCHED_FIFO || s->policy == OCI_SCHEDULER_POLICY_SCHED_RR;
	if (s->nice < -20 || s->nice > 19)
		return err_set(e, EINVAL, "scheduler.nice: %d is out of range, which is -20 to 19", s->nice);
	if (s->priority != 0 && !realtime)
		return err_set(e, EINVAL, "scheduler.priority: is only for SCHED_FIFO and SCHED_RR, not for %s",
			       oci_scheduler_policy_name(s->policy));
	if ((s->runtime || s->deadline || s->period) && !deadline)
		return err_set(e, EINVAL,
			       "scheduler: runtime, deadline and period are only for SCHED_DEADLINE, not for %s",
			       oci_scheduler_policy_name(s->policy));
	return 0;
}

static int check_priorities(const struct oci_process *p, struct err *e)
{
	const struct oci_io_priority *io = p->io_priority;
	const struct oci_exec_cpu_affinity *cpus = p->exec_cpu_affinity;

	if (p->oom_score_adj < -1000 || p->oom_score_adj > 1000)
		return err_set(e, EINVAL, "oomScoreAdj: %d is out of range, which is -1000 to 1000", p->oom_score_adj);
	if (io && (io->priority < 0 || io->priority > 7))
		return err_set(e, EINVAL, "ioPriority.priority: %d is out of range, which is 0 to 7", io->priority);
	if (cpus && (check_list(cpus->initial, "initial", e) < 0 || check_list(cpus->final, "final", e) < 0))
		return spec_err_in(e, "execCPUAffinity");
	return check_scheduler(p->scheduler, e);
}

static int check_terminal(const struct oci_process *p, struct err *e)
{
	const struct oci_box *size = p->console_size;

	/* config.md: ignored where there is no terminal */
	if (p->terminal && size && (size->height > UINT16_MAX || size->width > UINT16_MAX))
		return err_set(e, EINVAL, "consoleSize: %llu x %llu is more than a terminal can have",
			       (unsigned long long)size->width, (unsigned long long)size->height);
	return 0;
}

int spec_validate_process(const struct oci_process *p, struct err *e)
{
	int r;

	if (p->cwd[0] != '/')
		return err_set(e, EINVAL, "cwd: \"%s\" is not an absolute path", p->cwd);
	if (p->args_len == 0)
		return err_set(e, EINVAL, "args: is missing or empty, but the program must be named");
	if (p->user && p->user->umask > 0777)
		return err_set(e, EINVAL, "user.umask: %u is more than 511, which is 0777", p->user->umask);
	r = check_terminal(p, e);
	if (r == 0)
		r = check_env(p, e);
	if (r == 0)
		r = check_rlimits(p, e);
	if (r == 0)
		r = check_priorities(p, e);
	check_capabilities(p->capabilities);
	return r;
}
