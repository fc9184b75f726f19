/*
 * Why: what happens between `start` and the container's own program, in the one order that is safe (invariant I6).
 *
 *   hooks startContainer   first, while everything is still as the runtime made it, and not bound by the limits below;
 *                          with them HOME, which they get to see as well
 *   umask, rlimits         raising a limit needs CAP_SYS_RESOURCE
 *   personality, priorities, memory policy
 *   close descriptors      also standard streams and signals: what the program inherits
 *   streams                given to the user, while that is possible
 *   bounding set           dropping needs CAP_SETPCAP, and after it no exec can bring a capability back
 *   user                   groups, gid, uid; keeps the permitted set, for the rest still needs some of it
 *   working directory      as the user, who may be the only one with access (a FUSE mount), but with the capabilities
 *                          that are left, since it may also be a directory that only root can enter
 *   HOME, find program     both look at files, and must not need the filter's permission for it
 *   seccomp filter         here only without no_new_privs, as loading it then needs CAP_SYS_ADMIN: the one step after
 *                          it that the filter must allow, besides the exec, is capset(2) and prctl(2)
 *   capabilities           exactly the sets of the config
 *   no_new_privs
 *   seccomp filter         otherwise: the last step before the exec, so that it need not allow any of the above
 *   exec                   one execve(2)
 *
 * `exec` has two more steps, fork and session, as late as can be: see plan/exec.c.
 *
 * Spec: config.md "POSIX process", "Linux Process", "User"; runtime.md "Start".
 */
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <strings.h>
#include <sys/personality.h>

#include "base/log.h"
#include "plan/annotation.h"
#include "plan/build.h"
#include "plan/capability.h"
#include "spec/rlimit.h"

static int plan_rlimits(struct build *b, struct err *e)
{
	const struct oci_process *process = b->spec->process;

	for (size_t i = 0; i < process->rlimits_len; i++) {
		const struct oci_rlimit *limit = &process->rlimits[i];
		int resource = spec_rlimit_number(limit->type);
		struct op *op;

		if (resource < 0)
			return err_set(e, EINVAL, "process.rlimits[%zu].type: \"%s\" is no resource limit of Linux", i,
				       limit->type);
		if (limit->soft > limit->hard)
			return err_set(e, EINVAL, "process.rlimits[%zu]: the soft limit is above the hard limit", i);
		op = plan_add_element(b->plan, STAGE_START, OP_RLIMIT, "process.rlimits", i);
		op->rlimit.resource = resource;
		op->rlimit.soft = limit->soft;
		op->rlimit.hard = limit->hard;
		op->rlimit.name = limit->type;
	}
	return 0;
}

/* The flag of personality(2) that makes builds repeatable; the specification has none yet. */
static int personality_flags(const struct build *b, unsigned long *ret, struct err *e)
{
	const char *flags = plan_annotation(b->spec, "run.cloister.personality");

	*ret = 0;
	if (!flags)
		return 0;
	*ret = ADDR_NO_RANDOMIZE;
	return strcmp(flags, "ADDR_NO_RANDOMIZE") == 0 ? 0 :
	       err_set(e, EINVAL, "annotations.\"run.cloister.personality\": '%s' is not ADDR_NO_RANDOMIZE", flags);
}

static int plan_personality(struct build *b, struct err *e)
{
	const struct oci_personality *personality = b->spec->linux ? b->spec->linux->personality : NULL;
	unsigned long flags;
	struct op *op;
	int r = personality_flags(b, &flags, e);

	if (r < 0 || (!personality && !flags))
		return r;
	if (personality && personality->domain == OCI_PERSONALITY_DOMAIN_UNSET)
		return err_set(e, EINVAL, "linux.personality.domain is missing: LINUX or LINUX32");
	if (personality && personality->flags_len > 0)
		return err_set(e, EINVAL, "linux.personality.flags: no flag is defined, \"%s\" cannot be set",
			       personality->flags[0]);
	op = plan_add(b->plan, STAGE_START, OP_PERSONALITY, "linux.personality");
	op->personality = flags | (personality && personality->domain == OCI_PERSONALITY_DOMAIN_LINUX32 ? PER_LINUX32 :
				   PER_LINUX);
	return 0;
}

/*
 * One set of the config as a mask of what of it can be granted. The specification wants a warning, and no failure, for
 * what cannot (config.md, "capabilities"). It is one for all of them: buildah has a dozen in each container.
 */
static uint64_t capability_set(struct plan *p, const char *set, char **names, size_t len, uint64_t granted)
{
	const char *missing = "";
	uint64_t mask = 0;

	for (size_t i = 0; i < len; i++) {
		int number = capability_number(names[i]);

		if (number < 0)
			log_warning("process.capabilities.%s[%zu]: \"%s\" is unknown, left out", set, i, names[i]);
		else if (!(granted & CAPABILITY_BIT(number)))
			missing = plan_text(p, "%s%s%s", missing, *missing ? ", " : "", names[i]);
		else
			mask |= CAPABILITY_BIT(number);
	}
	if (*missing)
		log_warning("process.capabilities.%s: %s cannot be granted, left out", set, missing);
	return mask;
}

/* No "capabilities" at all: all sets are empty. */
static struct op_capabilities capability_sets(const struct build *b)
{
	static const struct oci_capabilities none;
	const struct oci_capabilities *c = b->spec->process->capabilities;
	uint64_t known = b->facts->last_cap >= 63 ? UINT64_MAX : CAPABILITY_BIT(b->facts->last_cap + 1) - 1;
	struct op_capabilities sets;

	if (!c)
		c = &none;
	/* The first process of a user namespace has all of them there, whatever its parent had. */
	if (!((b->new_ns | b->joined_ns) & CLONE_NEWUSER))
		known &= b->facts->bounding;
	sets.bounding = capability_set(b->plan, "bounding", c->bounding, c->bounding_len, known);
	sets.permitted = capability_set(b->plan, "permitted", c->permitted, c->permitted_len, known);
	/* What capset(2) and prctl(2) refuse: see capabilities(7), "Programmatically adjusting capability sets". */
	sets.effective = capability_set(b->plan, "effective", c->effective, c->effective_len, sets.permitted);
	sets.inheritable = capability_set(b->plan, "inheritable", c->inheritable, c->inheritable_len, sets.bounding);
	sets.ambient = capability_set(b->plan, "ambient", c->ambient, c->ambient_len,
				      sets.permitted & sets.inheritable);
	return sets;
}

static bool is_mapped(uint32_t id, const struct plan_id_map *map)
{
	for (size_t i = 0; i < map->len; i++)
		if (id >= map->ranges[i].container_id && id - map->ranges[i].container_id < map->ranges[i].size)
			return true;
	return false;
}

static int check_mapped(const struct build *b, const struct oci_user *user, struct err *e)
{
	if (!(b->new_ns & CLONE_NEWUSER))
		return 0;
	if (!is_mapped(user->uid, &b->uids))
		return err_set(e, EINVAL, "process.user.uid: %u is not in linux.uidMappings", user->uid);
	if (!is_mapped(user->gid, &b->gids))
		return err_set(e, EINVAL, "process.user.gid: %u is not in linux.gidMappings", user->gid);
	for (size_t i = 0; i < user->additional_gids_len; i++)
		if (!is_mapped(user->additional_gids[i], &b->gids))
			return err_set(e, EINVAL, "process.user.additionalGids[%zu]: %u is not in linux.gidMappings", i,
				       user->additional_gids[i]);
	return 0;
}

/* podman's --group-add keep-groups: the caller's groups are kept, mapped or not. */
static int keeps_groups(const struct build *b, const struct oci_user *user, bool *ret, struct err *e)
{
	const char *keep = plan_annotation(b->spec, "run.oci.keep_original_groups");

	*ret = keep && strcmp(keep, "1") == 0;
	if (keep && !*ret && strcmp(keep, "0") != 0)
		return err_set(e, EINVAL, "annotations.\"run.oci.keep_original_groups\": '%s' is neither '0' nor '1'",
			       keep);
	if (*ret && user->additional_gids_len > 0)
		return err_set(e, EINVAL, "process.user.additionalGids: cannot be combined with the annotation "
			       "run.oci.keep_original_groups");
	return 0;
}

static int plan_user(struct build *b, const struct oci_user *user, struct err *e)
{
	struct op *op;
	bool keep;
	int r;

	r = check_mapped(b, user, e);
	if (r < 0)
		return r;
	if (user->additional_gids_len > NGROUPS_MAX)
		return err_set(e, EINVAL, "process.user.additionalGids: %zu groups are more than Linux allows (%d)",
			       user->additional_gids_len, NGROUPS_MAX);
	if (user->additional_gids_len > 0 && b->setgroups_denied)
		return err_set(e, EPERM, "process.user.additionalGids: a user namespace with a single mapped id cannot "
			       "set groups: map a range of ids from /etc/subgid in linux.gidMappings, or leave the "
			       "groups out");
	r = keeps_groups(b, user, &keep, e);
	if (r < 0)
		return r;
	op = plan_add(b->plan, STAGE_START, OP_USER, "process.user");
	op->user.uid = user->uid;
	op->user.gid = user->gid;
	op->user.groups = user->additional_gids;
	op->user.groups_len = user->additional_gids_len;
	op->user.set_groups = !b->setgroups_denied && !keep;
	return 0;
}

static bool has_home(char *const *env)
{
	for (; *env; env++)
		if (str_has_prefix(*env, "HOME="))
			return true;
	return false;
}

static void plan_home(struct build *b, const struct oci_user *user, char *const *env)
{
	if (!has_home(env))
		plan_add(b->plan, STAGE_START, OP_HOME, "process.env")->user.uid = user->uid;
}

static bool has_start_hooks(const struct build *b)
{
	return b->spec->hooks && b->spec->hooks->start_container_len > 0;
}

/* The filter that plan_seccomp had built, NULL if the config has none. */
static struct plan_seccomp *find_filter(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].type == OP_SECCOMP_BUILD)
			return p->ops[i].seccomp;
	return NULL;
}

static void plan_filter(struct build *b)
{
	struct plan_seccomp *filter = find_filter(b->plan);

	if (filter)
		plan_add(b->plan, STAGE_START, OP_SECCOMP, "linux.seccomp")->seccomp = filter;
}

/* Everything up to the moment when the process is the container's user. */
static int plan_inheritance(struct build *b, const struct oci_user *user, char **env, struct err *e)
{
	const struct oci_hooks *hooks = b->spec->hooks;
	struct plan *p = b->plan;
	struct op *op;
	int r;

	if (b->options->listen_fds)
		plan_add(p, STAGE_START, OP_LISTEN_PID, NULL);
	if (has_start_hooks(b)) {
		plan_home(b, user, env);
		op = plan_add(p, STAGE_START, OP_HOOKS, "hooks.startContainer");
		op->hooks.kind = HOOK_START_CONTAINER;
		op->hooks.hooks = hooks->start_container;
		op->hooks.len = hooks->start_container_len;
	}
	if (user->has_umask)
		plan_add(p, STAGE_START, OP_UMASK, "process.user.umask")->mode = user->umask;
	r = plan_rlimits(b, e);
	if (r == 0)
		r = plan_personality(b, e);
	if (r == 0)
		r = plan_memory_policy(b, e);
	if (r < 0)
		return r;
	plan_priorities(b);
	plan_add(p, STAGE_START, OP_CLOSE_FDS, NULL)->preserve = b->options->preserve_fds;
	if (user->uid || user->gid)
		plan_add(p, STAGE_START, OP_STREAMS, "process.user")->user = (struct op_user){
			.uid = user->uid, .gid = user->gid };
	return 0;
}

/* What the program sees as its name, if it is to be another than the path to it: run.cloister.arg0. */
static struct op_exec with_arg0(struct build *b, struct op_exec exec)
{
	const char *arg0 = b->exec ? NULL : plan_annotation(b->spec, "run.cloister.arg0");
	size_t len = b->spec->process->args_len;
	char **args;

	if (!arg0)
		return exec;
	args = arena_array(b->plan->arena, len + 1, sizeof *args);
	if (!args) {
		b->plan->failed = true;
		return exec;
	}
	memcpy(args, exec.args, len * sizeof *args);
	args[0] = (char *)arg0;
	return (struct op_exec){ .args = args, .env = exec.env };
}

/* A hook of the container's own may still bring the program. */
static void plan_look(struct build *b, struct op_exec exec)
{
	const struct oci_hooks *hooks = b->spec->hooks;

	if (!b->exec && !(hooks && hooks->start_container_len > 0))
		plan_add(b->plan, STAGE_CREATED, OP_LOOK_EXEC, "process.args")->exec = exec;
}

/* Only now does the process come within reach of the container's others, with no more rights than they have. */
static void plan_last_steps(struct build *b)
{
	if (b->joined_ns & CLONE_NEWPID)
		plan_add(b->plan, STAGE_START, OP_FORK, NULL);
	plan_add(b->plan, STAGE_START, OP_SESSION, NULL)->session.terminal = b->spec->process->terminal;
}

int plan_process(struct build *b, struct err *e)
{
	static const struct oci_user root;
	const struct oci_process *process = b->spec->process;
	const struct oci_user *user;
	struct op_capabilities sets;
	struct op_exec exec;
	int r;

	/* config.md: required when start is called, and not before. */
	if (!process && !b->exec) {
		plan_add(b->plan, STAGE_START, OP_EXEC, "process");
		return 0;
	}
	if (!process || process->args_len == 0)
		return err_set(e, EINVAL, "process.args is missing: there is no program to run");
	exec = (struct op_exec){
		.args = process->args, .env = plan_env(b, process->env, process->env_len), .cwd = process->cwd,
	};
	r = plan_closure_env(b, &exec, e);
	if (r < 0)
		return r;
	user = process->user ? process->user : &root;
	r = plan_inheritance(b, user, exec.env, e);
	if (r < 0)
		return r;
	sets = capability_sets(b);
	plan_add(b->plan, STAGE_START, OP_BOUNDING, "process.capabilities")->capabilities = sets;
	r = plan_user(b, user, e);
	if (r < 0)
		return r;
	plan_add(b->plan, STAGE_START, OP_CWD, "process.cwd")->text = process->cwd;
	if (!has_start_hooks(b))
		plan_home(b, user, exec.env);
	plan_look(b, exec);
	plan_add(b->plan, STAGE_START, OP_FIND_EXEC, "process.args")->exec = exec;
	if (!process->no_new_privileges)
		plan_filter(b);
	plan_add(b->plan, STAGE_START, OP_CAPABILITIES, "process.capabilities")->capabilities = sets;
	if (process->no_new_privileges)
		plan_add(b->plan, STAGE_START, OP_NO_NEW_PRIVS, "process.noNewPrivileges");
	if (b->exec)
		plan_last_steps(b);
	if (process->no_new_privileges)
		plan_filter(b);
	plan_add(b->plan, STAGE_START, OP_EXEC, "process.args")->exec = with_arg0(b, exec);
	return 0;
}
