/*
 * Why: whoever has Nix already need not change how he builds to have his builders where they cannot write their inputs.
 * Nix has made the environment and the build directory, and will judge and register the outputs; between the two is the
 * sandbox, which is that of cloister-bundle drv.
 */
#include "build/external.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "build/run.h"
#include "build/warden.h"
#include "bundle/drv_etc.h"
#include "bundle/drv_network.h"
#include "bundle/drv_place.h"
#include "bundle/drv_shell.h"
#include "bundle/write.h"
#include "derivation/json_tree.h"
#include "store/database.h"
#include "store/land.h"
#include "store/remove.h"

enum { FILE_MAX = 256 * 1024 * 1024 };

struct external {
	struct arena *arena;
	const struct external_request *q;
	const struct json_tree *json;
	const char *top, *tmp, *in_sandbox, *real_store;
	struct store store;
	struct recipe recipe;
	struct recipe_build build;
	struct store_paths outputs;
	char *bundle, *work;
	struct err *e;
};

/* ---- the file ---- */

static int get_text(struct external *x, const char *name, const char **ret)
{
	const struct json_tree *t = json_member(x->json, name);

	if (!t || t->type != JSON_STRING)
		return err_set(x->e, EINVAL, "%s: member '%s' is missing or no string", x->q->file, name);
	*ret = t->text;
	return 0;
}

static int get_folder(struct external *x, const char *name, const char **ret)
{
	int r = get_text(x, name, ret);

	return r == 0 && **ret != '/' ? err_set(x->e, EINVAL, "%s: '%s' is not an absolute path", x->q->file, name) : r;
}

static int read_version(struct external *x)
{
	const struct json_tree *t = json_member(x->json, "version");

	if (t && t->type == JSON_NUMBER && strcmp(t->text, "1") == 0)
		return 0;
	return err_set(x->e, ENOTSUP, "%s: version %s of Nix's protocol for external builders is not known, only 1 is",
		       x->q->file, t && t->type == JSON_NUMBER ? t->text : "?");
}

/* The strings of a list, or the values of an object of strings. */
static int get_paths(struct external *x, const char *name, enum json_type type, struct store_paths *ret)
{
	const struct json_tree *t = json_member(x->json, name);
	int r = 0;

	if (!t || t->type != type)
		return err_set(x->e, EINVAL, "%s: member '%s' is missing or of another type", x->q->file, name);
	for (size_t i = 0; r == 0 && i < t->len; i++)
		r = t->items[i]->type != JSON_STRING ?
			err_set(x->e, EINVAL, "%s: member '%s' holds something else than strings", x->q->file, name) :
			store_paths_add(x->arena, ret, &x->store, t->items[i]->text, x->q->file, x->e);
	store_paths_sort(ret);
	return r;
}

static int read_file(struct external *x)
{
	struct json_tree *json;
	const char *store_dir;
	char *text;
	size_t len;
	int r = io_read_file(x->arena, AT_FDCWD, x->q->file, FILE_MAX, &text, &len, x->e);

	if (r == 0)
		r = json_tree_read(x->arena, x->q->file, text, len, &json, x->e);
	if (r < 0)
		return r;
	x->json = json;
	r = read_version(x);
	if (r == 0)
		r = get_folder(x, "topTmpDir", &x->top);
	if (r == 0)
		r = get_folder(x, "tmpDir", &x->tmp);
	if (r == 0)
		r = get_folder(x, "tmpDirInSandbox", &x->in_sandbox);
	if (r == 0)
		r = get_folder(x, "realStoreDir", &x->real_store);
	if (r == 0)
		r = get_text(x, "storeDir", &store_dir);
	if (r == 0 && strcmp(store_dir, "/nix/store") != 0)
		r = err_set(x->e, ENOTSUP, "%s: storeDir is %s: a store elsewhere than /nix/store has other paths",
			    x->q->file, store_dir);
	if (r == 0)
		r = store_describe_folder(x->arena, STORE_NIX, x->real_store, &x->store, x->e);
	return r;
}

/* ---- the bundle ---- */

static int add_word(struct external *x, char ***items, size_t *len, char *text)
{
	char **slot = arena_push(x->arena, items, len, sizeof *slot);

	if (slot)
		*slot = text;
	return slot && text ? 0 : err_oom(x->e);
}

static int set_env(struct external *x)
{
	const struct json_tree *env = json_member(x->json, "env");
	struct recipe *r = &x->recipe;
	int result = 0;

	if (!env || env->type != JSON_OBJECT)
		return err_set(x->e, EINVAL, "%s: member 'env' is missing or no object", x->q->file);
	for (size_t i = 0; result == 0 && i < env->len; i++) {
		const struct json_tree *t = env->items[i];

		if (t->type != JSON_STRING)
			return err_set(x->e, EINVAL, "%s: env.%s is no string", x->q->file, t->name);
		result = add_word(x, &r->env, &r->env_len, arena_printf(x->arena, "%s=%s", t->name, t->text));
	}
	return result;
}

/* The builder, and what it sees as its own name: the last part of it. */
static int set_args(struct external *x)
{
	const struct json_tree *args = json_member(x->json, "args");
	struct recipe *r = &x->recipe;
	const char *builder;
	int result = get_text(x, "builder", &builder);

	if (result == 0 && *builder != '/')
		return err_set(x->e, ENOTSUP, "%s: builder '%.200s' is not a program of the store", x->q->file,
			       builder);
	if (result == 0 && (!args || args->type != JSON_ARRAY))
		return err_set(x->e, EINVAL, "%s: member 'args' is missing or no list", x->q->file);
	if (result == 0)
		result = add_word(x, &r->args, &r->args_len, arena_strdup(x->arena, builder));
	for (size_t i = 0; result == 0 && i < args->len; i++)
		result = args->items[i]->type == JSON_STRING ?
			add_word(x, &r->args, &r->args_len, args->items[i]->text) :
			err_set(x->e, EINVAL, "%s: args holds something else than strings", x->q->file);
	if (result == 0)
		x->build.arg0 = strrchr(r->args[0], '/') + 1;
	return result;
}

/* The protocol does not say that an output is fixed, but the derivation's variables do. */
static bool is_fixed(const struct external *x)
{
	const struct json_tree *hash = json_member(json_member(x->json, "env"), "outputHash");

	return hash && hash->type == JSON_STRING && *hash->text;
}

static int make_recipe(struct external *x)
{
	const struct drv_request q = { .build_dir = x->tmp, .bin_sh = x->q->bin_sh, .network = x->q->network,
				       .sandbox_paths = x->q->sandbox_paths,
				       .sandbox_paths_len = x->q->sandbox_paths_len };
	struct store_paths extra = { 0 };
	struct recipe *r = &x->recipe;
	const char *system;
	int result = get_text(x, "system", &system);

	*r = (struct recipe){ .kind = "derivation", .closure_source = "list", .store = &x->store,
			      .gc_root = GC_ROOT_NONE, .hostname = "localhost", .uid = 1000, .gid = 100,
			      .cwd = x->in_sandbox, .build = &x->build };
	x->build = (struct recipe_build){ .drv = "", .dir = x->in_sandbox, .no_randomize = true, .filter = true,
					  .no_core = true, .root_mode = 0750 };
	if (result == 0)
		result = get_paths(x, "inputPaths", JSON_ARRAY, &r->closure);
	if (result == 0)
		result = get_paths(x, "outputs", JSON_OBJECT, &x->outputs);
	if (result == 0)
		result = set_env(x);
	if (result == 0)
		result = set_args(x);
	if (result < 0)
		return result;
	x->build.outputs = x->outputs.items;
	x->build.outputs_len = x->outputs.len;
	x->build.linux32 = strcmp(system, "i686-linux") == 0 || strcmp(system, "armv7l-linux") == 0;
	result = drv_place_add_all(x->arena, &q, r, &extra, x->e);
	if (result == 0 && extra.len)
		result = err_set(x->e, ENOTSUP, "a sandbox path in the store has to be an input: %s", extra.items[0]);
	if (result == 0)
		result = drv_place_add_own(x->arena, &q, r, &x->build, x->e);
	if (result == 0)
		result = drv_network_set(x->arena, &q, is_fixed(x), r, &x->build, x->e);
	if (result == 0)
		result = drv_etc_set(x->arena, r, &x->build, x->e);
	return result == 0 ? drv_shell_check_builder(x->arena, x->q->file, r, x->e) : result;
}

/* ---- the build ---- */

/*
 * Copied, not moved: what the builder may still have a descriptor of is not what Nix gets. An output that is there
 * already is one that Nix itself made before a repair or a check.
 */
static int collect(struct external *x)
{
	const char *left = arena_printf(x->arena, "%s/store", x->bundle);
	_cleanup_close_ int from = left ? open(left, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	_cleanup_close_ int to = open(x->real_store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct land_place place = { to, x->real_store };
	int r = from < 0 || to < 0 ? err_sys(x->e, errno, "open the folders of outputs") : 0;

	for (size_t i = 0; r == 0 && i < x->outputs.len; i++) {
		const char *name = x->outputs.items[i] + strlen(x->store.dir) + 1;
		const struct nar_tree tree = { from, name, x->outputs.items[i], true };
		struct landing landing;

		/* Nix says best what is missing. */
		if (faccessat(from, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		r = land_tree(&place, &tree, &(struct land_way){ 0 }, &landing, x->e);
		if (r == 0)
			r = tree_remove(to, name, x->e);
		if (r == 0)
			r = land_publish(&place, &landing, name, x->e);
		land_discard(&place, &landing);
	}
	return r;
}

static int run(struct external *x, int *ret_status)
{
	const struct build_run run = { .cloister = x->q->cloister, .work = x->work, .bundle = x->bundle, .log_fd = -1,
				       .own_output = true };
	char *written, *warning;
	int r = bundle_write(x->arena, &x->recipe, x->bundle, &written, &warning, x->e);

	if (r < 0)
		return r;
	x->q->ready();
	r = build_run(&run, ret_status, x->e);
	return r == 0 && *ret_status == 0 ? collect(x) : r;
}

int external_build(struct arena *a, const struct external_request *q, int *ret_status, struct err *e)
{
	struct external x = { .arena = a, .q = q, .e = e };
	struct warden warden;
	sigset_t mask, before;
	struct err ignored;
	int r = read_file(&x);

	if (r == 0)
		r = make_recipe(&x);
	if (r < 0)
		return r;
	x.work = arena_printf(a, "%s/cloister-XXXXXX", x.top);
	if (!x.work)
		return err_oom(e);
	if (!mkdtemp(x.work))
		return err_sys(e, errno, "create a folder in %s", x.top);
	x.bundle = arena_printf(a, "%s/bundle", x.work);
	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &before);
	r = x.bundle ? warden_start(q->cloister, x.work, &warden, e) : err_oom(e);
	if (r == 0) {
		r = run(&x, ret_status);
		build_run_clean(q->cloister, x.work);
		warden_dismiss(&warden);
	}
	tree_remove(AT_FDCWD, x.work, &ignored);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}
