/*
 * `cloister-bundle closure`: the paths of a closure, one a line. It is also the runtime's helper for the annotation
 * run.cloister.closure, which is why it takes what an annotation may hold and nothing that only its caller may read.
 */
#include "cli/bundle.h"
#include "store/words.h"

struct options {
	const char *store;
};

static const struct option_def option_defs[] = {
	{ "store", 0, OPTION_TEXT, offsetof(struct options, store), "ROOT",
	  "a relocated store: files are in ROOT/nix/store or ROOT/gnu/store" },
	{ 0 },
};

static int run(struct arena *a, void *options, const struct option_words *words, struct str *out, bool *ret_usage,
	       struct err *e)
{
	const struct options *o = options;
	struct store_paths closure;
	int r;

	if (words->len == 0) {
		*ret_usage = true;
		return err_set(e, EINVAL, "closure requires a store path, a closureInfo directory or a file");
	}
	r = closure_from_words(a, o->store, (const char *const *)words->items, words->len, &closure, e);
	for (size_t i = 0; r == 0 && i < closure.len; i++)
		str_addf(out, "%s\n", closure.items[i]);
	return r;
}

const struct bundle_command bundle_closure = {
	.name = "closure",
	.words = "STORE-PATH|DIR|FILE...",
	.help = "lists the closure of store paths",
	.details = "Prints the store paths of a closure, sorted, one a line. A word is a store path, whose closure\n"
		   "the store's database knows; a closureInfo directory; or a file that lists the paths, one a line.\n"
		   "cloister calls this for the annotation run.cloister.closure.\n",
	.options = option_defs,
	.options_size = sizeof(struct options),
	.run = run,
};
