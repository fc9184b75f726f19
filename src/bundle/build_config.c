/*
 * Why: a builder is a stranger's program whose result ends up in a store. What Nix forbids it by a filter (files that
 * become somebody else when they are run, attributes that a store cannot keep) is forbidden here by the same.
 */
#include "bundle/build_config.h"

#include <errno.h>
#include <sys/resource.h>

/* The calls, and which of their arguments is the mode of a file. */
static const struct {
	const char *name;
	uint32_t mode;
} chmod_calls[] = { { "chmod", 1 }, { "fchmod", 1 }, { "fchmodat", 2 }, { "fchmodat2", 2 } };

static const char *const xattr_calls[] = {
	"getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr", "setxattr", "lsetxattr",
	"fsetxattr", NULL,
};

enum { SETUID = 04000, SETGID = 02000 };

static struct oci_syscall *add_rule(struct arena *a, struct oci_seccomp *s, const char *const *names, size_t len,
				    uint32_t number)
{
	struct oci_syscall *rule = arena_push(a, &s->syscalls, &s->syscalls_len, sizeof *rule);

	if (rule)
		*rule = (struct oci_syscall){ .names = (char **)names, .names_len = len,
					      .action = OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO, .errno_ret = number,
					      .has_errno_ret = true };
	return rule;
}

static void add_chmod_rule(struct arena *a, struct oci_seccomp *s, size_t call, uint64_t bit)
{
	struct oci_syscall *rule = add_rule(a, s, &chmod_calls[call].name, 1, EPERM);
	struct oci_syscall_arg *arg = arena_alloc(a, sizeof *arg);

	if (!rule || !arg)
		return;
	*arg = (struct oci_syscall_arg){ .index = chmod_calls[call].mode, .value = bit, .value_two = bit,
					 .has_value_two = true, .op = OCI_SECCOMP_OPERATORS_SCMP_CMP_MASKED_EQ };
	rule->args = arg;
	rule->args_len = 1;
}

/* Also for the machine's other kinds of programs, or one of these would be a way around. */
static void add_architectures(struct arena *a, struct oci_seccomp *s)
{
#if defined(__x86_64__)
	static const enum oci_seccomp_arch list[] = { OCI_SECCOMP_ARCH_SCMP_ARCH_X86_64, OCI_SECCOMP_ARCH_SCMP_ARCH_X86,
						      OCI_SECCOMP_ARCH_SCMP_ARCH_X32 };
#elif defined(__aarch64__)
	static const enum oci_seccomp_arch list[] = { OCI_SECCOMP_ARCH_SCMP_ARCH_AARCH64,
						      OCI_SECCOMP_ARCH_SCMP_ARCH_ARM };
#else
	static const enum oci_seccomp_arch list[] = { 0 };
#endif

	for (size_t i = 0; i < sizeof list / sizeof *list && list[i]; i++) {
		enum oci_seccomp_arch *slot = arena_push(a, &s->architectures, &s->architectures_len, sizeof *slot);

		if (slot)
			*slot = list[i];
	}
}

static struct oci_seccomp *make_filter(struct arena *a)
{
	struct oci_seccomp *s = arena_alloc(a, sizeof *s);

	if (!s)
		return NULL;
	s->default_action = OCI_SECCOMP_ACTION_SCMP_ACT_ALLOW;
	add_architectures(a, s);
	for (size_t i = 0; i < sizeof chmod_calls / sizeof *chmod_calls; i++) {
		add_chmod_rule(a, s, i, SETUID);
		add_chmod_rule(a, s, i, SETGID);
	}
	add_rule(a, s, xattr_calls, sizeof xattr_calls / sizeof *xattr_calls - 1, ENOTSUP);
	return s;
}

/* The soft limit; the hard one stays as it is, since only root may raise it. */
static struct oci_rlimit *make_core_limit(struct arena *a)
{
	struct oci_rlimit *limit = arena_alloc(a, sizeof *limit);
	struct rlimit now = { 0 };

	getrlimit(RLIMIT_CORE, &now);
	if (limit)
		*limit = (struct oci_rlimit){ .type = arena_strdup(a, "RLIMIT_CORE"), .hard = now.rlim_max };
	return limit;
}

static struct oci_hooks *make_hooks(struct arena *a, const struct recipe_build *b)
{
	struct oci_hooks *hooks = arena_alloc(a, sizeof *hooks);
	struct oci_hook *hook = arena_alloc(a, sizeof *hook);
	char **args = arena_array(a, 5, sizeof *args);

	if (!hooks || !hook || !args)
		return NULL;
	args[0] = arena_strdup(a, "cloister-bundle");
	args[1] = arena_strdup(a, "network-hook");
	args[2] = arena_strdup(a, b->network == RECIPE_NETWORK_PASTA ? "pasta" : "slirp4netns");
	args[3] = arena_strdup(a, b->network_helper);
	*hook = (struct oci_hook){ .path = arena_strdup(a, b->hook), .args = args, .args_len = 4, .timeout = 30,
				   .has_timeout = true };
	hooks->create_runtime = hook;
	hooks->create_runtime_len = 1;
	return hooks;
}

int build_config(struct arena *a, const struct recipe_build *b, struct oci_spec *s, struct err *e)
{
	struct oci_personality *personality = arena_alloc(a, sizeof *personality);

	if (!personality)
		return err_oom(e);
	/* The first version that has a domain name. */
	s->oci_version = arena_strdup(a, "1.1.0");
	s->domainname = arena_strdup(a, "(none)");
	s->process->user->umask = 022;
	s->process->user->has_umask = true;
	if (b->no_core) {
		s->process->rlimits = make_core_limit(a);
		s->process->rlimits_len = 1;
	}
	if (b->filter)
		s->linux->seccomp = make_filter(a);
	personality->domain = b->linux32 ? OCI_PERSONALITY_DOMAIN_LINUX32 : OCI_PERSONALITY_DOMAIN_LINUX;
	s->linux->personality = personality;
	if (b->network != RECIPE_NETWORK_NONE)
		s->hooks = make_hooks(a, b);
	return arena_failed(a) ? err_oom(e) : 0;
}
