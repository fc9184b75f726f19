/* Why: config-linux.md, Seccomp: what libseccomp would refuse later and with less to say. */
#include "spec/check.h"

/* The errno of SCMP_ACT_ERRNO: MAX_ERRNO in the kernel; the data of SCMP_ACT_TRACE has 16 bits. */
enum { ERRNO_MAX = 4095, TRACE_MAX = 65535, SYSCALL_ARGS = 6 };

static int check_return(enum oci_seccomp_action action, bool has, uint32_t value, const char *name, struct err *e)
{
	uint32_t max = action == OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO ? ERRNO_MAX : TRACE_MAX;

	if (!has)
		return 0;
	if (action != OCI_SECCOMP_ACTION_SCMP_ACT_ERRNO && action != OCI_SECCOMP_ACTION_SCMP_ACT_TRACE)
		return err_set(e, EINVAL, "%s: is not for %s, only for SCMP_ACT_ERRNO and SCMP_ACT_TRACE", name,
			       oci_seccomp_action_name(action));
	if (value > max)
		return err_set(e, EINVAL, "%s: %u is out of range, which is 0 to %u", name, value, max);
	return 0;
}

static int check_syscall(const struct oci_syscall *s, struct err *e)
{
	if (s->names_len == 0)
		return err_set(e, EINVAL, "names: is empty");
	for (size_t i = 0; i < s->names_len; i++)
		if (!*s->names[i])
			return err_set(e, EINVAL, "names[%zu]: is empty", i);
	for (size_t i = 0; i < s->args_len; i++)
		if (s->args[i].index >= SYSCALL_ARGS)
			return err_set(e, EINVAL, "args[%zu].index: %u is out of range, which is 0 to 5", i,
				       s->args[i].index);
	return check_return(s->action, s->has_errno_ret, s->errno_ret, "errnoRet", e);
}

int check_seccomp(const struct oci_seccomp *s, struct err *e)
{
	int r = check_return(s->default_action, s->has_default_errno_ret, s->default_errno_ret, "defaultErrnoRet", e);

	if (r < 0)
		return r;
	if (is_given(s->listener_metadata) && !is_given(s->listener_path))
		return err_set(e, EINVAL, "listenerMetadata: must not be there without listenerPath");
	for (size_t i = 0; i < s->syscalls_len; i++)
		if (check_syscall(&s->syscalls[i], e) < 0)
			return spec_err_in(e, "syscalls[%zu]", i);
	return 0;
}
