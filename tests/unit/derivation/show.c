/* Derivations as JSON: what Nix 2.26 (version 3) and 2.34 (version 4) printed of the same store of .drv files. */
#include "tests/unit/unit.h"

#include <fcntl.h>

#include "base/io.h"
#include "derivation/aterm.h"
#include "derivation/show.h"

static struct arena *arena;
static struct store store;

static int setup(void **state)
{
	struct err e;

	(void)state;
	arena = arena_new();
	assert_non_null(arena);
	assert_ok(store_describe(arena, STORE_NIX, "tests/unit/derivation/store", &store, &e), &e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* Each of the file's derivations is what the .drv file says, byte for byte; and written again it is the file. */
static void check_file(const char *file, int version, size_t count)
{
	struct str out = STR_INIT;
	struct drv_shown *list;
	struct err e = { 0 };
	size_t len, n;
	char *text;

	assert_ok(io_read_file(arena, AT_FDCWD, file, DRV_BYTES_MAX, &text, &len, &e), &e);
	assert_ok(drv_show_read(arena, &store, file, text, len, &list, &n, &e), &e);
	assert_int_equal(n, count);
	for (size_t i = 0; i < n; i++) {
		struct str aterm = STR_INIT;
		char *drv;
		size_t drv_len;

		assert_ok(io_read_file(arena, AT_FDCWD, store_physical(arena, &store, list[i].path), DRV_BYTES_MAX,
			&drv,
				       &drv_len, &e), &e);
		aterm_write(&list[i].drv, &aterm);
		assert_string_equal(str_text(&aterm), drv);
		assert_string_equal(list[i].drv.name, drv_name_of_path(arena, &store, list[i].path));
		str_free(&aterm);
	}
	assert_ok(drv_show_write(arena, &store, list, n, version, &out, &e), &e);
	str_addc(&out, '\n');
	assert_string_equal(str_text(&out), text);
	str_free(&out);
}

static void version_3(void **state)
{
	(void)state;
	check_file("tests/unit/derivation/show-v3.json", 3, 15);
}

static void version_4(void **state)
{
	(void)state;
	check_file("tests/unit/derivation/show-v4.json", 4, 16);
}

#define P(name) "/nix/store/00000000000000000000000000000000-" name
#define ONE(outputs, rest) \
	"{'name':'x','outputs':{" outputs "},'inputSrcs':[],'inputDrvs':{},'system':'s','builder':'b'," \
	"'args':[]" rest "}"

/* ' for ", to be read by people. */
static int read_one(const char *json, struct drv_shown *ret, struct err *e)
{
	char *text = arena_strdup(arena, json);
	struct drv_shown *list;
	size_t n;
	int r;

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	*e = (struct err){ 0 };
	r = drv_show_read(arena, &store, "x.json", text, strlen(text), &list, &n, e);
	if (r == 0 && n == 1)
		*ret = list[0];
	return r;
}

static void structured_attributes_are_a_variable(void **state)
{
	struct str out = STR_INIT;
	struct drv_shown shown;
	struct err e;

	(void)state;
	assert_ok(read_one(ONE("'out':{}", ",'env':{'zzz':'1','AAA':''},'structuredAttrs':{'b':[1,2.50],'a':null}"),
		&shown,
			   &e), &e);
	assert_null(shown.path);
	assert_int_equal(shown.drv.env_len, 3);
	assert_string_equal(shown.drv.env[0].name, "AAA");
	assert_string_equal(shown.drv.env[1].name, "__json");
	assert_string_equal(shown.drv.env[1].value, "{\"a\":null,\"b\":[1,2.5]}");
	shown.path = (char *)P("x.drv");
	assert_ok(drv_show_write(arena, &store, &shown, 1, 3, &out, &e), &e);
	assert_non_null(strstr(str_text(&out), "\"structuredAttrs\":{\"a\":null,\"b\":[1,2.5]}"));
	assert_null(strstr(str_text(&out), "__json"));
	str_free(&out);
}

static void numbers_are_as_nix_writes_them(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "1", "1" }, { "-0", "-0" }, { "12345678901234567890123", "12345678901234567890123" }, { "1.0",
			"1.0" },
		{ "1e3", "1000.0" }, { "-2.50", "-2.5" }, { "0.1", "0.1" }, { "0.0001", "0.0001" }, { "0.00001",
			"1e-05" },
		{ "1e14", "100000000000000.0" }, { "1e15", "1e+15" }, { "1.5e15", "1.5e+15" },
		{ "1.25e100", "1.25e+100" }, { "0.0", "0.0" }, { "3.141592653589793", "3.141592653589793" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct drv_shown shown;
		struct err e;

		assert_ok(read_one(arena_printf(arena, ONE("'out':{}", ",'env':{},'structuredAttrs':{'n':%s}"),
			cases[i].in),
				   &shown, &e), &e);
		assert_string_equal(shown.drv.env[0].value, arena_printf(arena, "{\"n\":%s}", cases[i].out));
	}
}

static void what_is_wrong_is_refused(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{ "[]", "x.json: expected what nix derivation show prints, found an array" },
		{ "{", "x.json:1:2: not valid JSON: the text ends too early" },
		{ "{'a':{}}", "x.json: 'a' is not a store path of /nix/store" },
		{ "{'version':5}", "x.json: the version 5 of the format is not known, only 3 and 4 are" },
		{ "{'version':4}", "x.json: \"derivations\" is missing" },
		{ "{'" P("x.drv") "':[]}", "x.json: " P("x.drv") ": a derivation must be an object, but is an array" },
		{ "{'" P("x.drv") "':{}}", "x.json: " P("x.drv") ": \"name\" is missing" },
		{ ONE("", ",'env':{}"), "x.json: a derivation has at least one output, this one has none" },
		{ ONE("'o/t':{}", ",'env':{}"), "x.json: outputs.o/t: it cannot be the name of an output" },
		{ ONE("'out':{'path':'/etc'}", ",'env':{}"), "x.json: outputs.out: '/etc' is not a store path of /n"
			"ix/store" },
		{ ONE("'out':{'path':'" P("x") "','hash':''}", ",'env':{}"), "x.json: outputs.out: it has a member "
			"that is "
		  "not known" },
		{ ONE("'out':{'method':'tar'}", ",'env':{}"), "x.json: outputs.out: \"method\" is 'tar', and not fl"
			"at, nar, "
		  "text or git" },
		{ ONE("'out':{'method':'nar'}", ",'env':{}"), "x.json: outputs.out: \"hashAlgo\" is missing" },
		{ ONE("'out':{'method':'nar','hashAlgo':'md6'}", ",'env':{}"), "x.json: outputs.out: \"hashAlgo\" i"
			"s not a "
		  "known hash algorithm" },
		{ ONE("'out':{'method':'flat','hashAlgo':'md5','path':'" P("x") "','hash':"
		      "'d41d8cd98f00b204e9800998ecf8427e'}", ",'env':{}"), "x.json: outputs.out: the path is "
		P("x") ", but "
		  "by its hash it should be /nix/store/v4hm49i7f7fmjvrmdcda7qrcizb2ckkn-x" },
		{ ONE("'out':{}", ",'env':{'a':1}"), "x.json: env.a must be a string" },
		{ ONE("'out':{}", ""), "x.json: \"env\" is missing" },
		{ ONE("'out':{}", ",'env':[]"), "x.json: \"env\" must be an object, but is an array" },
		{ ONE("'out':{}", ",'env':{'__json':''},'structuredAttrs':{}"), "x.json: both \"structuredAttrs\" a"
			"nd the "
		  "variable __json are there" },
		{ ONE("'out':{}", ",'env':{'a':'','a':''}"), "x.json:1:121: the member 'a' comes twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct drv_shown shown;
		struct err e;

		assert_true(read_one(cases[i].json, &shown, &e) < 0);
		assert_string_equal(e.text, cases[i].message);
	}
}

static void what_json_cannot_say_is_refused(void **state)
{
	struct str out = STR_INIT;
	struct drv_shown shown;
	struct err e;

	(void)state;
	assert_ok(read_one(ONE("'out':{}", ",'env':{}"), &shown, &e), &e);
	shown.path = (char *)P("x.drv");
	shown.drv.builder = (char *)"\xff";
	assert_error(drv_show_write(arena, &store, &shown, 1, 4, &out, &e), &e, EINVAL,
		     "a derivation holds a string that is not UTF-8, which JSON cannot have");
	str_free(&out);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(version_3, setup, teardown),
	cmocka_unit_test_setup_teardown(version_4, setup, teardown),
	cmocka_unit_test_setup_teardown(structured_attributes_are_a_variable, setup, teardown),
	cmocka_unit_test_setup_teardown(numbers_are_as_nix_writes_them, setup, teardown),
	cmocka_unit_test_setup_teardown(what_is_wrong_is_refused, setup, teardown),
	cmocka_unit_test_setup_teardown(what_json_cannot_say_is_refused, setup, teardown),
};

UNIT_MAIN(tests)
