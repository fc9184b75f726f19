/* `cloister plan`: what create would do, step by step, without doing it. */
#include "cli/create.h"

static const struct option_def plan_defs[] = {
	CREATE_OPTION_ROWS,
	{ 0 },
};

static int plan(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;
	struct run_create_options create_options;
	struct run_context context;
	/* The id only matters where its name appears, so a made-up one will do. */
	int r = create_prepare(c, options, words->len ? words->items[0] : "plan", &context, &create_options, e);

	if (r == 0)
		r = run_plan(&context, &create_options, &out, e);
	return r < 0 ? r : cli_print(&out, e);
}

const struct cli_command cli_plan = {
	.name = "plan",
	.words = "[CONTAINER]",
	.help = "shows step by step what create would do, and does nothing",
	.min_words = 0,
	.max_words = 1,
	.options = plan_defs,
	.options_size = sizeof(struct create_options),
	.run = plan,
};
