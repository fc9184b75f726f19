/* Paths of derivations and outputs: what Nix and Guix have made is right, and nothing else is. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "derivation/aterm.h"
#include "derivation/hash.h"

static struct arena *arena;
static struct store store;

static int setup(void **state)
{
	struct err e;

	(void)state;
	arena = arena_new();
	assert_non_null(arena);
	/* Instantiated by Nix 2.8; an output of each kind and algorithm, and ways to the same content. */
	assert_ok(store_describe(arena, STORE_NIX, "tests/unit/derivation/store", &store, &e), &e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* All derivations of a store are where they belong, and so will their outputs be. */
static size_t check_store(const struct store *s)
{
	_cleanup_drv_graph_ struct drv_graph g;
	const char *dir = store_physical(arena, s, s->dir);
	_cleanup_closedir_ DIR *d = opendir(dir);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(d);
	drv_graph_init(&g, arena, s);
	while ((entry = readdir(d))) {
		const char *path = arena_printf(arena, "%s/%s", s->dir, entry->d_name);
		struct err e = { 0 };
		struct drv_node *n;

		if (!drv_name_of_path(arena, s, path))
			continue;
		assert_ok(drv_check_paths(&g, path, &e), &e);
		assert_ok(drv_graph_get(&g, path, &n, &e), &e);
		assert_string_equal(drv_path(arena, s, &n->drv), path);
		count++;
	}
	return count;
}

static void nix_paths_are_right(void **state)
{
	(void)state;
	assert_int_equal(check_store(&store), 16);
}

/* The 230 derivations below Guix's hello are not a part of the project; where they lie beside it they are checked. */
static void guix_paths_are_right(void **state)
{
	static const char corpus[] = "../shared/corpus/guix-hello-drv.tar.zst";
	const char *dir;
	struct store guix;
	struct err e;

	(void)state;
	if (access(corpus, R_OK) < 0) {
		print_message("there is no %s\n", corpus);
		skip();
	}
	dir = unit_temp_dir();
	assert_int_equal(system(arena_printf(arena, "mkdir -p %s/gnu/store && tar --zstd -xf %s -C %s/gnu/store", dir,
					     corpus, dir)), 0);
	assert_ok(store_describe(arena, STORE_GUIX, dir, &guix, &e), &e);
	assert_int_equal(check_store(&guix), 230);
	unit_remove_tree(dir);
}

#define LIB "/nix/store/5ywfhvv7hnq6yp655c76knb9jld7zmg8-lib-1.0.drv"
#define FLAT "/nix/store/8sr55gkraj439jgq0nr44rcqm0pg4n26-flat.drv"

/* A copy of the lib derivation with one thing changed, under the same path. */
static int check_changed(void (*change)(struct derivation *), struct err *e)
{
	_cleanup_drv_graph_ struct drv_graph g;
	struct derivation d;
	struct drv_node *n;

	drv_graph_init(&g, arena, &store);
	assert_ok(drv_load(arena, &store, LIB, &d, e), e);
	change(&d);
	assert_ok(drv_graph_put(&g, LIB, &d, &n, e), e);
	return drv_check_paths(&g, LIB, e);
}

static void change_nothing(struct derivation *d)
{
	(void)d;
}

static void change_builder(struct derivation *d)
{
	d->builder = (char *)"/bin/bash";
}

static void change_output(struct derivation *d)
{
	d->outputs[0].path = (char *)"/nix/store/00000000000000000000000000000000-lib-1.0-dev";
}

static void change_variable(struct derivation *d)
{
	for (size_t i = 0; i < d->env_len; i++)
		if (strcmp(d->env[i].name, "out") == 0)
			d->env[i].value = (char *)"/tmp";
}

static void change_wanted(struct derivation *d)
{
	d->inputs[0].wanted.outputs.items[0] = (char *)"src";
}

static void change_input(struct derivation *d)
{
	d->inputs[0].path = (char *)"/nix/store/00000000000000000000000000000000-gone.drv";
}

static void change_to_itself(struct derivation *d)
{
	d->inputs[0].path = (char *)LIB;
}

static void wrong_paths_are_refused(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_ok(check_changed(change_nothing, &e), &e);
	assert_int_equal(check_changed(change_builder, &e), -EINVAL);
	assert_non_null(strstr(e.text, LIB ": output 'dev' has the path /nix/store/"));
	assert_int_equal(check_changed(change_output, &e), -EINVAL);
	assert_non_null(strstr(e.text, "has the path /nix/store/00000000000000000000000000000000-lib-1.0-dev, but it "
				       "should be /nix/store/"));
	assert_int_equal(check_changed(change_variable, &e), -EINVAL);
	assert_non_null(strstr(e.text, "the variable 'out' is '/tmp', but it should be /nix/store/"));
	assert_error(check_changed(change_wanted, &e), &e, EINVAL, "derivation " LIB " wants the output 'src' of " FLAT
		     ", which has none of that name");
	assert_int_equal(check_changed(change_input, &e), -ENOENT);
	assert_non_null(strstr(e.text, "input of " LIB ": derivation: "));
	assert_error(check_changed(change_to_itself, &e), &e, ELOOP, "derivation " LIB " needs itself, by way of " LIB);
}

static void wrong_fixed_paths_are_refused(void **state)
{
	_cleanup_drv_graph_ struct drv_graph g;
	struct derivation d;
	struct drv_node *n;
	struct err e = { 0 };

	(void)state;
	drv_graph_init(&g, arena, &store);
	assert_ok(drv_load(arena, &store, FLAT, &d, &e), &e);
	d.outputs[0].hash = (char *)"0000000000000000000000000000000000000000000000000000000000000000";
	assert_ok(drv_graph_put(&g, FLAT, &d, &n, &e), &e);
	assert_int_equal(drv_check_paths(&g, FLAT, &e), -EINVAL);
	assert_non_null(strstr(e.text, FLAT ": output 'out' has the path "));
}

/* A long chain of inputs needs neither much stack nor much time. */
static void a_long_chain_is_no_recursion(void **state)
{
	enum { LENGTH = 20000 };
	static char *out[] = { (char *)"out" };
	_cleanup_drv_graph_ struct drv_graph g;
	struct derivation d;
	struct drv_node *n;
	struct err e = { 0 };
	char path[128];

	(void)state;
	drv_graph_init(&g, arena, &store);
	assert_ok(drv_load(arena, &store, "/nix/store/6i6xkdz1hhgf289b18ny0v0bilj7wpxh-both.drv", &d, &e), &e);
	for (int i = 0; i < LENGTH; i++) {
		struct derivation copy = d;

		copy.inputs = arena_alloc(arena, sizeof *copy.inputs);
		copy.inputs_len = i > 0;
		copy.inputs->path = arena_strdup(arena, path);
		copy.inputs->wanted = d.inputs[0].wanted;
		copy.inputs->wanted.outputs = (struct drv_words){ out, 1 };
		snprintf(path, sizeof path, "/nix/store/%032d-both.drv", i);
		assert_ok(drv_graph_put(&g, path, &copy, &n, &e), &e);
	}
	assert_int_equal(drv_check_paths(&g, path, &e), -EINVAL);
	assert_non_null(strstr(e.text, "output 'out' has the path"));
}

static void placeholders(void **state)
{
	static const char drv[] = "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv";
	static const char dynamic[] = "/nix/store/g1w7hy3qg1w7hy3qg1w7hy3qg1w7hy3q-foo.drv.drv";
	char text[DRV_PLACEHOLDER_LEN + 1], nested[DRV_PLACEHOLDER_LEN + 1];

	(void)state;
	drv_placeholder("out", text);
	assert_string_equal(text, "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9");
	assert_int_equal(drv_downstream_placeholder(arena, &store, drv, "out", text), 0);
	assert_string_equal(text, "/0c6rn30q4frawknapgwq386zq358m8r6msvywcvc89n6m5p2dgbz");
	assert_int_equal(drv_downstream_placeholder(arena, &store, dynamic, "out", text), 0);
	drv_nested_placeholder(text, "out", nested);
	assert_string_equal(nested, "/0gn6agqxjyyalf0dpihgyf49xq5hqxgw100f0wydnj6yqrhqsb3w");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(nix_paths_are_right, setup, teardown),
	cmocka_unit_test_setup_teardown(guix_paths_are_right, setup, teardown),
	cmocka_unit_test_setup_teardown(wrong_paths_are_refused, setup, teardown),
	cmocka_unit_test_setup_teardown(wrong_fixed_paths_are_refused, setup, teardown),
	cmocka_unit_test_setup_teardown(a_long_chain_is_no_recursion, setup, teardown),
	cmocka_unit_test_setup_teardown(placeholders, setup, teardown),
};

UNIT_MAIN(tests)
