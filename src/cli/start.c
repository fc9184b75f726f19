/* `cloister start`: lets a created container's program run. */
#include "cli/cli.h"
#include "run/run.h"

static int start(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	struct run_context context;
	int r = cli_context(c, &context, e);

	(void)options;
	return r < 0 ? r : run_start(&context, words->items[0], e);
}

const struct cli_command cli_start = {
	.name = "start",
	.words = "CONTAINER",
	.help = "starts the program of a created container",
	.min_words = 1,
	.max_words = 1,
	.run = start,
};
