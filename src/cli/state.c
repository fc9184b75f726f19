/* `cloister state`: the state of a container as JSON. */
#include "cli/host.h"
#include "libocispec/field/write.h"

static int state(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;
	struct oci_state state;
	const char *root;
	int r = cli_root(c, &root, e);

	(void)options;
	if (r == 0)
		r = cli_describe(c, root, words->items[0], &state, e);
	if (r < 0)
		return r;
	if (oci_write(&out, &oci_state_type, &state, OCI_INDENTED) < 0)
		return err_oom(e);
	return cli_print(&out, e);
}

const struct cli_command cli_state = {
	.name = "state",
	.words = "CONTAINER",
	.help = "shows the state of a container as JSON",
	.details = "The status is creating, created, running, paused or stopped; a stopped container has the pid 0.\n",
	.min_words = 1,
	.max_words = 1,
	.run = state,
};
