/* `cloister-bundle network-hook`: not for people; a bundle names it as the hook that connects its network. */
#include "bundle/network_hook.h"
#include "cli/bundle.h"

static const struct option_def option_defs[] = { { 0 } };

static int run(struct arena *a, void *options, const struct option_words *words, struct str *out, bool *ret_usage,
	       struct err *e)
{
	(void)options;
	(void)out;
	if (words->len != 2) {
		*ret_usage = true;
		return err_set(e, EINVAL, "network-hook requires a helper's name and its program");
	}
	return network_hook_run(a, words->items[0], words->items[1], e);
}

const struct bundle_command bundle_network_hook = {
	.name = "network-hook",
	.words = "pasta|slirp4netns PROGRAM",
	.help = "connects a sandbox's network; called by the runtime, not by people",
	.details = "The hook createRuntime of bundles whose builder may use a network. Reads the container's state "
		"from\n"
		   "standard input, starts the helper for its network namespace, and returns when that is connected"
		". The\n"
		   "helper ends with the container.\n",
	.options = option_defs,
	.options_size = sizeof(char),
	.run = run,
};
