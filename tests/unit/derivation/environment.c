/* What a builder finds, stated for whole environments and files. What Nix and Guix do is compared by tests/e2e. */
#include "tests/unit/unit.h"

#include "derivation/aterm.h"
#include "derivation/environment.h"

#define P(c, name) "/nix/store/" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c "-" name
#define OUT P("0", "x")

static struct arena *arena;
static struct store nix, guix;

static int setup(void **state)
{
	struct err e;

	(void)state;
	arena = arena_new();
	assert_non_null(arena);
	assert_ok(store_describe(arena, STORE_NIX, NULL, &nix, &e), &e);
	assert_ok(store_describe(arena, STORE_GUIX, NULL, &guix, &e), &e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static char *self_references[] = { (char *)P("1", "a"), (char *)P("2", "b") };
static const struct drv_path inputs[] = {
	{ .path = (char *)P("1", "a"), .references = { self_references, 2 }, .nar_hash = (char *)"sha256:AAA",
	  .nar_size = 100, .ca = (char *)"fixed:r:sha256:CA" },
	{ .path = (char *)P("2", "b"), .nar_hash = (char *)"sha256:BBB", .nar_size = 20 },
	{ .path = (char *)P("3", "c"), .nar_hash = (char *)"sha256:CCC", .nar_size = 3 },
	{ .path = (char *)P("5", "d.drv"), .outputs = { self_references, 1 }, .nar_hash = (char *)"", .nar_size = 1 },
};

/* Outputs and variables as in a .drv file. */
static int make(const struct store *s, const char *outputs, const char *env, struct drv_environment *ret, struct err *e)
{
	static char *caller[] = { (char *)"SECRET=1", (char *)"http_proxy=http://proxy/", NULL };
	const struct drv_machine m = { .path = P("4", "x.drv"), .cores = 3, .env = caller, .paths = inputs,
		.paths_len = 4 };
	const char *text = arena_printf(arena, "Derive([%s],[],[],\"i686-linux\",\"/bin/sh\",[\"-e\"],[%s])",
		outputs, env);
	struct drv_options o;
	struct derivation d;
	int r = aterm_read(arena, s, "x.drv", "x", text, strlen(text), &d, e);

	if (r == 0)
		r = drv_options_read(arena, s->kind, "x.drv", &d, &o, e);
	return r < 0 ? r : drv_environment_make(arena, s, &d, &o, &m, NULL, 0, ret, e);
}

static const char *lines(const struct drv_environment *env)
{
	struct str out = STR_INIT;
	const char *text;

	for (size_t i = 0; i < env->env_len; i++)
		str_addf(&out, "%s\n", env->env[i]);
	for (size_t i = 0; i < env->files_len; i++)
		str_addf(&out, "[%s]%s\n", env->files[i].name, env->files[i].text);
	text = arena_strdup(arena, str_text(&out));
	str_free(&out);
	return text;
}

#define IA "(\"out\",\"" OUT "\",\"\",\"\")"
#define FOLDERS "/build\nTEMPDIR=/build\nTERM=xterm-256color\nTMP=/build\nTMPDIR=/build\n"

static void nix_replaces_in_order(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };

	(void)state;
	/* What the derivation says replaces what comes before it, and is replaced by what comes after it. */
	assert_ok(make(&nix, IA, "(\"HOME\",\"/home\"),(\"NIX_LOG_FD\",\"7\"),(\"PATH\",\"/p\"),(\"PWD\",\"/\"),"
		       "(\"TERM\",\"dumb\"),(\"http_proxy\",\"x\"),(\"impureEnvVars\",\"SECRET\"),(\"out\",\""
		OUT "\")", &env, &e), &e);
	assert_string_equal(lines(&env), "HOME=/home\nNIX_BUILD_CORES=3\nNIX_BUILD_TOP=/build\nNIX_LOG_FD=2\n"
			    "NIX_STORE=/nix/store\nPATH=/p\nPWD=/build\nTEMP=" FOLDERS
			    "http_proxy=x\nimpureEnvVars=SECRET\nout=" OUT "\n");
	assert_string_equal(env.builder, "/bin/sh");
	assert_string_equal(env.args[0], "sh");
	assert_string_equal(env.args[1], "-e");
	assert_null(env.args[2]);
	assert_int_equal(env.uid, 1000);
	assert_int_equal(env.gid, 100);
	assert_true(env.linux32);
	assert_false(env.network);
}

static void guix_knows_fewer(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };

	(void)state;
	assert_ok(make(&guix, "(\"out\",\"/gnu/store/00000000000000000000000000000000-x\",\"\",\"\")",
		       "(\"__json\",\"{}\"),(\"passAsFile\",\"a\"),(\"a\",\"/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6"
		"xs1hycac8kf2n9\")",
		       &env, &e) == -EINVAL ? 0 : -1, &e);
	assert_ok(make(&guix, "(\"out\",\"/gnu/store/00000000000000000000000000000000-x\",\"\",\"\")",
		       "(\"__json\",\"{}\"),(\"a\",\"/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9\"),(\"pa"
		"ssAsFile\",\"a\")",
		       &env, &e), &e);
	assert_string_equal(lines(&env), "HOME=/homeless-shelter\nNIX_BUILD_CORES=3\nNIX_BUILD_TOP=/tmp/guix-build-"
		"x.drv-0\n"
			    "NIX_STORE=/gnu/store\nPATH=/path-not-set\nPWD=/tmp/guix-build-x.drv-0\n"
			    "TEMP=/tmp/guix-build-x.drv-0\nTEMPDIR=/tmp/guix-build-x.drv-0\nTMP=/tmp/guix-build-x.d"
			"rv-0\n"
			    "TMPDIR=/tmp/guix-build-x.drv-0\n__json={}\n"
			    "a=/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9\npassAsFile=a\n");
	assert_int_equal(env.uid, 30001);
	assert_int_equal(env.gid, 30000);
	assert_true(env.linux32);
}

static void a_fixed_output_gets_the_network(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };

	(void)state;
	assert_ok(make(&nix, "(\"out\",\"" OUT "\",\"md5\",\"d41d8cd98f00b204e9800998ecf8427e\")",
		       "(\"impureEnvVars\",\"http_proxy  no_proxy\")", &env, &e), &e);
	assert_string_equal(lines(&env), "HOME=/homeless-shelter\nNIX_BUILD_CORES=3\nNIX_BUILD_TOP=/build\nNIX_LOG_"
		"FD=2\n"
			    "NIX_OUTPUT_CHECKED=1\nNIX_STORE=/nix/store\nPATH=/path-not-set\nPWD=/build\nTEMP=" FOLDERS
			    "http_proxy=http://proxy/\nimpureEnvVars=http_proxy  no_proxy\nno_proxy=\n");
	assert_true(env.network);
}

/* The value of one line. */
static const char *value(const struct drv_environment *env, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < env->env_len; i++)
		if (strncmp(env->env[i], name, n) == 0 && env->env[i][n] == '=')
			return env->env[i] + n + 1;
	return "(none)";
}

static const char *file(const struct drv_environment *env, const char *name)
{
	for (size_t i = 0; i < env->files_len; i++)
		if (strcmp(env->files[i].name, name) == 0)
			return env->files[i].text;
	return "(none)";
}

#define OUT_PLACEHOLDER "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9"

static void floating_outputs_have_a_path_for_the_build(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };
	const char *path;

	(void)state;
	assert_ok(make(&nix, "(\"out\",\"\",\"r:sha256\",\"\")", "(\"a\",\"x" OUT_PLACEHOLDER ":"
		OUT_PLACEHOLDER "/y\"),"
		       "(\"out\",\"" OUT_PLACEHOLDER "\"),(\"passAsFile\",\"a\")", &env, &e), &e);
	path = value(&env, "out");
	assert_string_equal(path, env.outputs.items[0]);
	assert_true(store_path_ok(&nix, path));
	assert_string_equal(path + strlen(path) - 2, "-x");
	assert_string_equal(value(&env, "aPath"), "/build/.attr-1fs8xspqaxw0p5r4wz0lz3pqd9sdvhirmcriqbxcmg8vr89835ya");
	assert_string_equal(value(&env, "a"), "(none)");
	assert_int_equal(env.files_len, 1);
	assert_string_equal(env.files[0].text, arena_printf(arena, "x%s:%s/y", path, path));
}

static void structured_attributes(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };

	(void)state;
	assert_ok(make(&nix, IA, "(\"__json\",\"{\\\"b\\\":[1,true,null,\\\"it's $x\\\"],\\\"a-b\\\":1,\\\"c\\\":"
		"{\\\"k'\\\":\\\"v\\\","
		       "\\\"n\\\":2},\\\"d\\\":[[1]],\\\"e\\\":2.5,\\\"f\\\":1e3,\\\"t\\\":false,\\\"outputs\\\":"
		"[\\\"out\\\"]}\"),(\"out\",\"" OUT "\")",
		       &env, &e), &e);
	assert_string_equal(value(&env, "NIX_ATTRS_SH_FILE"), "/build/.attrs.sh");
	assert_string_equal(value(&env, "NIX_ATTRS_JSON_FILE"), "/build/.attrs.json");
	assert_string_equal(value(&env, "out"), "(none)");
	assert_string_equal(value(&env, "__json"), "(none)");
	assert_string_equal(file(&env, ".attrs.json"),
			    "{\"a-b\":1,\"b\":[1,true,null,\"it's $x\"],\"c\":{\"k'\":\"v\",\"n\":2},\"d\":[[1]],\""
			"e\":2.5,"
			    "\"f\":1000.0,\"outputs\":{\"out\":\"" OUT "\"},\"t\":false}");
	assert_string_equal(file(&env, ".attrs.sh"), "declare -a b=(1 1 '' 'it'\\''s $x' )\n"
			    "declare -A c=(['k'\\''']='v' ['n']=2 )\n"
			    "declare f=1000\n"
			    "declare -A outputs=(['out']='" OUT "' )\n"
			    "declare t=\n");
}

static void references_are_exported(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };

	(void)state;
	assert_ok(make(&nix, IA, "(\"exportReferencesGraph\",\"g " P("1", "a") "/bin h " P("3", "c") "\")", &env,
		&e), &e);
	assert_string_equal(file(&env, "g"), P("1", "a") "\n\n2\n" P("1", "a") "\n" P("2", "b") "\n" P("2",
		"b") "\n\n0\n");
	assert_string_equal(file(&env, "h"), P("3", "c") "\n\n0\n");
	/* of a derivation its outputs as well, and what they refer to */
	assert_ok(make(&nix, IA, "(\"exportReferencesGraph\",\"g " P("5", "d.drv") "\")", &env, &e), &e);
	assert_string_equal(file(&env, "g"), P("1", "a") "\n\n2\n" P("1", "a") "\n" P("2", "b") "\n" P("2",
		"b") "\n\n0\n"
			    P("5", "d.drv") "\n\n0\n");
	assert_ok(make(&nix, IA, "(\"__json\",\"{\\\"exportReferencesGraph\\\":{\\\"g\\\":[[\\\"" P("1",
		"a") "\\\"]]}}\")", &env, &e), &e);
	assert_non_null(strstr(file(&env, ".attrs.json"), "\"g\":[{\"ca\":\"fixed:r:sha256:CA\",\"closureSize\":120,"
			       "\"narHash\":\"sha256:AAA\",\"narSize\":100,\"path\":\"" P("1",
			"a") "\",\"references\":[\""
			       P("1", "a") "\",\"" P("2", "b") "\"],\"valid\":true},{\"closureSize\":20,"
			       "\"narHash\":\"sha256:BBB\",\"narSize\":20,\"path\":\"" P("2",
			"b") "\",\"references\":[],\"valid\":true}]"));
	assert_error(make(&nix, IA, "(\"exportReferencesGraph\",\"g " P("9", "z") "\")", &env, &e), &e, EINVAL,
		     "derivation " P("4", "x.drv") ": exportReferencesGraph: " P("9",
		"z") " is not among the inputs of "
		     "the derivation");
	assert_error(make(&nix, IA, "(\"exportReferencesGraph\",\"../g " P("1", "a") "\")", &env, &e), &e, EINVAL,
		     "derivation x.drv: the attribute 'exportReferencesGraph': '../g' cannot be the name of a file");
	assert_error(make(&nix, IA, "(\"exportReferencesGraph\",\"g\")", &env, &e), &e, EINVAL,
		     "derivation x.drv: the attribute 'exportReferencesGraph' must be pairs of a file name and a store "
		     "path, but 'g' has an odd number of words");
}

static void what_cannot_be_is_refused(void **state)
{
	struct drv_environment env;
	struct err e = { 0 };

	(void)state;
	assert_error(make(&nix, IA, "(\"a=b\",\"\")", &env, &e), &e, EINVAL,
		     "derivation " P("4", "x.drv") ": 'a=b' cannot be the name of a variable");
	assert_error(make(&nix, IA, "(\"__json\",\"[]\")", &env, &e), &e, EINVAL,
		     "derivation x.drv: __json: structured attributes must be an object, but are an array");
	assert_error(make(&nix, IA, "(\"__json\",\"{\\\"__noChroot\\\":1}\")", &env, &e), &e, EINVAL,
		     "derivation x.drv: the attribute '__noChroot' must be true or false, but is a number");
	assert_error(make(&nix, IA, "(\"__json\",\"{\\\"a\\\":1,\\\"a\\\":1}\")", &env, &e), &e, EINVAL,
		     "derivation x.drv: __json:1:13: the member 'a' comes twice");
	assert_error(make(&nix, "(\"out\",\"\",\"\",\"\")", "", &env, &e), &e, EINVAL,
		     "derivation " P("4", "x.drv") ": the path of its output 'out' is not known before its inputs are "
		     "built: build the derivation that it resolves to");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(nix_replaces_in_order, setup, teardown),
	cmocka_unit_test_setup_teardown(guix_knows_fewer, setup, teardown),
	cmocka_unit_test_setup_teardown(a_fixed_output_gets_the_network, setup, teardown),
	cmocka_unit_test_setup_teardown(floating_outputs_have_a_path_for_the_build, setup, teardown),
	cmocka_unit_test_setup_teardown(structured_attributes, setup, teardown),
	cmocka_unit_test_setup_teardown(references_are_exported, setup, teardown),
	cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, setup, teardown),
};

UNIT_MAIN(tests)
