/* Each specifier, and what is none. */
#include "unit/specifier.h"

#include "tests/unit/arena.h"

static const struct unit web = {
	.name = "my-web@a-b\\x2dc.service", .prefix = "my-web", .instance = "a-b\\x2dc", .path = "/lib/web@.service",
};
static const struct unit plain = { .name = "my-web.service", .prefix = "my-web", .path = "/lib/my-web.service" };
static const struct unit_host host = {
	.architecture = "x86-64", .hostname = "box.example", .machine_id = "0123", .kernel_release = "6.1",
	.os_id = "debian", .os_version_id = "12", .user = "root", .group = "wheel", .home = "/root", .shell = "/bin/sh",
	.uid = 1, .gid = 2,
};

static const char *expand(const struct unit *u, const char *text)
{
	char *out;

	return unit_expand(arena, u, &host, text, &out, &err) < 0 ? err.text : out;
}

static void names_of_units(void **state)
{
	(void)state;
	assert_string_equal(expand(&web, "%n %N %p %P %i %I %j %J %f"),
			    "my-web@a-b\\x2dc.service my-web@a-b\\x2dc my-web my/web a-b\\x2dc a/b-c web web /a/b-c");
	assert_string_equal(expand(&plain, "%n %N %p <%i> <%I> %f %y %Y"),
			    "my-web.service my-web my-web <> <> /my/web /lib/my-web.service /lib");
}

static void the_host_and_the_container(void **state)
{
	(void)state;
	assert_string_equal(expand(&web, "%a %H %l %q %m %v %o %w<%W%B%M%A>"),
			    "x86-64 box.example box box.example 0123 6.1 debian 12<>");
	assert_string_equal(expand(&plain, "%t %S %C %L %E %D %T %V %d"),
			    "/run /var/lib /var/cache /var/log /etc /usr/share /tmp /var/tmp "
			    "/run/credentials/my-web.service");
	assert_string_equal(expand(&web, "%u %g %h %s %U %G"), "root wheel /root /bin/sh 1 2");
}

static void what_stays(void **state)
{
	(void)state;
	assert_string_equal(expand(&web, "100%% %_ %z 5%"), "100% %_ %z 5%");
	assert_string_equal(expand(&web, ""), "");
}

static void what_has_no_meaning(void **state)
{
	const struct unit_host unknown = { 0 };
	const struct unit odd = { .name = "a@\\y.service", .prefix = "a", .instance = "\\y", .path = "/x" };
	char *out;

	(void)state;
	assert_string_equal(expand(&web, "/run/%b"),
			    "%b, the boot's id, is another one at each boot: a bundle cannot hold it");
	assert_error(unit_expand(arena, &web, &unknown, "%m", &out, &err), &err, EINVAL,
		     "%m has no value here: this host does not say it");
	assert_error(unit_expand(arena, &odd, &host, "%I", &out, &err), &err, EINVAL,
		     "%I has no value here: the name has an escape that is none");
}

static void unescapes(void **state)
{
	(void)state;
	assert_string_equal(unit_unescape(arena, "a-b\\x2d\\xc3\\xa9"), "a/b-\xc3\xa9");
	assert_null(unit_unescape(arena, "\\x2"));
	assert_null(unit_unescape(arena, "\\x00"));
	assert_null(unit_unescape(arena, "\\d"));
}

static void this_host(void **state)
{
	struct unit_host here;

	(void)state;
	assert_ok(unit_host_read(arena, &here, &err), &err);
	assert_non_null(here.kernel_release);
	assert_non_null(here.os_id);
	assert_null(strchr(here.os_id, '"'));
	assert_null(here.machine_id ? strchr(here.machine_id, '\n') : NULL);
}

/* A value cannot grow without bounds. */
static void a_long_one(void **state)
{
	char *text = arena_alloc(arena, 200001), *out;

	(void)state;
	for (int i = 0; i < 200000; i += 2)
		memcpy(text + i, "%n", 2);
	assert_error(unit_expand(arena, &web, &host, text, &out, &err), &err, E2BIG,
		     "with its specifiers replaced it is longer than 1048576 bytes");
}

static const struct CMUnitTest tests[] = {
	TEST(names_of_units),
	TEST(the_host_and_the_container),
	TEST(what_stays),
	TEST(what_has_no_meaning),
	TEST(unescapes),
	TEST(this_host),
	TEST(a_long_one),
};

UNIT_MAIN(tests)
