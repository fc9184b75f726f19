/* `cloister pause` and `cloister resume`: stop all processes of a container where they are, and let them go on. */
#include "cli/cli.h"
#include "run/run.h"

static int pause_container(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	struct run_context context;
	int r = cli_context(c, &context, e);

	(void)options;
	return r < 0 ? r : run_pause(&context, words->items[0], e);
}

static int resume_container(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	struct run_context context;
	int r = cli_context(c, &context, e);

	(void)options;
	return r < 0 ? r : run_resume(&context, words->items[0], e);
}

const struct cli_command cli_pause = {
	.name = "pause",
	.words = "CONTAINER",
	.help = "stops all processes of a container, until resume",
	.details = "The container needs a cgroup of its own.\n",
	.min_words = 1,
	.max_words = 1,
	.run = pause_container,
};

const struct cli_command cli_resume = {
	.name = "resume",
	.words = "CONTAINER",
	.help = "lets the processes of a paused container go on",
	.min_words = 1,
	.max_words = 1,
	.run = resume_container,
};
