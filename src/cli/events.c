/* `cloister events`: what a container uses, and when something in it was killed for want of memory. */
#include "cli/cli.h"
#include "cli/duration.h"
#include "cli/events_json.h"
#include "run/run.h"

struct events_options {
	const char *interval;
	bool stats;
};

static const struct option_def events_defs[] = {
	{ "interval", 0, OPTION_TEXT, offsetof(struct events_options, interval), "TIME",
	  "how often to show what it uses (5s by default)" },
	{ "stats", 0, OPTION_FLAG, offsetof(struct events_options, stats), NULL, "show that once, and exit" },
	{ 0 },
};

static int report(void *data, const struct cgroup_stats *stats, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;
	const char *id = data;

	if (stats)
		events_add_stats(&out, id, stats);
	else
		events_add_oom(&out, id);
	return cli_print(&out, e);
}

static int events(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct events_options *o = options;
	const char *interval = cli_given(o->interval);
	struct run_events_options run = {
		.id = words->items[0],
		.interval_ms = 5000,
		.once = o->stats,
		.report = report,
		.data = words->items[0],
	};
	struct run_context context;
	int r;

	if (interval && duration_parse(interval, &run.interval_ms) < 0)
		return err_set(e, EINVAL, "option --interval: '%s' is not a time like 500ms, 5s or 1m30s", interval);
	r = cli_context(c, &context, e);
	return r < 0 ? r : run_events(&context, &run, e);
}

const struct cli_command cli_events = {
	.name = "events",
	.words = "CONTAINER",
	.help = "shows what a container uses, again and again, as JSON",
	.details = "One line each: {\"type\":\"stats\",...}, and {\"type\":\"oom\",...} when one of its processes was "
		   "killed\n"
		   "for want of memory. It ends when the container does.\n",
	.min_words = 1,
	.max_words = 1,
	.options = events_defs,
	.options_size = sizeof(struct events_options),
	.run = events,
};
