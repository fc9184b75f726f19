/* --bind and --writable: what they make, and what they must not. */
#include "base/str.h"
#include "kitchen.h"

static void bad(struct kitchen *k, const char *bind, const char *message)
{
	k->request.binds = &bind;
	k->request.binds_len = 1;
	spoil(k, EINVAL, arena_printf(k->fake.arena, "--bind %s: %s", bind, message));
}

static void bad_writable(struct kitchen *k, const char *dir, const char *message)
{
	k->request.writable = &dir;
	k->request.writable_len = 1;
	spoil(k, EINVAL, arena_printf(k->fake.arena, "--writable %s: %s", dir, message));
}

static void binds(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	const char *file = arena_printf(k.fake.arena, "%s/list", k.fake.root);
	const char *list[] = { "/usr", "/usr:/z//.", "/usr:/a:rw", arena_printf(k.fake.arena, "%s:/m:ro", file),
			       "/dev/null:/dev/extra" };
	const char *writable = "/var/lib/x/";
	k.request.binds = list;
	k.request.binds_len = 5;
	k.request.writable = &writable;
	k.request.writable_len = 1;
	cook(&k);
	const struct recipe_place *p = k.recipe.places;
	assert_int_equal(k.recipe.places_len, 6);
	/* By destination: /a /dev/extra /m /usr /var/lib/x /z */
	assert_string_equal(p[0].destination, "/a");
	assert_true(p[0].writable && p[0].directory);
	assert_string_equal(p[1].destination, "/dev/extra");
	assert_true(p[1].device && !p[1].directory && p[1].writable);
	assert_string_equal(p[2].source, file);
	assert_true(!p[2].directory && !p[2].writable && !p[2].device);
	assert_string_equal(p[3].destination, "/usr");
	assert_true(p[3].directory && !p[3].writable);
	assert_string_equal(p[4].destination, "/var/lib/x");
	assert_null(p[4].source);
	assert_true(p[4].writable && p[4].directory);
	assert_string_equal(p[5].destination, "/z");
	kitchen_end(&k);
}

static void refused(void **state)
{
	const char *missing = "/no/such";
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	bad(&k, "", "what is to be bound? It is SRC[:DST[:ro|rw]]");
	bad(&k, ":/a", "what is to be bound? It is SRC[:DST[:ro|rw]]");
	bad(&k, "/usr:a", "'a' is not an absolute path");
	bad(&k, "/usr:", "'' is not an absolute path");
	bad(&k, "/usr:/a/../b", "'..' is not allowed in a path of the container");
	bad(&k, "/usr:/a:rx", "'rx' is neither 'ro' nor 'rw'");
	bad(&k, "/usr:/a:ro:x", "'ro:x' is neither 'ro' nor 'rw'");
	bad(&k, "/usr:/", "the root of the container is the bundle's own");
	bad(&k, "/usr:/nix", "/nix would hide the store /nix/store");
	bad(&k, "/usr:/nix/store", "/nix/store would hide the store /nix/store");
	bad(&k, "/usr:" HELLO, HELLO " lies in the store, which holds the closure and nothing else");
	bad(&k, "/usr:/proc", "/proc is the container's own");
	bad(&k, "/usr:/proc/x", "/proc is the container's own");
	bad(&k, "/usr:/sys", "/sys is the container's own");
	bad(&k, "/usr:/dev", "/dev is the container's own; bind single devices");
	bad(&k, "/usr:/bin/sh", "give the shell with --bin-sh");
	k.request.binds = &missing;
	spoil(&k, ENOENT, "--bind /no/such: /no/such: no such file or directory");
	k.request.binds_len = 0;
	bad_writable(&k, "x", "'x' is not an absolute path");
	bad_writable(&k, "/nix/store/x", "/nix/store/x lies in the store, which holds the closure and nothing else");
	bad_writable(&k, "/", "the root of the container is the bundle's own");
	kitchen_end(&k);
}

static void nested(void **state)
{
	const char *list[] = { "/etc:/a/no-such", "/etc:/a" }, *writable[] = { "/w/x", "/w" };
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.binds = list;
	k.request.binds_len = 2;
	spoil(&k, EINVAL,
	      "/a/no-such cannot be mounted inside the bind of /etc: /etc/no-such must be an existing directory");
	list[0] = "/etc/passwd:/a/passwd";
	cook(&k);
	assert_ptr_equal(place_around(&k.recipe, 1), &k.recipe.places[0]);
	assert_null(place_around(&k.recipe, 0));
	list[0] = "/etc:/a/passwd";
	spoil(&k, EINVAL,
	      "/a/passwd cannot be mounted inside the bind of /etc: /etc/passwd must be an existing directory");
	list[0] = "/usr:/a";
	spoil(&k, EINVAL, "/a is asked for twice, by --bind or --writable");
	k.request.binds_len = 0;
	k.request.writable = writable;
	k.request.writable_len = 2;
	cook(&k);
	assert_string_equal(k.recipe.places[0].destination, "/w");
	assert_string_equal(k.recipe.places[1].destination, "/w/x");
	kitchen_end(&k);
}

/* What can be locked is mounted before the rest: read-only, on nothing but what is read-only. */
static void order(void **state)
{
	static const char *const writable[] = { "/w" };
	static const char *const binds[] = {
		"/usr:/a",     "/usr:/a/bin", "/usr:/b:rw",     "/usr:/b/bin", "/usr:/tmp/x", "/usr:/tmp/x/bin",
		"/usr:/w/x",   "/usr:/tmpx",  "/usr:/w/x/bin", "/usr:/dev/x",
	};
	static const struct {
		const char *path;
		bool first;
	} expected[] = {
		{ "/a", true },       { "/a/bin", true },      { "/b", false },    { "/b/bin", false },
		{ "/dev/x", false },  { "/tmp/x", false },     { "/tmp/x/bin", false }, { "/tmpx", true },
		{ "/w", false },      { "/w/x", false },       { "/w/x/bin", false },
	};
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.binds = binds;
	k.request.binds_len = sizeof binds / sizeof *binds;
	k.request.writable = writable;
	k.request.writable_len = 1;
	cook(&k);
	assert_int_equal(k.recipe.places_len, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < k.recipe.places_len; i++) {
		assert_string_equal(k.recipe.places[i].destination, expected[i].path);
		if (place_comes_first(&k.recipe, i) != expected[i].first)
			fail_msg("%s", expected[i].path);
	}
	kitchen_end(&k);
}

/* The host's own files for finding hosts come with its network, unless something was asked for in their place. */
static void host_network(void **state)
{
	const char *etc = "/usr:/etc";
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.network = "host";
	cook(&k);
	assert_true(k.recipe.host_network);
	for (size_t i = 0; i < k.recipe.places_len; i++) {
		assert_string_equal(k.recipe.places[i].source, k.recipe.places[i].destination);
		assert_true(str_has_prefix(k.recipe.places[i].source, "/etc/"));
		assert_false(k.recipe.places[i].writable);
	}
	if (access("/etc/hosts", F_OK) == 0)
		assert_true(k.recipe.places_len > 0);
	k.request.binds = &etc;
	k.request.binds_len = 1;
	cook(&k);
	assert_int_equal(k.recipe.places_len, 1);
	kitchen_end(&k);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(binds), cmocka_unit_test(refused), cmocka_unit_test(nested), cmocka_unit_test(order),
	cmocka_unit_test(host_network),
};
UNIT_MAIN(tests)
