/* `cloister run`: create, start, wait and delete in one. */
#include "cli/create.h"

static const struct option_def run_defs[] = {
	CREATE_OPTION_ROWS,
	{ "detach", 'd', OPTION_FLAG, CREATE_AT(detach), NULL, "return when the container is started" },
	{ "keep", 0, OPTION_FLAG, CREATE_AT(keep), NULL, "do not delete the container when it ends" },
	{ "no-subreaper", 0, OPTION_FLAG, CREATE_AT(no_subreaper), NULL,
	  "do not adopt the processes that the container leaves behind" },
	{ 0 },
};

static int run(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	struct run_create_options create_options;
	struct run_context context;
	int r = create_prepare(c, options, words->items[0], &context, &create_options, e);

	return r < 0 ? r : run_run(&context, &create_options, &c->exit_status, e);
}

const struct cli_command cli_run = {
	.name = "run",
	.words = "CONTAINER",
	.help = "creates a container, starts it, waits for its end and deletes it",
	.details = "Exits with the container's exit status, or 128 and the signal's number if a signal ended it.\n",
	.min_words = 1,
	.max_words = 1,
	.options = run_defs,
	.options_size = sizeof(struct create_options),
	.run = run,
};
