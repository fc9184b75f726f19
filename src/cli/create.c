/* `cloister create`, and what the other commands that make a container share with it. */
#include "cli/create.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "state/store.h"

static const struct option_def create_defs[] = {
	CREATE_OPTION_ROWS,
	{ 0 },
};

static int refuse(const struct create_options *o, struct err *e)
{
	if (o->no_pivot)
		return err_set(e, ENOTSUP,
			       "option --no-pivot is not supported: a container without pivot_root can reach "
			       "the host's files; put the rootfs on a mount of its own");
	return 0;
}

/*
 * Socket activation passes through (sd_listen_fds(3)). LISTEN_PID is not looked at: engines set it for the container.
 * What the caller promises and has not opened is not ours to make up.
 */
static void take_listen_fds(const struct cli *c, struct run_create_options *o)
{
	const char *text = cli_given(getenv("LISTEN_FDS"));
	unsigned long long n;
	unsigned left;

	if (!text || parse_u64(text, INT_MAX, &n) < 0 || n == 0)
		return;
	o->listen_fds = (unsigned)n;
	o->listen_names = cli_given(getenv("LISTEN_FDNAMES"));
	if (o->preserve_fds >= c->inherited_fds)
		return;
	left = c->inherited_fds - o->preserve_fds;
	o->preserve_fds += n < left ? (unsigned)n : left;
}

int create_prepare(struct cli *c, const struct create_options *options, const char *id, struct run_context *ret_context,
		   struct run_create_options *ret_options, struct err *e)
{
	int r = refuse(options, e);

	if (r == 0)
		r = state_check_id(id, e);
	if (r == 0)
		r = cli_context(c, ret_context, e);
	if (r < 0)
		return r;
	*ret_options = (struct run_create_options){
		.id = id,
		.bundle = cli_given(options->bundle),
		.config = cli_given(options->config),
		.pid_file = cli_given(options->pid_file),
		.console_socket = cli_given(options->console_socket),
		.preserve_fds = options->preserve_fds,
		.no_new_keyring = options->no_new_keyring,
		.detach = options->detach,
		.keep = options->keep,
		.no_subreaper = options->no_subreaper,
	};
	take_listen_fds(c, ret_options);
	return 0;
}

static int create(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	struct run_create_options create_options;
	struct run_context context;
	int r = create_prepare(c, options, words->items[0], &context, &create_options, e);

	return r < 0 ? r : run_create(&context, &create_options, e);
}

const struct cli_command cli_create = {
	.name = "create",
	.words = "CONTAINER",
	.help = "creates a container from a bundle, ready to be started",
	.min_words = 1,
	.max_words = 1,
	.options = create_defs,
	.options_size = sizeof(struct create_options),
	.run = create,
};
