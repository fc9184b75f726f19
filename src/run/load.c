/* Why: everything that can be found wrong before the first side effect is found here. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "run/closure.h"
#include "run/container.h"
#include "run/facts.h"
#include "spec/load.h"
#include "spec/validate.h"

static int open_bundle(struct container *c, int *ret, struct err *e)
{
	const char *path = c->options->bundle ? c->options->bundle : ".";
	char real[PATH_MAX];

	if (!realpath(path, real))
		return err_sys(e, errno, "the bundle %s", path);
	*ret = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret < 0)
		return err_sys(e, errno, "open the bundle %s", real);
	c->bundle = arena_strdup(c->context->arena, real);
	return c->bundle ? 0 : err_oom(e);
}

static int check_terminal(const struct container *c, struct err *e)
{
	bool terminal = c->spec->process && c->spec->process->terminal;

	if (c->options->console_socket && !terminal)
		return err_set(e, EINVAL,
			       "--console-socket: process.terminal is false, so there is no terminal to send");
	return 0;
}

/* Device rules need no controller. */
static bool asks_for_limits(const struct oci_resources *r)
{
	return r && (r->memory || r->cpu || r->pids || r->block_io || r->hugepage_limits_len || r->rdma || r->unified);
}

int container_load(struct container *c, struct run_context *context, const struct run_create_options *options,
		   struct err *e)
{
	struct plan_options plan_options = {
		.id = options->id,
		.preserve_fds = options->preserve_fds,
		.listen_fds = options->listen_fds,
		.listen_names = options->listen_names,
		.new_keyring = !options->no_new_keyring,
		.cgroup_manager = context->cgroup_manager,
	};
	_cleanup_close_ int bundle_fd = -1;
	int r;

	*c = (struct container){
		.context = context,
		.options = options,
		.dir = STATE_DIR_INIT,
		.sync = { -1, -1 },
		.console = { -1, -1 },
		.start_socket = -1,
		.outer_pidfd = -1,
		.init_pidfd = -1,
	};
	r = open_bundle(c, &bundle_fd, e);
	if (r == 0)
		r = facts_read(context->arena, context->proc_fd, &c->facts, e);
	if (r < 0)
		return r;
	c->facts.bundle = c->bundle;
	if (spec_load(context->arena, bundle_fd, options->config ? options->config : "config.json", &c->spec, e) < 0)
		r = err_prefix(e, "bundle %s", c->bundle);
	if (r == 0)
		r = closure_read(context, c->spec, &c->facts.closure, e);
	if (r == 0)
		r = check_terminal(c, e);
	if (r == 0 && c->spec->linux && asks_for_limits(c->spec->linux->resources))
		r = facts_read_controllers(context->arena, context->proc_fd, &c->facts, e);
	if (r == 0)
		r = plan_build(context->arena, c->spec, &c->facts, &plan_options, &c->plan, e);
	return r;
}
