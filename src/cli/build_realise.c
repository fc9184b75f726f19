/* `cloister-build X.drv...`: the words of the command line become a schedule; build/ does the rest. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "build/target.h"
#include "cli/build.h"
#include "derivation/hash.h"
#include "store/resolve.h"

struct options {
	const char *store, *output, *from, *database, *runtime, *log_dir, *build_dir, *bin_sh, *network;
	const char *max_log_size;
	unsigned jobs, cores, timeout, max_silent_time;
	bool check, keep_failed, keep_going, print_build_logs, dry_run;
	struct option_list sandbox_paths, features;
};

#define AT(field) offsetof(struct options, field)

static const struct option_def option_defs[] = {
	{ "store", 0, OPTION_TEXT, AT(store), "ROOT",
	  "put outputs into the relocated store ROOT (~/.local/share/cloister/root)" },
	{ "output", 'o', OPTION_TEXT, AT(output), "DIR", "put outputs into this folder instead, as DIR/HASH-NAME" },
	{ "from", 0, OPTION_TEXT, AT(from), "ROOT", "derivations and inputs are in this relocated store" },
	{ "database", 0, OPTION_TEXT, AT(database), "FILE",
	  "the SQLite database of the inputs' store, if it is not at its usual place" },
	{ "jobs", 'j', OPTION_COUNT, AT(jobs), "N", "build so many derivations at once (1)" },
	{ "cores", 0, OPTION_COUNT, AT(cores), "N", "what builders are told of processors; 0: all (0)" },
	{ "keep-going", 'k', OPTION_FLAG, AT(keep_going), NULL, "go on with what does not need a failed build" },
	{ "keep-failed", 'K', OPTION_FLAG, AT(keep_failed), NULL, "keep the build directory of a failed build" },
	{ "check", 0, OPTION_FLAG, AT(check), NULL, "build again what is there, and compare" },
	{ "dry-run", 'n', OPTION_FLAG, AT(dry_run), NULL, "only say what would be built" },
	{ "timeout", 0, OPTION_COUNT, AT(timeout), "SECONDS", "kill a build that takes longer" },
	{ "max-silent-time", 0, OPTION_COUNT, AT(max_silent_time), "SECONDS",
	  "kill a build that prints nothing for so long" },
	{ "max-log-size", 0, OPTION_TEXT, AT(max_log_size), "BYTES", "kill a build that prints more" },
	{ "print-build-logs", 'L', OPTION_FLAG, AT(print_build_logs), NULL, "show what the builders print" },
	{ "log-dir", 0, OPTION_TEXT, AT(log_dir), "DIR", "write the builders' output to DIR/HASH-NAME.drv.log" },
	{ "build-dir", 0, OPTION_TEXT, AT(build_dir), "DIR", "make build directories here ($TMPDIR, /tmp)" },
	{ "sandbox-path", 0, OPTION_LIST, AT(sandbox_paths), "[DST=]SRC[?]",
	  "show this in the sandbox; repeatable" },
	{ "bin-sh", 0, OPTION_TEXT, AT(bin_sh), "PATH", "what /bin/sh is in the sandbox: a program, none, or default" },
	{ "feature", 0, OPTION_LIST, AT(features), "NAME", "a system feature that this machine has; repeatable" },
	{ "network", 0, OPTION_TEXT, AT(network), "MODE",
	  "the network of fixed-output builds: default, none, host, pasta or slirp4netns" },
	{ "runtime", 0, OPTION_TEXT, AT(runtime), "PROGRAM", "the program cloister (beside this one, or in PATH)" },
	{ 0 },
};

struct realise {
	struct arena *arena;
	const struct options *o;
	struct store from;
	struct build_target target;
	struct build_options options;
	struct drv_graph graph;
	struct store_paths wanted;
	struct build_schedule schedule;
	struct err *e;
};

static int check_words(const struct options *o, const struct option_words *words, struct err *e)
{
	if (words->len == 0)
		return err_set(e, EINVAL, "a derivation is needed: a .drv file in the store");
	if (o->store && o->output)
		return err_set(e, EINVAL, "--store and --output contradict each other");
	if (o->check && o->dry_run)
		return err_set(e, EINVAL, "--check and --dry-run contradict each other");
	return 0;
}

/* The derivations, all of one store. */
static int find_derivations(struct realise *m, const struct option_words *words)
{
	const struct store_options where = { .root = m->o->from, .database = m->o->database };
	struct store_ref ref;
	int r = store_locate(m->arena, &where, words->items[0], &m->from, m->e);

	for (size_t i = 0; r == 0 && i < words->len; i++) {
		r = store_path_resolve(m->arena, &m->from, 1, words->items[i], &ref, m->e);
		if (r == 0 && (*ref.rest || !drv_name_of_path(m->arena, &m->from, ref.path)))
			r = err_set(m->e, EINVAL, "%s is not a derivation: give the .drv file in the store, which "
				    "'nix-store --query --deriver' or 'guix build --derivations' names",
				    words->items[i]);
		if (r == 0)
			r = store_paths_add(m->arena, &m->wanted, &m->from, ref.path, words->items[i], m->e);
	}
	return r;
}

/* $XDG_DATA_HOME/cloister/root, with its parents. */
static int default_root(struct arena *a, char **ret, struct err *e)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

	if (data && *data == '/')
		*ret = arena_printf(a, "%s/cloister/root", data);
	else if (home && *home == '/')
		*ret = arena_printf(a, "%s/.local/share/cloister/root", home);
	else
		return err_set(e, ENOENT, "HOME is not set: say where outputs go with --store or --output");
	return *ret ? 0 : err_oom(e);
}

static int open_target(struct realise *m)
{
	char *root = (char *)m->o->store;
	int r = root || m->o->output ? 0 : default_root(m->arena, &root, m->e);

	if (r == 0)
		r = build_target_open(m->arena, m->from.kind, root, m->o->output, &m->target, m->e);
	/* A store above itself would be asked twice. */
	if (r == 0 && strcmp(m->target.store.folder, m->from.folder) != 0)
		m->from.above = &m->target.store;
	return r;
}

static int set_folder(struct realise *m, const char *given, const char **ret)
{
	char real[PATH_MAX];

	if (!realpath(given, real))
		return err_sys(m->e, errno, "folder %s", given);
	*ret = arena_strdup(m->arena, real);
	return *ret ? 0 : err_oom(m->e);
}

static int set_options(struct realise *m)
{
	const struct options *o = m->o;
	const char *tmp = getenv("TMPDIR");
	struct build_options *b = &m->options;
	unsigned long long max_log = 0;
	char *runtime;
	int r;

	if (o->max_log_size && parse_u64(o->max_log_size, ~0ull, &max_log) < 0)
		return err_set(m->e, EINVAL, "--max-log-size: '%s' is not a number of bytes", o->max_log_size);
	*b = (struct build_options){
		.from = &m->from, .target = &m->target, .jobs = o->jobs ? o->jobs : 1, .cores = o->cores,
		.timeout = o->timeout, .max_silent = o->max_silent_time, .max_log = max_log, .check = o->check,
		.keep_failed = o->keep_failed, .keep_going = o->keep_going, .bin_sh = o->bin_sh,
		.network = o->network, .sandbox_paths = o->sandbox_paths.items,
		.sandbox_paths_len = o->sandbox_paths.len, .features = o->features.items,
		.features_len = o->features.len,
	};
	r = build_find_runtime(m->arena, o->runtime, &runtime, m->e);
	b->cloister = runtime;
	if (r == 0)
		r = set_folder(m, o->build_dir ? o->build_dir : tmp && *tmp ? tmp : "/tmp", &b->tmp);
	if (r == 0 && o->log_dir)
		r = set_folder(m, o->log_dir, &b->log_dir);
	return r;
}

static int run(struct realise *m)
{
	struct build_progress *progress = build_progress_new(m->o->print_build_logs);
	int r;

	if (!progress)
		return err_oom(m->e);
	const struct build_watch watch = build_progress_watch(progress);
	r = build_schedule_run(&m->schedule, &watch, m->e);
	build_progress_free(progress);
	return r;
}

/* As nix-store --realise prints them; of a folder, where they are. */
static int print_outputs(struct realise *m)
{
	_cleanup_str_ struct str out = STR_INIT;

	for (size_t i = 0; i < m->schedule.len; i++) {
		const struct build_step *step = m->schedule.steps[i];

		for (size_t k = 0; step->wanted && k < step->outputs.len; k++)
			if (m->target.complete)
				str_addf(&out, "%s\n", step->outputs.items[k]);
			else
				str_addf(&out, "%s/%s\n", m->target.store.folder,
					 build_target_name(&m->target, step->outputs.items[k]));
	}
	return out.failed ? err_oom(m->e) : build_print(str_text(&out), m->e);
}

static int print_plan(struct realise *m)
{
	_cleanup_str_ struct str out = STR_INIT;

	for (size_t i = m->schedule.len; i-- > 0;)
		if (m->schedule.steps[i]->state == BUILD_STATE_WAITING)
			str_addf(&out, "%s\n", m->schedule.steps[i]->path);
	return out.failed ? err_oom(m->e) : build_print(str_text(&out), m->e);
}

static int realise(struct realise *m, const struct option_words *words)
{
	int r = find_derivations(m, words);

	if (r == 0)
		r = open_target(m);
	if (r == 0)
		r = set_options(m);
	if (r < 0)
		return r;
	drv_graph_init(&m->graph, m->arena, &m->from);
	r = build_schedule_make(&m->graph, &m->options, &m->wanted, &m->schedule, m->e);
	if (r == 0 && m->o->dry_run)
		return print_plan(m);
	if (r == 0)
		r = run(m);
	return r < 0 ? r : print_outputs(m);
}

static int run_realise(struct arena *a, void *options, const struct option_words *words, bool *ret_usage, struct err *e)
{
	struct realise m = { .arena = a, .o = options, .target = { .place = { .dirfd = -1 } }, .e = e };
	int r = check_words(m.o, words, e);

	if (r < 0) {
		*ret_usage = true;
		return r;
	}
	r = realise(&m, words);
	build_schedule_free(&m.schedule);
	drv_graph_free(&m.graph);
	build_target_close(&m.target);
	return r;
}

const struct build_command build_realise = {
	.name = "",
	.words = "X.drv...",
	.details = "Builds derivations of Nix or Guix, and what they need and is not there, each in the sandbox that\n"
		   "its builder expects, without root and without a daemon. Inputs come from the machine's store,\n"
		   "read-only. Prints the outputs' paths.\n",
	.options = option_defs,
	.options_size = sizeof(struct options),
	.run = run_realise,
};
