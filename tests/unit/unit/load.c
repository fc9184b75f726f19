/* Where a service's files are found, and in which order drop-ins are applied. */
#include "unit/load.h"

#include <sys/stat.h>

#include "tests/unit/unit.h"

static struct arena *arena;
static struct err err;
static const char *root, *dirs[4];

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	root = arena_strdup(arena, unit_temp_dir());
	dirs[0] = arena_printf(arena, "%s/etc", root);
	dirs[1] = arena_printf(arena, "%s/run", root);
	dirs[2] = arena_printf(arena, "%s/lib", root);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mkdir(dirs[i], 0755), 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_remove_tree(root);
	arena_free(arena);
	return 0;
}

/* A file below the root, with its directory: one assignment that says where it comes from; or `text`. */
static void make(const char *path, const char *text)
{
	const char *full = arena_printf(arena, "%s/%s", root, path);
	char *dir = arena_strdup(arena, full);
	FILE *f;

	*strrchr(dir, '/') = '\0';
	mkdir(dir, 0755);
	f = fopen(full, "w");
	assert_non_null(f);
	if (text)
		fputs(text, f);
	else
		fprintf(f, "[Service]\nA=%s\n", path);
	fclose(f);
}

static void make_link(const char *target, const char *path)
{
	assert_int_equal(symlink(target, arena_printf(arena, "%s/%s", root, path)), 0);
}

/* NAME: the values in their order. */
static const char *load(const char *wanted)
{
	struct unit u;
	char *all;

	if (unit_load(arena, wanted, dirs, &u, &err) < 0)
		return strncmp(err.text, root, strlen(root)) == 0 ? err.text + strlen(root) : err.text;
	all = arena_printf(arena, "%s:", u.name);
	for (size_t i = 0; i < u.lines.len; i++)
		all = arena_printf(arena, "%s %s", all, u.lines.items[i].value);
	assert_int_equal(u.drop_ins_len + 1, u.lines.len);
	return all;
}

static void names(void **state)
{
	const char *prefix, *instance;

	(void)state;
	assert_true(unit_split_name(arena, "web.service", &prefix, &instance));
	assert_string_equal(prefix, "web");
	assert_null(instance);
	assert_true(unit_split_name(arena, "a\\x2db@c@d:e.service", &prefix, &instance));
	assert_string_equal(prefix, "a\\x2db");
	assert_string_equal(instance, "c@d:e");
	assert_true(unit_split_name(arena, "a@.service", &prefix, &instance));
	assert_string_equal(instance, "");
	assert_false(unit_split_name(arena, ".service", &prefix, &instance));
	assert_false(unit_split_name(arena, "@a.service", &prefix, &instance));
	assert_false(unit_split_name(arena, "a b.service", &prefix, &instance));
	assert_false(unit_split_name(arena, "a.socket", &prefix, &instance));
	assert_string_equal(load("web.timer"), "web.timer is not the name of a service, which ends in .service");
	assert_string_equal(load("web@.service"),
			    "web@.service is a template: name an instance of it, such as web@one.service");
}

static void the_first_directory_has_it(void **state)
{
	(void)state;
	assert_string_equal(load("web.service"),
			    "there is no unit web.service in systemd's directories: give the path of its file");
	make("lib/web.service", NULL);
	assert_string_equal(load("web.service"), "web.service: lib/web.service");
	make("run/web.service", NULL);
	assert_string_equal(load("web.service"), "web.service: run/web.service");
	make("lib/web@.service", NULL);
	assert_string_equal(load("web@one.service"), "web@one.service: lib/web@.service");
	/* a file of the instance's own comes first, in whatever directory it lies */
	make("lib/web@two.service", NULL);
	make("etc/web@.service", NULL);
	assert_string_equal(load("web@two.service"), "web@two.service: lib/web@two.service");
}

static void masked(void **state)
{
	(void)state;
	make("lib/web.service", NULL);
	make_link("/dev/null", "etc/web.service");
	assert_non_null(strstr(load("web.service"), "the unit web.service is masked by "));
	make("lib/empty.service", "");
	assert_non_null(strstr(load("empty.service"), "masked"));
	/* what cannot be read is not passed over */
	make("lib/gone.service", NULL);
	make_link("nowhere", "etc/gone.service");
	assert_non_null(strstr(load("gone.service"), "/etc/gone.service: no such file"));
}

static void aliases(void **state)
{
	(void)state;
	make("lib/web.service", NULL);
	make_link("web.service", "lib/www.service");
	make("etc/www.service.d/b.conf", NULL);
	make("etc/web.service.d/a.conf", NULL);
	assert_string_equal(load("www.service"),
			    "web.service: lib/web.service etc/web.service.d/a.conf etc/www.service.d/b.conf");
	make("lib/web@.service", NULL);
	make_link("web@.service", "lib/www@.service");
	assert_string_equal(load("www@x.service"), "web@x.service: lib/web@.service");
	/* a link to a file of the same name, as into a store, is no alias */
	make("store/own.service", NULL);
	make_link("../store/own.service", "etc/own.service");
	assert_string_equal(load("own.service"), "own.service: store/own.service");
	make_link("loop2.service", "etc/loop1.service");
	make_link("loop1.service", "etc/loop2.service");
	assert_non_null(strstr(load("loop1.service"), "link"));
}

static void drop_ins_by_their_names(void **state)
{
	(void)state;
	make("lib/a-b@.service", NULL);
	make("lib/service.d/10-all.conf", NULL);
	make("lib/a-.service.d/15-x.conf", NULL);
	make("lib/a-@.service.d/20-family.conf", NULL);
	make("lib/a-@c.service.d/25-family.conf", NULL);
	make("lib/a-b@.service.d/30-template.conf", NULL);
	make("etc/a-b@c.service.d/05-own.conf", NULL);
	make("etc/a-b@c.service.d/README", NULL);
	make("etc/a-b@c.service.d/.hidden.conf", NULL);
	assert_string_equal(load("a-b@c.service"),
			    "a-b@c.service: lib/a-b@.service etc/a-b@c.service.d/05-own.conf "
			    "lib/service.d/10-all.conf lib/a-@.service.d/20-family.conf "
			    "lib/a-@c.service.d/25-family.conf "
			    "lib/a-b@.service.d/30-template.conf");
	/* of one name the first counts, and an empty one or a link to nothing hides it */
	make("run/a-b@.service.d/30-template.conf", NULL);
	make("etc/service.d/10-all.conf", "");
	make_link("/dev/null", "etc/a-b@c.service.d/20-family.conf");
	assert_string_equal(load("a-b@c.service"),
			    "a-b@c.service: lib/a-b@.service etc/a-b@c.service.d/05-own.conf "
			    "lib/a-@c.service.d/25-family.conf run/a-b@.service.d/30-template.conf");
}

static void a_file_by_its_path(void **state)
{
	(void)state;
	make("store/web.service", NULL);
	make("store/web.service.d/overrides.conf", NULL);
	make("etc/web.service.d/a.conf", NULL);
	assert_string_equal(load(arena_printf(arena, "%s/store/web.service", root)),
			    "web.service: store/web.service store/web.service.d/overrides.conf");
	assert_non_null(strstr(load(arena_printf(arena, "%s/x.service", root)), "no such file"));
	make("store/bad.service", "[Service]\nExecStart\n");
	assert_string_equal(load(arena_printf(arena, "%s/store/bad.service", root)),
			    "/store/bad.service:2: neither a section nor an assignment: '=' is missing");
}

static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	TEST(names),
	TEST(the_first_directory_has_it),
	TEST(masked),
	TEST(aliases),
	TEST(drop_ins_by_their_names),
	TEST(a_file_by_its_path),
};

UNIT_MAIN(tests)
