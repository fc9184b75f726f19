/* The store paths that annotations add: what annotations may say, what the helper may answer, what is planned. */
#include "tests/unit/plan/text.h"

#include "plan/closure.h"

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define A "/nix/store/" A32 "-a"
#define B "/nix/store/" B32 "-b"
#define WHERE "annotations.\"run.cloister.closure\""
#define CLOSURE_OPS "store,bind,group-end,mount"

static struct closure_path two[] = {
	{ A, CLOSURE_DIRECTORY, NULL }, { B, CLOSURE_DIRECTORY, NULL },
};
static struct plan_closure closure;

/* With the annotations that are not NULL. */
static struct oci_spec *noted(const char *closure_text, const char *path)
{
	struct oci_spec *s = text_spec(ROOTFUL("", ""));

	s->annotations = arena_alloc(arena, sizeof *s->annotations);
	s->annotations->keys = arena_array(arena, 2, sizeof(char *));
	s->annotations->values = arena_array(arena, 2, sizeof(char *));
	if (closure_text) {
		s->annotations->keys[s->annotations->len] = "run.cloister.closure";
		s->annotations->values[s->annotations->len++] = (char *)closure_text;
	}
	if (path) {
		s->annotations->keys[s->annotations->len] = "run.cloister.path";
		s->annotations->values[s->annotations->len++] = (char *)path;
	}
	return s;
}

static void words_are_separated_by_blanks_and_commas(void **state)
{
	char **words;

	(void)state;
	assert_ok(plan_closure_words(arena, noted(NULL, NULL), &words, &err), &err);
	assert_null(words);
	assert_ok(plan_closure_words(arena, noted(NULL, "none"), &words, &err), &err);
	assert_null(words);
	assert_ok(plan_closure_words(arena, noted(" " A ",, " B " ,/etc/list", "append"), &words, &err), &err);
	assert_string_equal(words[0], A);
	assert_string_equal(words[1], B);
	assert_string_equal(words[2], "/etc/list");
	assert_null(words[3]);
}

static void bad_words(void **state)
{
	char *huge = arena_alloc(arena, CLOSURE_TEXT_MAX + 2), **words;

	(void)state;
	assert_error(plan_closure_words(arena, noted(" ,", NULL), &words, &err), &err, EINVAL,
		WHERE " is empty: it names store paths, a closureInfo directory or a file with a list of paths");
	assert_error(plan_closure_words(arena, noted("hello", NULL), &words, &err), &err, EINVAL,
		WHERE ": 'hello' is not an absolute path");
	assert_error(plan_closure_words(arena, noted(A "\n" B, NULL), &words, &err), &err, EINVAL,
		WHERE ": '" A " " B "' holds a control character");
	memset(huge, '/', CLOSURE_TEXT_MAX + 1);
	assert_error(plan_closure_words(arena, noted(huge, NULL), &words, &err), &err, E2BIG,
		WHERE " is longer than 65536 bytes: name a file with the list of paths");
	assert_error(plan_closure_words(arena, noted(A, "yes"), &words, &err), &err, EINVAL,
		"annotations.\"run.cloister.path\": 'yes' is not prepend, append, replace or none");
	assert_error(plan_closure_words(arena, noted(NULL, "append"), &words, &err), &err, EINVAL,
		"annotations.\"run.cloister.path\" is about the store paths of run.cloister.closure, which is missing");
}

static void names_are_known(void **state)
{
	(void)state;
	as_root();
	assert_error(build_plan(ROOTFUL("", ",'annotations':{'x':'1','run.cloister.closures':'/x'}")), &err, EINVAL,
		"annotations.\"run.cloister.closures\": there is no such annotation: known are arg0, closure, lock, "
		"path, "
		"personality and store");
	assert_ok(build_plan(ROOTFUL("", ",'annotations':{'run.cloister':'1','run.cloisterx':''}")), &err);
}

static int parse(const char *answer)
{
	closure = (struct plan_closure){ .root = "" };
	return plan_closure_parse(arena, arena_strdup(arena, answer), &closure, &err);
}

static void an_answer_is_checked(void **state)
{
	static const char *const bad[] = {
		"/etc\n", "/nix/store\n", "/nix/store/\n", "/nix/store/..\n", "/nix/store/.links\n", "\n", A "\n\n",
		A "/bin\n", A " x\n", "/nix/storex/" A32 "-a\n", "nix/store/" A32 "-a\n", "/nix/store/a\\b\n",
	};

	(void)state;
	assert_ok(parse(A "\n" B "\n"), &err);
	assert_int_equal(closure.len, 2);
	assert_string_equal(closure.paths[1].path, B);
	assert_ok(parse("/gnu/store/" A32 "-a\n" A "\n"), &err);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(parse(bad[i]), -EBADMSG);
	assert_error(parse(A), &err, EBADMSG, "the list of paths is cut off");
	assert_error(parse(""), &err, EBADMSG, "the list of paths is empty");
	assert_error(parse(B "\n" A "\n"), &err, EBADMSG, "the list of paths is not sorted");
	assert_error(parse(A "\n" A "\n"), &err, EBADMSG, "the list of paths is not sorted");
	assert_error(parse("/etc/passwd\n"), &err, EBADMSG, "'/etc/passwd' is not a path of a known store");
}

static int set_up(void **state)
{
	int r = text_set_up(state);

	closure = (struct plan_closure){ .root = "", .paths = two, .len = 2 };
	facts.closure = &closure;
	return r;
}

#define WITH_CLOSURE(f) cmocka_unit_test_setup_teardown(f, set_up, text_tear_down)

static void mounted_first(void **state)
{
	static struct closure_path mixed[] = {
		{ "/gnu/store/" A32 "-a", CLOSURE_FILE, NULL }, { A, CLOSURE_DIRECTORY, NULL },
		{ B, CLOSURE_LINK, "../x y" },
	};

	(void)state;
	as_root();
	closure.paths = mixed;
	closure.len = 3;
	assert_string_equal(only(CLOSURE_OPS, "init", ROOTFUL("{'destination':'/x','type':'tmpfs'}", "")),
		"store /gnu/store\n"
		"bind /gnu/store/" A32 "-a /gnu/store/" A32 "-a src-nofollow dest-nofollow\n"
		"group-end /gnu/store +ro +nosuid +nodev\n"
		"store /nix/store " B " \"../x y\"\n"
		"bind " A " " A " src-nofollow dest-nofollow\n"
		"group-end /nix/store +ro +nosuid +nodev\n"
		"mount tmpfs /x\n");
	assert_false(plan.has_outer);
}

#define DATA "{'destination':'/data','source':'/d','options':['bind','ro']}"

static void locked_where_there_is_a_user_namespace(void **state)
{
	(void)state;
	closure.root = "/r";
	assert_string_equal(only(CLOSURE_OPS, "outer", ROOTLESS(DATA, "")),
		"store /nix/store\nbind /r" A " " A " src-nofollow dest-nofollow\n"
		"bind /r" B " " B " src-nofollow dest-nofollow\ngroup-end /nix/store +ro +nosuid +nodev\n");
	/* the config's own are left where they are */
	assert_string_equal(only("bind", "init", ROOTLESS(DATA, "")), "bind /d /data +ro\n");
	/* ... unless it asks for it, or for none */
	assert_string_equal(only("bind", "init", ROOTLESS(DATA, ",'annotations':{'run.cloister.lock':'true'}")), "");
	assert_string_equal(only("store", "init", ROOTLESS(DATA, ",'annotations':{'run.cloister.lock':'false'}")),
		"store /nix/store\n");
	assert_false(plan.has_outer);
}

#define WITH_ADMIN(set, more) \
	"{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'capabilities':{'" set "':['CAP_SYS_ADMIN']}}," \
	"'root':{'path':'r'},'linux':{'namespaces':[{'type':'mount'}" more "]}"

static void what_cannot_be_locked_is_refused(void **state)
{
	static const char *const sets[] = {
		WITH_ADMIN("bounding", "") "}", WITH_ADMIN("permitted", "") "}", WITH_ADMIN("effective", "") "}",
		WITH_ADMIN("inheritable", "") "}", WITH_ADMIN("ambient", "") "}",
	};

	(void)state;
	as_root();
	for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
		assert_error(build_plan(sets[i]), &err, EPERM,
			WHERE ": store paths cannot be locked against a container with CAP_SYS_ADMIN and no user "
			"namespace of "
			"its own: leave the capability out, add a user namespace, or set run.cloister.lock to "
			"\"false\"");
	assert_ok(build_plan(WITH_ADMIN("bounding", "") ",'annotations':{'run.cloister.lock':'false'}}"), &err);
	assert_error(build_plan(CONFIG_OF("'namespaces':[{'type':'mount','path':'/p'}]", "", "")), &err, EINVAL,
		WHERE ": nothing can be mounted in a mount namespace that is joined by path, whose owner has made its "
		"mounts: leave it out");
	facts.closure = NULL;
	assert_ok(build_plan(WITH_ADMIN("bounding", "") "}"), &err);
}

static void nothing_covers_it(void **state)
{
	(void)state;
	as_root();
	assert_error(build_plan(ROOTFUL("{'destination':'/nix','type':'tmpfs'}", "")), &err, EINVAL,
		"mounts[0]: /nix would cover the store paths of " WHERE ": leave one of them out");
	assert_error(build_plan(ROOTFUL("{'destination':'/x','type':'tmpfs'},"
		"{'destination':'/nix/./store/','type':'tmpfs'}", "")), &err, EINVAL,
		"mounts[1]: /nix/store would cover the store paths of " WHERE ": leave one of "
		"them out");
	assert_error(build_plan(ROOTFUL("{'destination':'" B "','type':'tmpfs'}", "")), &err, EINVAL,
		"mounts[0]: " B " is a store path of " WHERE ": leave one of them out");
	assert_error(build_plan(ROOTFUL("{'destination':'" A "/bin','type':'tmpfs'}", "")), &err, EINVAL,
		"mounts[0]: " A "/bin is a store path of " WHERE ": leave one of them out");
	assert_ok(build_plan(ROOTFUL("{'destination':'/nix/var','type':'tmpfs'},"
		"{'destination':'" A "x','type':'tmpfs'},{'destination':'/ni','type':'tmpfs'}", "")), &err);
}

static const char *path_of(const char *env, const char *how)
{
	struct oci_spec *s = noted(B " /list " A, how);
	const struct op *op = NULL;
	static char *vars[] = { NULL, "X=1", NULL };

	vars[0] = (char *)env;
	s->process->env = env ? vars : vars + 1;
	s->process->env_len = env ? 2 : 1;
	assert_ok(plan_build(arena, s, &facts, &options, &plan, &err), &err);
	for (size_t i = 0; i < plan.len; i++)
		if (plan.ops[i].type == OP_EXEC)
			op = &plan.ops[i];
	/* once, and the others are kept */
	for (size_t i = 0, seen = 0; op->exec.env[i]; i++)
		assert_true(strncmp(op->exec.env[i], "PATH=", 5) != 0 || seen++ == 0);
	return op->exec.path ? op->exec.env[0] : "";
}

static void path_has_the_roots(void **state)
{
	(void)state;
	as_root();
	assert_string_equal(path_of("PATH=/bin", NULL), "");
	assert_string_equal(path_of("PATH=/bin", "none"), "");
	assert_string_equal(path_of("PATH=/bin", "prepend"), "PATH=" B "/bin:" A "/bin:/bin");
	assert_string_equal(path_of("PATH=/bin", "append"), "PATH=/bin:" B "/bin:" A "/bin");
	assert_string_equal(path_of("PATH=/bin", "replace"), "PATH=" B "/bin:" A "/bin");
	assert_string_equal(path_of("PATH=", "append"), "PATH=" B "/bin:" A "/bin");
	assert_string_equal(path_of(NULL, "prepend"), "PATH=" B "/bin:" A "/bin");
	assert_error(plan_build(arena, noted("/list", "append"), &facts, &options, &plan, &err), &err, EINVAL,
		"annotations.\"run.cloister.path\": run.cloister.closure names a list only, and no store path whose "
		"bin "
		"could be added to PATH");
}

static const struct CMUnitTest tests[] = {
	TEXT_TEST(words_are_separated_by_blanks_and_commas),
	TEXT_TEST(bad_words),
	TEXT_TEST(names_are_known),
	TEXT_TEST(an_answer_is_checked),
	WITH_CLOSURE(mounted_first),
	WITH_CLOSURE(locked_where_there_is_a_user_namespace),
	WITH_CLOSURE(what_cannot_be_locked_is_refused),
	WITH_CLOSURE(nothing_covers_it),
	WITH_CLOSURE(path_has_the_roots),
};

UNIT_MAIN(tests)
