/* `cloister delete`: removes all that is left of a container. */
#include <regex.h>

#include "base/log.h"
#include "cli/cli.h"
#include "run/run.h"
#include "state/store.h"

struct delete_options {
	bool force;
	bool regex;
};

static const struct option_def delete_defs[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL,
	  "kill it first if it still runs; no error if it does not exist" },
	{ "regex", 0, OPTION_FLAG, offsetof(struct delete_options, regex), NULL,
	  "CONTAINER is an extended regular expression: delete all whose id has a match for it" },
	{ 0 },
};

/* One that cannot be deleted must not keep the others. The last error is the command's, those before are warnings. */
static int delete_matching(struct run_context *context, const regex_t *regex, bool force, struct err *e)
{
	int failed = 0;
	size_t len;
	char **ids;
	int r = state_list(context->arena, context->root, &ids, &len, e);

	/* No state root: no containers. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < len; i++) {
		struct err this;

		if (regexec(regex, ids[i], 0, NULL, 0) != 0)
			continue;
		r = run_delete(context, ids[i], force, &this);
		/* Somebody else was faster. */
		if (r == 0 || r == -ENOENT)
			continue;
		if (failed < 0)
			log_warning("%s", e->text);
		failed = r;
		*e = this;
	}
	return failed;
}

static int delete_regex(struct run_context *context, const char *text, bool force, struct err *e)
{
	char problem[128];
	regex_t regex;
	int r = regcomp(&regex, text, REG_EXTENDED | REG_NOSUB);

	if (r) {
		regerror(r, &regex, problem, sizeof problem);
		return err_set(e, EINVAL, "option --regex: '%s' is no extended regular expression: %s", text, problem);
	}
	r = delete_matching(context, &regex, force, e);
	regfree(&regex);
	return r;
}

static int delete(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct delete_options *o = options;
	struct run_context context;
	int r = cli_context(c, &context, e);

	if (r < 0)
		return r;
	if (o->regex)
		return delete_regex(&context, words->items[0], o->force, e);
	return run_delete(&context, words->items[0], o->force, e);
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
