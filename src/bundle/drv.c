/*
 * Why: what must be known before anything is written: that the derivation's paths are right, that its inputs are there,
 * and that nothing is asked of the sandbox that it does not give.
 */
#include "bundle/drv.h"

#include <limits.h>
#include <string.h>
#include <sched.h>
#include <unistd.h>

#include "base/str.h"
#include "bundle/drv_etc.h"
#include "bundle/drv_json.h"
#include "bundle/drv_network.h"
#include "bundle/drv_place.h"
#include "bundle/drv_shell.h"
#include "derivation/inputs.h"

struct maker {
	struct arena *arena;
	const struct drv_request *q;
	struct recipe *r;
	struct recipe_build *b;
	const char *path;              /* of the derivation */
	struct drv_graph *graph, own_graph;
	const struct derivation *d;
	struct drv_options options;
	struct drv_environment env;
	struct drv_inputs inputs;
	struct err *e;
};

/* A store path, of the store that the caller knows, or that it leads to. */
static int find_path(struct maker *m, struct store *s)
{
	struct store_ref ref;
	int r;

	m->path = m->q->drv;
	if (m->q->known_store) {
		*s = *m->q->known_store;
		return 0;
	}
	r = store_locate(m->arena, &m->q->store, m->q->drv, s, m->e);
	if (r == 0)
		r = store_path_resolve(m->arena, s, 1, m->q->drv, &ref, m->e);
	if (r < 0)
		return r;
	if (*ref.rest || !drv_name_of_path(m->arena, s, ref.path))
		return err_set(m->e, EINVAL, "%s is not a derivation: give the .drv file in the store, which "
			       "'nix-store --query --deriver' or 'guix build --derivations' names", m->q->drv);
	m->path = ref.path;
	return 0;
}

static int find_derivation(struct maker *m)
{
	struct store *s = arena_alloc(m->arena, sizeof *s);
	struct drv_node *n;
	int r = s ? 0 : err_oom(m->e);

	if (r == 0)
		r = m->q->json ? drv_json_find_store(m->arena, m->q, s, m->e) : find_path(m, s);
	if (r < 0)
		return r;
	m->r->store = s;
	drv_graph_init(&m->own_graph, m->arena, s);
	m->graph = m->q->graph ? m->q->graph : &m->own_graph;
	if (m->q->json)
		r = drv_json_read(m->graph, m->q, &m->path, m->e);
	if (r == 0)
		r = drv_graph_get(m->graph, m->path, &n, m->e);
	if (r == 0)
		r = drv_check_paths(m->graph, m->path, m->e);
	if (r < 0)
		return r;
	m->d = &n->drv;
	return drv_options_read(m->arena, s->kind, m->path, m->d, &m->options, m->e);
}

static int refuse(const struct maker *m, const char *what, const char *remedy)
{
	return err_set(m->e, ENOTSUP, "derivation %s: %s: %s", m->path, what, remedy);
}

/* The systems whose programs this machine's kernel runs. */
static bool runs_here(const char *system)
{
#if defined(__x86_64__)
	return strcmp(system, "x86_64-linux") == 0 || strcmp(system, "i686-linux") == 0;
#elif defined(__aarch64__)
	return strcmp(system, "aarch64-linux") == 0;
#else
	(void)system;
	return true;
#endif
}

static int check_features(const struct maker *m)
{
	static const char *const defaults[] = { "nixos-test", "benchmark", "big-parallel" };
	const char *const *have = m->q->features_len ? m->q->features : defaults;
	size_t n = m->q->features_len ? m->q->features_len : sizeof defaults / sizeof *defaults;
	bool kvm = !m->q->features_len && access("/dev/kvm", R_OK | W_OK) == 0;

	for (size_t i = 0; i < m->options.features.len; i++) {
		const char *want = m->options.features.items[i];
		bool found = (kvm && strcmp(want, "kvm") == 0) || strcmp(want, "ca-derivations") == 0;

		for (size_t k = 0; k < n; k++)
			found |= strcmp(have[k], want) == 0;
		if (strcmp(want, "uid-range") == 0 || strcmp(want, "recursive-nix") == 0 ||
		    strcmp(want, "builder-rpc-v0") == 0)
			return err_set(m->e, ENOTSUP, "derivation %s: it requires the system feature '%s', which this "
				       "sandbox does not have", m->path, want);
		if (!found)
			return err_set(m->e, ENOTSUP, "derivation %s: it requires the system feature '%.100s': if this "
				       "machine has it, say so with --feature", m->path, want);
	}
	return 0;
}

static int check_derivation(const struct maker *m)
{
	if (m->options.no_chroot)
		return refuse(m, "it asks to be built without a sandbox (__noChroot)", "that is not done here");
	if (m->options.impure_host_deps.len)
		return refuse(m, "it asks for files of the host (__impureHostDeps)",
			      "give what it needs with --sandbox-path, and have the attribute removed");
	if (!m->q->shell && str_has_prefix(m->d->builder, "builtin:"))
		return err_set(m->e, ENOTSUP, "derivation %s: its builder '%.100s' is a part of %s itself: have it "
			       "built there, by '%s %s'", m->path, m->d->builder,
			       m->r->store->kind == STORE_NIX ? "Nix" : "the Guix daemon",
			       m->r->store->kind == STORE_NIX ? "nix-store --realise" : "guix build", m->path);
	if (!m->q->shell && m->d->builder[0] != '/' && !str_has_prefix(m->d->builder, "builtin:"))
		return err_set(m->e, EINVAL, "derivation %s: its builder '%.200s' is not an absolute path", m->path,
			       m->d->builder);
	if (!runs_here(m->d->system))
		return err_set(m->e, ENOTSUP, "derivation %s: it is for the system '%.100s', whose programs this ma"
			"chine "
			       "does not run", m->path, m->d->system);
	return check_features(m);
}

static int find_inputs(struct maker *m)
{
	struct store_paths extra = { 0 };
	struct drv_inputs_request q = { .store = m->r->store, .extra = &extra,
					.with_info = m->options.exports_len > 0 };
	int r = drv_place_add_all(m->arena, m->q, m->r, &extra, m->e);

	if (r == 0)
		r = drv_inputs_find(m->graph, m->path, &q, &m->inputs, m->e);
	m->r->closure = m->inputs.closure;
	m->r->closure_source = "database";
	return r;
}

/* The derivation itself, and what of its inputs it names: these keep all others. */
static int find_roots(struct maker *m)
{
	struct store_paths *roots = &m->r->roots;
	/* What was read as JSON may never have been in the store. */
	int r = m->q->json ? 0 : store_paths_add(m->arena, roots, m->r->store, m->path, "derivation", m->e);

	for (size_t i = 0; r == 0 && i < m->inputs.roots.len; i++)
		r = store_paths_add(m->arena, roots, m->r->store, m->inputs.roots.items[i], m->path, m->e);
	return r;
}

static unsigned processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int make_environment(struct maker *m)
{
	struct drv_machine machine = {
		.path = m->path, .cores = m->q->cores ? m->q->cores : processors(), .env = environ,
		.paths = m->inputs.paths, .paths_len = m->inputs.paths ? m->inputs.closure.len : 0,
	};
	struct recipe_file *files;
	int r;

	r = drv_environment_make(m->arena, m->r->store, m->d, &m->options, &machine, NULL, 0, &m->env, m->e);
	if (r < 0)
		return r;
	files = arena_array(m->arena, m->env.files_len + 1, sizeof *files);
	if (!files)
		return err_oom(m->e);
	for (size_t i = 0; i < m->env.files_len; i++)
		files[i] = (struct recipe_file){ m->env.files[i].name, m->env.files[i].text };
	m->b->files = files;
	m->b->files_len = m->env.files_len;
	return 0;
}

static int set_process(struct maker *m)
{
	struct recipe *r = m->r;

	r->env = m->env.env;
	r->env_len = m->env.env_len;
	r->cwd = m->env.build_dir;
	r->hostname = "localhost";
	r->terminal = m->q->terminal;
	if (m->q->shell)
		return drv_shell_set(m->arena, m->q, r, m->e);
	/* The path is what is executed; the builder sees its base name. */
	r->args = arena_array(m->arena, m->env.args_len + 1, sizeof *r->args);
	if (!r->args)
		return err_oom(m->e);
	memcpy(r->args, m->env.args, m->env.args_len * sizeof *r->args);
	r->args_len = m->env.args_len;
	r->args[0] = m->env.builder;
	m->b->arg0 = m->env.args[0];
	return drv_shell_check_builder(m->arena, m->path, r, m->e);
}

static int set_sandbox(struct maker *m)
{
	bool nix = m->r->store->kind == STORE_NIX;
	struct recipe_build *b = m->b;
	int r;

	b->drv = m->path;
	b->outputs = m->env.outputs.items;
	b->outputs_len = m->env.outputs.len;
	b->dir = m->env.build_dir;
	b->own_dir = !m->q->build_dir;
	b->linux32 = m->env.linux32;
	b->no_randomize = true;
	b->filter = b->no_core = nix;
	b->root_mode = nix ? 0750 : 0555;
	m->r->uid = m->env.uid;
	m->r->gid = m->env.gid;
	r = drv_place_add_own(m->arena, m->q, m->r, b, m->e);
	if (r == 0)
		r = drv_network_set(m->arena, m->q, m->env.network, m->r, b, m->e);
	return r < 0 ? r : drv_etc_set(m->arena, m->r, b, m->e);
}

static int make_recipe(struct maker *m)
{
	int r = find_derivation(m);

	if (r == 0)
		r = check_derivation(m);
	if (r == 0)
		r = find_inputs(m);
	if (r == 0)
		r = find_roots(m);
	if (r == 0)
		r = make_environment(m);
	if (r == 0)
		r = set_sandbox(m);
	return r < 0 ? r : set_process(m);
}

int bundle_drv_recipe(struct arena *a, const struct drv_request *q, struct recipe *ret, struct err *e)
{
	struct recipe_build *b = arena_alloc(a, sizeof *b);
	struct maker m = { .arena = a, .q = q, .r = ret, .b = b, .e = e };
	int r;

	if (!b)
		return err_oom(e);
	*ret = (struct recipe){ .kind = "derivation", .gc_root = q->gc_root, .build = b };
	r = make_recipe(&m);
	drv_graph_free(&m.own_graph);
	return r;
}
