/*
 * A .drv file. What is accepted is written again byte for byte, keeps the rules of derivation.h,
	and its builder gets an
 * environment, whose variables are sorted and come once.
 */
#include "tests/fuzz/fuzz.h"

#include "derivation/aterm.h"
#include "derivation/environment.h"

static size_t name_len(const char *variable)
{
	return strcspn(variable, "=");
}

static void check_environment(struct arena *a, const struct store *s, const struct derivation *d)
{
	static char *none[] = { NULL };
	const struct drv_machine m = { .path = "/nix/store/00000000000000000000000000000000-x.drv", .cores = 1,
		.env = none };
	struct drv_environment env;
	struct drv_options o;
	struct err e = { 0 };

	if (!fuzz_succeeded(drv_options_read(a, s->kind, "x.drv", d, &o, &e), &e) ||
	    !fuzz_succeeded(drv_environment_make(a, s, d, &o, &m, NULL, 0, &env, &e), &e))
		return;
	fuzz_check(env.outputs.len == d->outputs_len && env.args_len == d->args.len + 1);
	for (size_t i = 0; i < env.outputs.len; i++)
		fuzz_check(store_path_ok(s, env.outputs.items[i]));
	for (size_t i = 0; i < env.env_len; i++) {
		size_t n = name_len(env.env[i]);

		fuzz_check(n > 0 && env.env[i][n] == '=');
	}
	for (size_t i = 0; i < env.files_len; i++)
		fuzz_check(!strchr(env.files[i].name, '/') && strcmp(env.files[i].name, "..") != 0);
}

static void check_rules(const struct store *s, const struct derivation *d)
{
	fuzz_check(d->outputs_len > 0);
	for (size_t i = 0; i < d->outputs_len; i++) {
		fuzz_check(d->outputs[i].kind == drv_kind(d));
		fuzz_check(i == 0 || strcmp(d->outputs[i - 1].name, d->outputs[i].name) < 0);
		fuzz_check(!d->outputs[i].path || store_path_ok(s, d->outputs[i].path));
	}
	for (size_t i = 0; i < d->inputs_len; i++)
		fuzz_check(store_path_ok(s, d->inputs[i].path));
	for (size_t i = 0; i < d->sources.len; i++)
		fuzz_check(store_path_ok(s, d->sources.items[i]));
	for (size_t i = 1; i < d->env_len; i++)
		fuzz_check(strcmp(d->env[i - 1].name, d->env[i].name) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_str_ struct str out = STR_INIT;
	struct derivation d;
	struct store store;
	struct err e = { 0 };
	/* with text of Guix's store: as Guix's */
	enum store_kind kind = memmem(data, size, "/gnu/store", 10) ? STORE_GUIX : STORE_NIX;

	fuzz_check(store_describe(a, kind, NULL, &store, &e) == 0);
	if (!fuzz_succeeded(aterm_read(a, &store, "x.drv", "x", (const char *)data, size, &d, &e), &e))
		return 0;
	aterm_write(&d, &out);
	fuzz_check(!out.failed && out.len == size && memcmp(out.text, data, size) == 0);
	check_rules(&store, &d);
	check_environment(a, &store, &d);
	return 0;
}
