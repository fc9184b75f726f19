/* `cloister-build external-builder`: what Nix calls in place of a builder. */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/io.h"
#include "build/external.h"
#include "cli/build.h"

struct options {
	const char *runtime, *bin_sh, *network;
	struct option_list sandbox_paths;
};

#define AT(field) offsetof(struct options, field)

static const struct option_def option_defs[] = {
	{ "sandbox-path", 0, OPTION_LIST, AT(sandbox_paths), "[DST=]SRC[?]",
	  "show this in the sandbox; repeatable" },
	{ "bin-sh", 0, OPTION_TEXT, AT(bin_sh), "PATH", "what /bin/sh is in the sandbox: a program, none, or default" },
	{ "network", 0, OPTION_TEXT, AT(network), "MODE",
	  "the network of fixed-output builds: default, none, host, pasta or slirp4netns" },
	{ "runtime", 0, OPTION_TEXT, AT(runtime), "PROGRAM", "the program cloister (beside this one, or in PATH)" },
	{ 0 },
};

/* The byte 2 on a line is what Nix waits for; what came before it would be an error of the sandbox. */
static void say_ready(void)
{
	io_write_all(STDERR_FILENO, "\2\n", 2);
}

static int run_external(struct arena *a, void *options, const struct option_words *words, bool *ret_usage,
			struct err *e)
{
	const struct options *o = options;
	struct external_request q = { .ready = say_ready, .bin_sh = o->bin_sh, .network = o->network,
				      .sandbox_paths = o->sandbox_paths.items,
				      .sandbox_paths_len = o->sandbox_paths.len };
	char *cloister;
	int status = 0, r;

	if (words->len != 1) {
		*ret_usage = true;
		return err_set(e, EINVAL, "external-builder takes one file, which Nix gives");
	}
	/* Nix ends a build by killing us. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	q.file = words->items[0];
	r = build_find_runtime(a, o->runtime, &cloister, e);
	q.cloister = cloister;
	if (r == 0)
		r = external_build(a, &q, &status, e);
	/* Nix reports it as the builder's own. */
	if (r == 0 && status)
		exit(status);
	return r;
}

const struct build_command build_external = {
	.name = "external-builder",
	.words = "FILE",
	.details = "Runs one builder for Nix, whose setting external-builders names this program; FILE is what Nix "
		   "gives.\n",
	.options = option_defs,
	.options_size = sizeof(struct options),
	.run = run_external,
};
