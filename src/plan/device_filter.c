/*
 * Why: capabilities do not tell one device from another, so what a container of root's can do with device nodes is
 * said by rules, which the kernel applies to the container's cgroup. In a user namespace no node can be made, and
 * those that there are obey their permission bits: the rules have nothing to add there, and engines write them all
 * the same.
 */
#include "plan/device_filter.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "base/log.h"
#include "plan/build.h"
#include "plan/capability.h"

/*
 * What a container always may: make any node (which is of no use without the right to open it), and use those of
 * its own /dev. As runc and crun have it, behind the rules of the config.
 */
static const struct plan_device_rule defaults[] = {
	{ true, 'c', -1, -1, DEVICE_MKNOD },
	{ true, 'b', -1, -1, DEVICE_MKNOD },
	{ true, 'c', 1, 3, DEVICE_ALL },    /* null */
	{ true, 'c', 1, 5, DEVICE_ALL },    /* zero */
	{ true, 'c', 1, 7, DEVICE_ALL },    /* full */
	{ true, 'c', 1, 8, DEVICE_ALL },    /* random */
	{ true, 'c', 1, 9, DEVICE_ALL },    /* urandom */
	{ true, 'c', 5, 0, DEVICE_ALL },    /* tty */
	{ true, 'c', 5, 2, DEVICE_ALL },    /* ptmx */
	{ true, 'c', 136, -1, DEVICE_ALL }, /* pts */
};

static struct plan_device_rule from_config(const struct oci_device_cgroup *config)
{
	struct plan_device_rule rule = {
		.allow = config->allow,
		.type = config->type && *config->type ? *config->type : 'a',
		.major = config->has_major && config->major >= 0 ? config->major : -1,
		.minor = config->has_minor && config->minor >= 0 ? config->minor : -1,
	};
	const char *access = config->access && *config->access ? config->access : "rwm";

	for (; *access; access++)
		rule.access |= *access == 'r' ? DEVICE_READ : *access == 'w' ? DEVICE_WRITE : DEVICE_MKNOD;
	return rule;
}

static bool is_about_all(const struct plan_device_rule *rule)
{
	return rule->type == 'a' && rule->major < 0 && rule->minor < 0 && rule->access == DEVICE_ALL;
}

static bool add(struct build *b, struct plan_device_filter *filter, const struct plan_device_rule *rule)
{
	struct plan_device_rule *added;

	/* Nothing that was said before a rule about everything matters any more. */
	if (is_about_all(rule))
		filter->len = 0;
	if (filter->len > 0 && memcmp(rule, &filter->rules[filter->len - 1], sizeof *rule) == 0)
		return true;
	added = arena_push(b->plan->arena, &filter->rules, &filter->len, sizeof *filter->rules);
	if (added)
		*added = *rule;
	return added;
}

/* True if no rule denies anything: then there is nothing to filter. */
static bool allows_all(const struct plan_device_filter *filter)
{
	if (!is_about_all(&filter->rules[0]))
		return false;
	for (size_t i = 0; i < filter->len; i++)
		if (!filter->rules[i].allow)
			return false;
	return true;
}

static bool may_make_devices(const struct oci_process *process)
{
	const struct oci_capabilities *c = process ? process->capabilities : NULL;
	int mknod = capability_number("CAP_MKNOD");

	for (size_t i = 0; c && i < c->bounding_len; i++)
		if (capability_number(c->bounding[i]) == mknod)
			return true;
	return false;
}

/*
 * Rules that no cgroup can carry. Engines put them into every config, also when they are told to do without cgroups
 * (podman --cgroups disabled): then they may be left out if no device can be made but those that the config names.
 */
static int without_cgroup(const struct build *b, struct err *e)
{
	if (b->options->cgroup_manager != CGROUP_MANAGER_DISABLED)
		return err_set(e, ENODEV, "linux.resources.devices: rules about devices apply to a cgroup, and there "
			       "is none for the container: it needs a cgroup2 file system (mount -t cgroup2 cgroup2 "
			       "/sys/fs/cgroup)");
	if (may_make_devices(b->spec->process))
		return err_set(e, ENODEV, "linux.resources.devices: rules about devices apply to a cgroup, and with "
			       "the manager \"disabled\" there is none: drop CAP_MKNOD, or use another manager");
	log_warning("linux.resources.devices: left out, as there is to be no cgroup");
	return 0;
}

int plan_device_filter(struct build *b, struct err *e)
{
	const struct oci_resources *r = b->spec->linux ? b->spec->linux->resources : NULL;
	struct plan_device_filter *filter;
	bool memory = true;

	if (!r || r->devices_len == 0 || !b->facts->privileged || !b->facts->initial_userns ||
	    ((b->new_ns | b->joined_ns) & CLONE_NEWUSER))
		return 0;
	filter = arena_alloc(b->plan->arena, sizeof *filter);
	memory = filter;
	for (size_t i = 0; i < r->devices_len && memory; i++) {
		struct plan_device_rule rule = from_config(&r->devices[i]);

		memory = add(b, filter, &rule);
	}
	if (memory && allows_all(filter))
		return 0;
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults && memory; i++)
		memory = add(b, filter, &defaults[i]);
	if (!memory)
		return err_oom(e);
	if (!plan_has_cgroup(b->plan))
		return without_cgroup(b, e);
	plan_add(b->plan, b->cgroup_stage, OP_DEVICE_FILTER, "linux.resources.devices")->device_filter = filter;
	return 0;
}

static void print_number(struct str *out, int64_t number)
{
	if (number < 0)
		str_addc(out, '*');
	else
		str_addf(out, "%" PRId64, number);
}

void plan_device_filter_print(const struct plan_device_filter *filter, struct str *out)
{
	for (size_t i = 0; i < filter->len; i++) {
		const struct plan_device_rule *rule = &filter->rules[i];

		str_addf(out, " %c%c ", rule->allow ? '+' : '-', rule->type);
		print_number(out, rule->major);
		str_addc(out, ':');
		print_number(out, rule->minor);
		str_addf(out, " %s%s%s", rule->access & DEVICE_READ ? "r" : "", rule->access & DEVICE_WRITE ? "w" : "",
			 rule->access & DEVICE_MKNOD ? "m" : "");
	}
}
