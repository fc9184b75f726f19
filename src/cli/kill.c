/* `cloister kill`: sends a signal to the container's first process, or to all. */
#include <signal.h>

#include "cli/cli.h"
#include "cli/signal.h"
#include "run/run.h"

struct kill_options {
	bool all;
};

static const struct option_def kill_defs[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all), NULL, "to all processes of the container" },
	{ 0 },
};

static int kill_container(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct kill_options *o = options;
	struct run_context context;
	int signal = SIGTERM, r = 0;

	if (words->len > 1 && *words->items[1])
		r = cli_parse_signal(words->items[1], &signal, e);
	if (r == 0)
		r = cli_context(c, &context, e);
	return r < 0 ? r : run_kill(&context, words->items[0], signal, o->all, e);
}

const struct cli_command cli_kill = {
	.name = "kill",
	.words = "CONTAINER [SIGNAL]",
	.help = "sends a signal to the container's first process",
	.details = "SIGNAL is a name with or without SIG, or a number; without one it is TERM.\n",
	.min_words = 1,
	.max_words = 2,
	.options = kill_defs,
	.options_size = sizeof(struct kill_options),
	.run = kill_container,
};
