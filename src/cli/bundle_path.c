/* `cloister-bundle path`: the words of the command line become a request; bundle/ does the rest. */
#include "bundle/path.h"
#include "cli/bundle.h"

struct options {
	const char *output, *store, *database;
	const char *closure, *closure_info, *path_info, *references_graph;
	bool scan;
	struct option_list env, binds, writable;
	const char *network, *bin_sh, *hostname, *user, *cwd;
	bool terminal, no_gc_root, require_gc_root;
};

#define AT(field) offsetof(struct options, field)

static const struct option_def option_defs[] = {
	{ "output", 'o', OPTION_TEXT, AT(output), "DIR", "where to write the bundle (./bundle); it must not exist" },
	{ "store", 0, OPTION_TEXT, AT(store), "ROOT",
	  "a relocated store: files are in ROOT/nix/store or ROOT/gnu/store" },
	{ "database", 0, OPTION_TEXT, AT(database), "FILE",
	  "the store's SQLite database, if it is not at its usual place" },
	{ "closure", 0, OPTION_TEXT, AT(closure), "FILE",
	  "the closure is this list of store paths; - for standard input" },
	{ "closure-info", 0, OPTION_TEXT, AT(closure_info), "DIR",
	  "references from a folder made by nixpkgs' closureInfo" },
	{ "path-info", 0, OPTION_TEXT, AT(path_info), "FILE", "references from nix path-info --json --recursive" },
	{ "references-graph", 0, OPTION_TEXT, AT(references_graph), "FILE",
	  "references as exportReferencesGraph writes them" },
	{ "scan", 0, OPTION_FLAG, AT(scan), NULL, "find references by scanning files, though there is a database" },
	{ "env", 'e', OPTION_LIST, AT(env), "NAME[=VALUE]", "set a variable, or pass on the caller's; repeatable" },
	{ "bind", 0, OPTION_LIST, AT(binds), "SRC[:DST[:ro|rw]]",
	  "show a file or folder of the host, read-only if not rw; repeatable" },
	{ "writable", 0, OPTION_LIST, AT(writable), "DIR",
	  "make this folder writable and lasting, in the bundle; repeatable" },
	{ "network", 0, OPTION_TEXT, AT(network), "MODE",
	  "none (default): only a loopback of its own; host: the host's" },
	{ "bin-sh", 0, OPTION_TEXT, AT(bin_sh), "PATH",
	  "what /bin/sh is: a store path, none, or default: the closure's shell" },
	{ "hostname", 0, OPTION_TEXT, AT(hostname), "NAME", "the name of the container's host (cloister)" },
	{ "user", 'u', OPTION_TEXT, AT(user), "UID[:GID]",
	  "the ids inside (0:0); outside they are always the caller's" },
	{ "cwd", 0, OPTION_TEXT, AT(cwd), "DIR", "working directory (/)" },
	{ "terminal", 't', OPTION_FLAG, AT(terminal), NULL, "give the program a terminal" },
	{ "no-gc-root", 0, OPTION_FLAG, AT(no_gc_root), NULL, "do not protect the closure from the garbage collector" },
	{ "require-gc-root", 0, OPTION_FLAG, AT(require_gc_root), NULL, "fail where the closure cannot be protected" },
	{ 0 },
};

static int check_words(const struct options *o, const struct option_words *words, struct err *e)
{
	if (words->before_dashes == 0)
		return err_set(e, EINVAL, "path requires a store path");
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
	const struct path_request request = {
		.paths = (const char *const *)words->items, .paths_len = words->before_dashes,
		.command = words->items + words->before_dashes, .command_len = words->len - words->before_dashes,
		.store = { .root = o->store, .database = o->database },
		.closure_info = o->closure_info, .closure_list = o->closure, .path_info = o->path_info,
		.references_graph = o->references_graph, .scan = o->scan,
		.env = o->env.items, .env_len = o->env.len, .binds = o->binds.items, .binds_len = o->binds.len,
		.writable = o->writable.items, .writable_len = o->writable.len,
		.network = o->network, .bin_sh = o->bin_sh, .hostname = o->hostname, .user = o->user, .cwd = o->cwd,
		.terminal = o->terminal,
		.gc_root = o->no_gc_root ? GC_ROOT_NONE : o->require_gc_root ? GC_ROOT_REQUIRE : GC_ROOT_TRY,
	};
	struct recipe recipe;
	int r = check_words(o, words, e);

	if (r < 0) {
		*ret_usage = true;
		return r;
	}
	r = bundle_path_recipe(a, &request, &recipe, e);
	return r < 0 ? r : bundle_make(a, &recipe, o->output, out, e);
}

const struct bundle_command bundle_path = {
	.name = "path",
	.words = "STORE-PATH... [-- PROGRAM [ARGUMENT...]]",
	.help = "bundles the closure of store paths",
	.details = "Writes a bundle in which PROGRAM runs with the closure of the store paths and nothing else: "
		   "read-only, each\n"
		   "path at its own place, with private /proc, /dev and /tmp. A STORE-PATH may also be a link to one "
		   "(./result) or\n"
		   "name something below one. PROGRAM is a name, looked up in the store paths' bin, or an absolute "
		   "path; without\n"
		   "it the program is what STORE-PATH names, the only one in its bin, or the one with the package's "
		   "name.\n"
		   "Prints the bundle's path.\n",
	.options = option_defs,
	.options_size = sizeof(struct options),
	.run = run,
};
