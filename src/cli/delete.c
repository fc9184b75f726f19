/* `cloister delete`: removes all that is left of a container. */
#include "cli/cli.h"
#include "run/run.h"

struct delete_options {
	bool force;
};

static const struct option_def delete_defs[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL,
	  "kill it first if it still runs; no error if it does not exist" },
	{ 0 },
};

static int delete(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct delete_options *o = options;
	struct run_context context;
	int r = cli_context(c, &context, e);

	return r < 0 ? r : run_delete(&context, words->items[0], o->force, e);
}

const struct cli_command cli_delete = {
	.name = "delete",
	.words = "CONTAINER",
	.help = "removes a container that has stopped or was never started",
	.min_words = 1,
	.max_words = 1,
	.options = delete_defs,
	.options_size = sizeof(struct delete_options),
	.run = delete,
};
