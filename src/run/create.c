/* Why: `create` (runtime.md, "Create"). */
#include "run/container.h"

int run_create(struct run_context *context, const struct run_create_options *options, struct err *e)
{
	struct container c;
	int r = container_load(&c, context, options, e);

	if (r == 0 && c.spec->process && c.spec->process->terminal && !options->console_socket)
		return err_set(e, EINVAL,
			       "process.terminal: create needs --console-socket, over which it sends the terminal");
	if (r == 0)
		r = container_launch(&c, false, e);
	if (r == 0)
		state_close(&c.dir);
	return r;
}

int run_plan(struct run_context *context, const struct run_create_options *options, struct str *out, struct err *e)
{
	struct container c;
	int r = container_load(&c, context, options, e);

	if (r == 0)
		plan_print(&c.plan, out);
	return r == 0 && out->failed ? err_oom(e) : r;
}
