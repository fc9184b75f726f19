/* Why: how `exec` comes into a container that is not of its own making, and may be hostile by now (plan/exec.c). */
#include <fcntl.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "sys/creds.h"
#include "sys/namespace.h"

/*
 * From here on the process is not the caller's alone: nobody may trace it or look into it, whatever capabilities he has
 * in the container's user namespace (I7; ptrace(2), "Ptrace access mode checking": the memory stays the host's).
 */
int apply_enter(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_dumpable(false);

	if (r == 0)
		r = sys_setns(ctx->enter_fd, op->enter);
	close_fd(&ctx->enter_fd);
	if (r == -ESRCH)
		return err_set(e, ESRCH, "the container has ended");
	if (r == -EPERM)
		return err_sys(
			e, EPERM,
			"join the container's namespaces (whoever created it may, once it has been started; root may "
			"before)");
	if (r < 0)
		return err_sys(e, -r, "join the container's namespaces");
	ctx->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ctx->root_fd < 0 ? err_sys(e, errno, "open the container's root") : 0;
}
