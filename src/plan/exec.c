/*
 * Why: `exec` is a shorter plan. One process, born in the container's cgroup, enters its namespaces and runs the START
 * operations, the same as those of `create`.
 *
 * What is dangerous about it is that the container may be hostile by now. Whoever is root in it, or has CAP_SYS_PTRACE
 * there, waits for a process to appear that still has the runtime's rights or descriptors (CVE-2016-9962,
 * CVE-2019-5736). Entering a pid namespace only counts for children, so the process stays out of the container's
 * sight until OP_FORK. Before that it gives up everything: its child, the first that can be seen, has the rights of the
 * config and nothing of the host. Without no_new_privs the filter is in force by then, and must allow clone(2).
 */
#include <sched.h>

#include "plan/build.h"

static int check_scheduler(const struct build *b, struct err *e)
{
	const struct oci_scheduler *s = b->spec->process ? b->spec->process->scheduler : NULL;

	if (!s || !(b->joined_ns & CLONE_NEWPID))
		return 0;
	/* sched(7): the one cannot fork, and children do not inherit the other. */
	if (s->policy == OCI_SCHEDULER_POLICY_SCHED_DEADLINE)
		return err_set(e, ENOTSUP,
			       "process.scheduler.policy: exec cannot give SCHED_DEADLINE to a process in a pid "
			       "namespace: use another policy");
	for (size_t i = 0; i < s->flags_len; i++)
		if (s->flags[i] == OCI_SCHEDULER_FLAG_SCHED_FLAG_RESET_ON_FORK)
			return err_set(e, ENOTSUP,
				       "process.scheduler.flags[%zu]: exec cannot set SCHED_FLAG_RESET_ON_FORK for a "
				       "process in a pid namespace: leave it out",
				       i);
	return 0;
}

static int plan_enter(struct build *b, struct err *e)
{
	const struct oci_process *process = b->spec->process;
	struct plan *p = b->plan;
	int r = plan_cpu_affinity(b, e);

	if (r == 0)
		r = plan_rdt_join(b, e);
	if (r < 0)
		return r;
	/* As with the priorities: only outside do we have the caller's rights. */
	if (process->has_oom_score_adj)
		plan_add(p, STAGE_OUTER, OP_OOM_SCORE, "process.oomScoreAdj")->oom_score = (int)process->oom_score_adj;
	plan_add(p, STAGE_OUTER, OP_ENTER, NULL)->enter = b->facts->entered;
	if ((b->facts->entered & CLONE_NEWUSER) && b->facts->root_mapped)
		plan_add(p, STAGE_OUTER, OP_SET_IDS, NULL)->set_ids = (struct op_set_ids){ 0, 0 };
	if (b->options->new_keyring) {
		plan_key_label(b, STAGE_OUTER);
		plan_add(p, STAGE_OUTER, OP_KEYRING, NULL)->text = plan_text(p, "_ses.%s", b->options->id);
	}
	if (process->terminal)
		plan_add(p, STAGE_OUTER, OP_CONSOLE, "process.terminal")->console = (struct op_console){
			.rows = process->console_size ? (unsigned)process->console_size->height : 0,
			.columns = process->console_size ? (unsigned)process->console_size->width : 0,
			.uid = process->user ? process->user->uid : 0,
			.session_later = true,
		};
	plan_labels(b, STAGE_OUTER);
	return 0;
}

int plan_build_exec(struct arena *a, const struct oci_spec *spec, const struct plan_facts *facts,
		    const struct plan_options *options, struct plan *ret, struct err *e)
{
	struct build b = {
		.plan = ret, .spec = spec, .facts = facts, .options = options,
		.joined_ns = facts->entered, .setgroups_denied = facts->setgroups_denied, .exec = true,
	};
	int r;

	*ret = (struct plan){ .arena = a, .exec = true };
	r = check_scheduler(&b, e);
	if (r == 0)
		r = plan_check_labels(&b, e);
	if (r == 0)
		r = plan_seccomp(&b, e);
	if (r == 0)
		r = plan_process(&b, e);
	if (r == 0)
		r = plan_enter(&b, e);
	if (r == 0 && (ret->failed || arena_failed(a)))
		r = err_oom(e);
	return r;
}
