/*
 * Why: config-linux.md leaves several things to say twice or not at all; here they get one meaning, that of runc
 * and crun.
 */
#include "plan/seccomp.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "plan/build.h"

/* The largest value of errno that the kernel returns from a filter, and the largest message to a tracer. */
#define ERRNO_MAX 4095
#define TRACE_MAX 0xffff

#define SYSCALL_ARGS 6

/* What a rule gives its action: errnoRet if it may have one, by default EPERM. */
static int resolve_errno(const char *where, enum oci_seccomp_action action, const uint32_t *given, uint32_t *ret,
			 struct err *e)
{
	bool takes = action == OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO || action == OCI_SECCOMP_ACTION_SCMP_ACT_TRACE;
	uint32_t max = action == OCI_SECCOMP_ACTION_SCMP_ACT_TRACE ? TRACE_MAX : ERRNO_MAX;

	*ret = 0;
	if (given && !takes)
		return err_set(e, EINVAL, "%s: %s cannot return an errno: leave it out", where,
			       oci_seccomp_action_name(action));
	if (given && *given > max)
		return err_set(e, EINVAL, "%s: errno %u is above %u", where, *given, max);
	if (takes)
		*ret = given ? *given : EPERM;
	return 0;
}

unsigned plan_seccomp_flag(enum oci_seccomp_flag flag)
{
	switch (flag) {
	case OCI_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_TSYNC:
		return SECCOMP_FILTER_FLAG_TSYNC;
	case OCI_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_LOG:
		return SECCOMP_FILTER_FLAG_LOG;
	case OCI_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_SPEC_ALLOW:
		return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	case OCI_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV:
		return SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	case OCI_SECCOMP_FLAG_UNSET:
		break;
	}
	return 0;
}

static bool notifies(const struct plan_seccomp *filter)
{
	if (filter->default_action == OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY)
		return true;
	for (size_t i = 0; i < filter->rules_len; i++)
		if (filter->rules[i].action == OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY)
			return true;
	return false;
}

/*
 * Which questions can be killed means nothing where none is asked. And where one is, the kernel does not take TSYNC,
 * which means nothing either: the process has one thread.
 */
static void resolve_flags(const struct oci_seccomp *config, struct plan_seccomp *filter)
{
	for (size_t i = 0; i < config->flags_len; i++)
		filter->flags |= plan_seccomp_flag(config->flags[i]);
	filter->flags &= ~(unsigned)(filter->notify ? SECCOMP_FILTER_FLAG_TSYNC
		: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
}

/* config-linux.md: without SCMP_ACT_NOTIFY the listener's properties are ignored. */
static int plan_listener(struct build *b, const struct oci_seccomp *config, struct plan_seccomp *filter, struct err *e)
{
	struct op *op;

	filter->notify = notifies(filter);
	if (!filter->notify)
		return 0;
	if (!config->listener_path || !*config->listener_path)
		return err_set(e, EINVAL, "linux.seccomp.listenerPath: is missing, but SCMP_ACT_NOTIFY needs "
			       "somebody who answers");
	filter->metadata = config->listener_metadata;
	op = plan_add(b->plan, STAGE_RUNTIME, OP_SECCOMP_LISTENER, "linux.seccomp.listenerPath");
	op->text = config->listener_path;
	return 0;
}

static bool is_syscall_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return len > 0 && name[len] == 0;
}

struct rules {
	struct build *build;
	struct plan_seccomp *filter;
};

static void add_rule(struct rules *r, const struct plan_seccomp_rule *rule)
{
	struct plan *p = r->build->plan;
	struct plan_seccomp_rule *added;

	added = arena_push(p->arena, &r->filter->rules, &r->filter->rules_len, sizeof *added);

	if (added)
		*added = *rule;
	else
		p->failed = true;
}

/* True if two conditions are about the same argument: then any of them is enough, and each is a rule of its own. */
static bool repeats_index(const struct oci_syscall *call)
{
	unsigned seen = 0;

	for (size_t i = 0; i < call->args_len; i++) {
		if (seen & 1U << call->args[i].index)
			return true;
		seen |= 1U << call->args[i].index;
	}
	return false;
}

static void add_name(struct rules *r, const struct oci_syscall *call, const char *name, uint32_t errno_ret)
{
	struct plan_seccomp_rule rule = {
		.name = name, .action = call->action, .errno_ret = errno_ret,
		.args = call->args, .args_len = call->args_len,
	};

	if (!repeats_index(call)) {
		add_rule(r, &rule);
		return;
	}
	rule.args_len = 1;
	for (size_t i = 0; i < call->args_len; i++) {
		rule.args = &call->args[i];
		add_rule(r, &rule);
	}
}

static int add_call(struct rules *r, size_t index, const struct oci_syscall *call, struct err *e)
{
	const struct plan_seccomp *filter = r->filter;
	uint32_t errno_ret;
	char where[64];
	int n;

	snprintf(where, sizeof where, "linux.seccomp.syscalls[%zu]", index);
	n = resolve_errno(where, call->action, call->has_errno_ret ? &call->errno_ret : NULL, &errno_ret, e);
	if (n < 0)
		return n;
	for (size_t i = 0; i < call->args_len; i++)
		if (call->args[i].index >= SYSCALL_ARGS)
			return err_set(e, EINVAL, "%s.args[%zu]: index %u: a system call has arguments 0 to 5", where,
				       i, call->args[i].index);
	/* It says what is so anyway. */
	if (call->action == filter->default_action && errno_ret == filter->default_errno)
		return 0;
	for (size_t i = 0; i < call->names_len; i++) {
		if (is_syscall_name(call->names[i]))
			add_name(r, call, call->names[i], errno_ret);
		else
			log_debug("%s: \"%s\" is no system call, left out", where, call->names[i]);
	}
	return 0;
}

int plan_seccomp(struct build *b, struct err *e)
{
	const struct oci_seccomp *config = b->spec->linux ? b->spec->linux->seccomp : NULL;
	struct rules rules = { .build = b };
	struct plan_seccomp *filter;
	int r;

	if (!config)
		return 0;
	filter = arena_alloc(b->plan->arena, sizeof *filter);
	if (!filter)
		return err_oom(e);
	rules.filter = filter;
	filter->default_action = config->default_action;
	filter->archs = config->architectures;
	filter->archs_len = config->architectures_len;
	r = resolve_errno("linux.seccomp.defaultAction", config->default_action,
			  config->has_default_errno_ret ? &config->default_errno_ret : NULL, &filter->default_errno, e);
	for (size_t i = 0; i < config->syscalls_len && r == 0; i++)
		r = add_call(&rules, i, &config->syscalls[i], e);
	if (r == 0)
		r = plan_listener(b, config, filter, e);
	if (r < 0)
		return r;
	resolve_flags(config, filter);
	plan_add(b->plan, STAGE_RUNTIME, OP_SECCOMP_BUILD, "linux.seccomp")->seccomp = filter;
	return 0;
}

/* ---- printing ---- */

/* The JSON text without what all of them begin with. */
static const char *short_name(const char *name, const char *prefix)
{
	return str_has_prefix(name, prefix) ? name + strlen(prefix) : name;
}

static void print_action(struct str *out, enum oci_seccomp_action action, uint32_t errno_ret)
{
	str_add(out, short_name(oci_seccomp_action_name(action), "SCMP_ACT_"));
	if (action == OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO || action == OCI_SECCOMP_ACTION_SCMP_ACT_TRACE)
		str_addf(out, "(%u)", errno_ret);
}

static void print_args(struct str *out, const struct plan_seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->args_len; i++) {
		const struct oci_syscall_arg *arg = &rule->args[i];

		str_addf(out, "%sarg%u ", i == 0 ? " if " : " and ", arg->index);
		str_add(out, short_name(oci_seccomp_operators_name(arg->op), "SCMP_CMP_"));
		str_addf(out, " %#" PRIx64, arg->value);
		if (arg->op == OCI_SECCOMP_OPERATORS_SCMP_CMP_MASKED_EQ)
			str_addf(out, " %#" PRIx64, arg->value_two);
	}
}

static bool same_condition(const struct plan_seccomp_rule *a, const struct plan_seccomp_rule *b)
{
	return a->action == b->action && a->errno_ret == b->errno_ret &&
	       a->args == b->args && a->args_len == b->args_len;
}

void plan_seccomp_print(const struct plan_seccomp *filter, struct str *out)
{
	static const struct { unsigned flag; const char *name; } flags[] = {
		{ SECCOMP_FILTER_FLAG_TSYNC, "TSYNC" },
		{ SECCOMP_FILTER_FLAG_LOG, "LOG" },
		{ SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SPEC_ALLOW" },
		{ SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, "WAIT_KILLABLE_RECV" },
	};

	str_add(out, " default ");
	print_action(out, filter->default_action, filter->default_errno);
	for (size_t i = 0; i < filter->archs_len; i++)
		str_addf(out, "%s%s", i == 0 ? "; arch " : ",",
			 short_name(oci_seccomp_arch_name(filter->archs[i]), "SCMP_ARCH_"));
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
		if (filter->flags & flags[i].flag)
			str_addf(out, "; flag %s", flags[i].name);
	for (size_t i = 0; i < filter->rules_len; i++) {
		const struct plan_seccomp_rule *rule = &filter->rules[i];

		if (i == 0 || !same_condition(rule, rule - 1)) {
			str_add(out, "; ");
			print_action(out, rule->action, rule->errno_ret);
			print_args(out, rule);
			str_addc(out, ':');
		}
		str_addf(out, " %s", rule->name);
	}
}
