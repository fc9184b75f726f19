/* `cloister-bundle drv`: the words of the command line become a request; bundle/ does the rest. */
#include "bundle/drv.h"
#include "cli/bundle.h"

struct options {
	const char *output, *store, *database;
	bool shell, terminal;
	const char *json;
	const char *build_dir, *bin_sh, *network;
	struct option_list sandbox_paths, features;
	unsigned cores;
	bool no_gc_root, require_gc_root;
};

#define AT(field) offsetof(struct options, field)

static const struct option_def option_defs[] = {
	{ "output", 'o', OPTION_TEXT, AT(output), "DIR", "where to write the bundle (./bundle); it must not exist" },
	{ "json", 0, OPTION_TEXT, AT(json), "FILE",
	  "the derivation is one of these, which nix derivation show printed; - for standard input" },
	{ "shell", 's', OPTION_FLAG, AT(shell), NULL,
	  "enter the builder's sandbox: a shell, or the program after --, instead of the builder" },
	{ "build-dir", 0, OPTION_TEXT, AT(build_dir), "DIR",
	  "the build directory, such as that of a failed build, instead of a new one" },
	{ "store", 0, OPTION_TEXT, AT(store), "ROOT",
	  "a relocated store: files are in ROOT/nix/store or ROOT/gnu/store" },
	{ "database", 0, OPTION_TEXT, AT(database), "FILE",
	  "the store's SQLite database, if it is not at its usual place" },
	{ "bin-sh", 0, OPTION_TEXT, AT(bin_sh), "PATH",
	  "what /bin/sh is: a program of the store or the host, none, or default: a static busybox" },
	{ "sandbox-path", 0, OPTION_LIST, AT(sandbox_paths), "[DST=]SRC[?]",
	  "show a file or folder, read-only; with ? only if it is there; repeatable" },
	{ "feature", 0, OPTION_LIST, AT(features), "NAME",
	  "a system feature of this machine; without: nixos-test, benchmark, big-parallel, kvm; repeatable" },
	{ "network", 0, OPTION_TEXT, AT(network), "MODE",
	  "of a fixed output: default (pasta or slirp4netns), pasta, slirp4netns, none, host" },
	{ "cores", 0, OPTION_COUNT, AT(cores), "N", "NIX_BUILD_CORES (all that this process may use)" },
	{ "terminal", 't', OPTION_FLAG, AT(terminal), NULL, "give the program a terminal; a shell has one anyway" },
	{ "no-gc-root", 0, OPTION_FLAG, AT(no_gc_root), NULL, "do not protect the inputs from the garbage collector" },
	{ "require-gc-root", 0, OPTION_FLAG, AT(require_gc_root), NULL, "fail where the inputs cannot be protected" },
	{ 0 },
};

static int check_words(const struct options *o, const struct option_words *words, struct err *e)
{
	if (words->before_dashes > 1 || (words->before_dashes == 0 && !o->json))
		return err_set(e, EINVAL, "drv requires one derivation");
	if (words->dashes && !o->shell)
		return err_set(e, EINVAL, "a program after -- needs --shell: without it the builder runs");
	if (words->dashes && words->len == words->before_dashes)
		return err_set(e, EINVAL, "a program must follow --");
	if (o->no_gc_root && o->require_gc_root)
		return err_set(e, EINVAL, "--no-gc-root and --require-gc-root contradict each other");
	return 0;
}

static int run(struct arena *a, void *options, const struct option_words *words, struct str *out, bool *ret_usage,
	       struct err *e)
{
	const struct options *o = options;
	const struct drv_request request = {
		.drv = words->before_dashes ? words->items[0] : NULL, .json = o->json,
		.store = { .root = o->store, .database = o->database },
		.shell = o->shell, .terminal = o->terminal, .build_dir = o->build_dir,
		.command = words->items + words->before_dashes, .command_len = words->len - words->before_dashes,
		.bin_sh = o->bin_sh, .network = o->network, .cores = o->cores,
		.sandbox_paths = o->sandbox_paths.items, .sandbox_paths_len = o->sandbox_paths.len,
		.features = o->features.items, .features_len = o->features.len,
		.gc_root = o->no_gc_root ? GC_ROOT_NONE : o->require_gc_root ? GC_ROOT_REQUIRE : GC_ROOT_TRY,
	};
	struct recipe recipe;
	int r = check_words(o, words, e);

	if (r < 0) {
		*ret_usage = true;
		return r;
	}
	r = bundle_drv_recipe(a, &request, &recipe, e);
	return r < 0 ? r : bundle_make(a, &recipe, o->output, out, e);
}

const struct bundle_command bundle_drv = {
	.name = "drv",
	.words = "X.drv [-- PROGRAM [ARGUMENT...]]",
	.help = "bundles the builder of a derivation in its sandbox",
	.details = "Writes a bundle in which the builder of the derivation finds what Nix or Guix would give it: its "
		   "inputs,\n"
		   "read-only, its environment, its build directory and nothing else. Outputs appear in the bundle's "
		   "store/. With\n"
		   "--shell another program runs there, to look around: by default a shell. X.drv is a file of the "
		"store "
		   "or a\n"
		   "link to one. Prints the bundle's path.\n",
	.options = option_defs,
	.options_size = sizeof(struct options),
	.run = run,
};
