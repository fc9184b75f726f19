/*
 * Why: libseccomp turns rules into BPF, for several architectures at once. It does so in the runtime, before there
 * is any other process: what a broken filter, or a library that is short of memory, can do to a half-made container
 * is nothing.
 */
#include "apply/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "sys/exec.h"
#include "sys/notify.h"
#include "sys/socket.h"

static void release_filter(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}
#define _cleanup_filter_ __attribute__((cleanup(release_filter)))

static uint32_t action_bits(enum oci_seccomp_action action, uint32_t errno_ret)
{
	switch (action) {
	case OCI_SECCOMP_ACTION_SCMP_ACT_KILL:
	case OCI_SECCOMP_ACTION_SCMP_ACT_KILL_THREAD:
		return SCMP_ACT_KILL_THREAD;
	case OCI_SECCOMP_ACTION_SCMP_ACT_TRAP:
		return SCMP_ACT_TRAP;
	case OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO:
		return SCMP_ACT_ERRNO(errno_ret);
	case OCI_SECCOMP_ACTION_SCMP_ACT_TRACE:
		return SCMP_ACT_TRACE(errno_ret);
	case OCI_SECCOMP_ACTION_SCMP_ACT_ALLOW:
		return SCMP_ACT_ALLOW;
	case OCI_SECCOMP_ACTION_SCMP_ACT_LOG:
		return SCMP_ACT_LOG;
	case OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY:
		return SCMP_ACT_NOTIFY;
	case OCI_SECCOMP_ACTION_UNSET:
	case OCI_SECCOMP_ACTION_SCMP_ACT_KILL_PROCESS:
		break;
	}
	/* Also for what the planner never lets through: the strictest there is. */
	return SCMP_ACT_KILL_PROCESS;
}

static enum scmp_compare compare_op(enum oci_seccomp_operators op)
{
	static const enum scmp_compare ops[] = {
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_NE] = SCMP_CMP_NE,
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_LT] = SCMP_CMP_LT,
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_LE] = SCMP_CMP_LE,
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_EQ] = SCMP_CMP_EQ,
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_GE] = SCMP_CMP_GE,
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_GT] = SCMP_CMP_GT,
		[OCI_SECCOMP_OPERATORS_SCMP_CMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return ops[op];
}

/* The library's names are those of the config in small letters, without the prefix. */
static uint32_t arch_token(enum oci_seccomp_arch arch)
{
	const char *p = oci_seccomp_arch_name(arch) + strlen("SCMP_ARCH_");
	char name[32];
	size_t len = 0;

	for (; *p && len < sizeof name - 1; p++)
		name[len++] = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
	name[len] = 0;
	return seccomp_arch_resolve_name(name);
}

bool seccomp_knows_arch(enum oci_seccomp_arch arch)
{
	return arch_token(arch) != 0;
}

char *seccomp_library_version(struct arena *a)
{
	const struct scmp_version *v = seccomp_version();

	return v ? arena_printf(a, "%u.%u.%u", v->major, v->minor, v->micro) : NULL;
}

static int add_archs(scmp_filter_ctx f, const struct plan_seccomp *filter, struct err *e)
{
	for (size_t i = 0; i < filter->archs_len; i++) {
		const char *name = oci_seccomp_arch_name(filter->archs[i]);
		uint32_t token = arch_token(filter->archs[i]);
		int r;

		if (token == 0)
			return err_set(e, ENOTSUP, "architectures[%zu]: this libseccomp does not know %s", i, name);
		r = seccomp_arch_add(f, token);
		if (r == -EDOM)
			return err_set(e, EINVAL, "architectures[%zu]: %s has the other byte order than this machine",
				       i, name);
		if (r < 0 && r != -EEXIST)
			return err_sys(e, -r, "architectures[%zu]: cannot add %s to the filter", i, name);
	}
	return 0;
}

static int add_rule(scmp_filter_ctx f, const struct plan_seccomp_rule *rule, struct err *e)
{
	struct scmp_arg_cmp args[6];
	int number, r;

	number = seccomp_syscall_resolve_name(rule->name);
	if (number == __NR_SCMP_ERROR) {
		log_debug("seccomp: this libseccomp does not know the system call %s, left out", rule->name);
		return 0;
	}
	for (size_t i = 0; i < rule->args_len; i++)
		args[i] = (struct scmp_arg_cmp){
			.arg = rule->args[i].index, .op = compare_op(rule->args[i].op),
			.datum_a = rule->args[i].value, .datum_b = rule->args[i].value_two,
		};
	r = seccomp_rule_add_array(f, action_bits(rule->action, rule->errno_ret), number, (unsigned)rule->args_len,
				   args);
	if (r == -EEXIST)
		return err_set(e, EINVAL, "there are two rules for %s that contradict each other", rule->name);
	return r < 0 ? err_sys(e, -r, "cannot add the rule for %s", rule->name) : 0;
}

static int export(scmp_filter_ctx f, struct arena *a, struct seccomp_program *ret, struct err *e)
{
	_cleanup_close_ int fd = memfd_create("seccomp", MFD_CLOEXEC);
	size_t size;
	char *bytes;
	int r;

	if (fd < 0)
		return err_sys(e, errno, "cannot make a memory file for the filter");
	r = seccomp_export_bpf(f, fd);
	if (r < 0)
		return err_sys(e, -r, "libseccomp cannot write the filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, errno, "cannot read the filter back");
	r = io_read_fd(a, fd, "the filter", BPF_MAXINSNS * sizeof(struct sock_filter), &bytes, &size, e);
	if (r == -EFBIG)
		return err_set(e, E2BIG, "the filter is longer than the kernel takes (%d instructions)", BPF_MAXINSNS);
	if (r < 0)
		return r;
	if (size == 0 || size % sizeof(struct sock_filter))
		return err_set(e, EIO, "libseccomp wrote a filter of %zu bytes", size);
	ret->filter = (struct sock_filter *)bytes;
	ret->len = size / sizeof(struct sock_filter);
	return 0;
}

int seccomp_compile(struct arena *a, const struct plan_seccomp *filter, struct seccomp_program *ret, struct err *e)
{
	_cleanup_filter_ scmp_filter_ctx f = seccomp_init(action_bits(filter->default_action, filter->default_errno));
	int r;

	if (!f)
		return err_set(e, EINVAL, "libseccomp cannot begin a filter with the default action %s",
			       oci_seccomp_action_name(filter->default_action));
	/* A binary tree: the cost of a system call no longer grows with the number of rules. */
	r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r < 0)
		log_debug("seccomp: this libseccomp cannot order the filter as a tree");
	r = add_archs(f, filter, e);
	for (size_t i = 0; i < filter->rules_len && r == 0; i++)
		r = add_rule(f, &filter->rules[i], e);
	return r < 0 ? r : export(f, a, ret, e);
}

int apply_seccomp_build(struct apply *ctx, const struct op *op, struct err *e)
{
	struct seccomp_program *program = arena_alloc(ctx->arena, sizeof *program);
	int r;

	if (!program)
		return err_oom(e);
	r = seccomp_compile_cached(ctx->arena, ctx->state_root, op->seccomp, program, e);
	if (r < 0)
		return r;
	ctx->seccomp = program;
	return 0;
}

/* The socket lies on the host, where init cannot reach it any more. */
int apply_seccomp_listener(struct apply *ctx, const struct op *op, struct err *e)
{
	int fd = sys_socket_connect(op->text);

	if (fd < 0)
		return err_sys(e, -fd, "connect to %s, where the filter's questions are to be answered", op->text);
	ctx->listener_fd = fd;
	return 0;
}

static int load_notify(struct apply *ctx, const struct plan_seccomp *filter, struct err *e)
{
	const struct sock_fprog program = { (unsigned short)ctx->seccomp->len, ctx->seccomp->filter };
	struct sys_listener listener = {
		take_fd(&ctx->listener_fd), ctx->process_state(ctx, filter->metadata), ctx->messenger,
	};
	int r, sent = 0;

	if (!listener.text)
		return err_oom(e);
	/* Seen now, it can be told; once the filter is in force, telling may be among what it asks about. */
	r = sys_socket_alive(listener.sock);
	if (r < 0)
		return err_sys(e, -r, "the one who answers the filter's questions has hung up");
	r = sys_seccomp_load_notify(&program, filter->flags, &listener, &sent);
	if (r == 0 && sent < 0)
		return err_sys(e, -sent, "cannot send the descriptor to the one who answers the filter's questions");
	return r;
}

int apply_seccomp(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct plan_seccomp *filter = op->seccomp;
	int r;

	*e = (struct err){ 0 };
	r = filter->notify ? load_notify(ctx, filter, e)
		: sys_seccomp_load(ctx->seccomp->filter, ctx->seccomp->len, filter->flags);
	if (r == 0 || e->num)
		return r;
	if (r == -EACCES)
		return err_sys(e, EACCES, "loading the filter without process.noNewPrivileges needs CAP_SYS_ADMIN");
	if (r == -EINVAL && (filter->flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		return err_sys(e, EINVAL, "the kernel refuses the filter (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV "
			       "needs Linux 5.19)");
	if (r == -EBUSY)
		return err_sys(e, EBUSY, "the kernel refuses the filter (there is one with SCMP_ACT_NOTIFY already, "
			       "perhaps the caller's)");
	return err_sys(e, -r, "the kernel refuses the filter of %zu instructions", ctx->seccomp->len);
}
