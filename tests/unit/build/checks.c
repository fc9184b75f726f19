/* build/checks: what a derivation demands of its outputs, of both kinds of attributes. */
#include "tests/unit/unit.h"

#include "build/checks.h"

#define PATH(letter, name) "/nix/store/" letter letter letter letter "-" name
#define A8 "aaaaaaaa"
#define B8 "bbbbbbbb"
#define C8 "cccccccc"
#define OUT PATH(A8, "x")
#define DEV PATH(B8, "x-dev")
#define LIB PATH(C8, "lib")
#define DEEP PATH("dddddddd", "deep")

/* x refers to itself and to lib, which refers to deep; x-dev refers to x. */
static int info(void *data, struct arena *a, const char *path, struct store_path_info *ret, struct err *e)
{
	static char *const deep[] = { (char *)DEEP };

	(void)data;
	(void)a;
	*ret = (struct store_path_info){ .path = (char *)path, .nar_size = 1000 };
	if (strcmp(path, LIB) == 0)
		ret->references = (struct store_paths){ (char **)deep, 1 };
	else if (strcmp(path, DEEP) != 0)
		return err_set(e, ENOENT, "unknown");
	return 0;
}

/* One attribute: in the environment, or if it begins with '{' as structured attributes. */
static int check(const char *name, const char *value, struct err *e)
{
	static char *out_references[] = { (char *)OUT, (char *)LIB }, *dev_references[] = { (char *)OUT };
	const struct store_path_info infos[] = {
		{ .path = (char *)OUT, .nar_size = 50, .references = { out_references, 2 } },
		{ .path = (char *)DEV, .nar_size = 70, .references = { dev_references, 1 } },
	};
	const struct build_output outputs[] = { { "out", &infos[0] }, { "dev", &infos[1] } };
	struct arena *a = arena_new();
	struct drv_variable variable = { (char *)name, (char *)value };
	struct derivation d = { .env = &variable, .env_len = 1 };
	struct build_checking k = { .drv = &d, .outputs = outputs, .outputs_len = 2, .lookup = { info, NULL } };
	struct json_tree *attrs = NULL;
	int r;

	*e = (struct err){ 0 };
	if (*value == '{') {
		assert_ok(json_tree_read(a, "attrs", value, strlen(value), &attrs, e), e);
		k.attrs = attrs;
	}
	r = build_checks(a, &k, e);
	arena_free(a);
	return r;
}

static void environment(void **state)
{
	struct err e;

	(void)state;
	assert_ok(check("name", "x", &e), &e);
	assert_ok(check("allowedReferences", "out " LIB, &e), &e);
	assert_error(check("allowedReferences", "out", &e), &e, EPERM,
		     "output '" OUT "' is not allowed to refer to the following paths: " LIB " (allowedReferences)");
	/* an empty list allows nothing, not even the output itself; no list allows all */
	assert_error(check("allowedReferences", "", &e), &e, EPERM,
		     "output '" OUT "' is not allowed to refer to the following paths: " OUT ", " LIB
		     " (allowedReferences)");
	/* requisites are not the output itself */
	assert_ok(check("allowedRequisites", "out " LIB " " DEEP, &e), &e);
	assert_error(check("allowedRequisites", "out " LIB, &e), &e, EPERM,
		     "output '" OUT "' is not allowed to refer to the following paths: " DEEP " (allowedRequisites)");
	assert_ok(check("disallowedReferences", DEEP, &e), &e);
	assert_error(check("disallowedRequisites", DEEP, &e), &e, EPERM,
		     "output '" OUT "' is not allowed to refer to the following paths: " DEEP
		     " (disallowedRequisites)");
	assert_ok(check("disallowedReferences", "dev", &e), &e);
	assert_error(check("disallowedReferences", "out", &e), &e, EPERM,
		     "output '" OUT "' is not allowed to refer to the following paths: " OUT " (disallowedReferences)");
	assert_error(check("disallowedReferences", "doc", &e), &e, EINVAL,
		     "the attribute 'disallowedReferences' names 'doc', which is neither a store path nor an output of "
		     "the derivation");
	/* sizes are for structured attributes only */
	assert_ok(check("maxSize", "1", &e), &e);
}

static void structured(void **state)
{
	struct err e;

	(void)state;
	/* what stands beside outputChecks has no meaning there */
	assert_ok(check("", "{\"allowedReferences\": []}", &e), &e);
	assert_ok(check("", "{\"outputChecks\": {\"out\": {\"maxSize\": 50, \"maxClosureSize\": 2050}}}", &e), &e);
	assert_error(check("", "{\"outputChecks\": {\"out\": {\"maxSize\": 49}}}", &e), &e, EPERM,
		     "path '" OUT "' is too large at 50 bytes; limit is 49 bytes (maxSize)");
	assert_error(check("", "{\"outputChecks\": {\"dev\": {\"maxClosureSize\": 2119}}}", &e), &e, EPERM,
		     "closure of path '" DEV "' is too large at 2120 bytes; limit is 2119 bytes (maxClosureSize)");
	assert_error(check("", "{\"outputChecks\": {\"dev\": {\"disallowedRequisites\": [\"" DEEP "\"]}}}", &e), &e,
		     EPERM,
		     "output '" DEV "' is not allowed to refer to the following paths: " DEEP
		     " (disallowedRequisites)");
	assert_ok(check("", "{\"outputChecks\": {\"dev\": {\"allowedReferences\": [\"out\"]}}}", &e), &e);
	assert_error(check("", "{\"outputChecks\": []}", &e), &e, EINVAL,
		     "the attribute 'outputChecks' must be an object");
	assert_error(check("", "{\"outputChecks\": {\"out\": {\"maxSize\": \"50\"}}}", &e), &e, EINVAL,
		     "the attribute 'maxSize' must be a whole number");
	assert_error(check("", "{\"outputChecks\": {\"out\": 1}}", &e), &e, EINVAL,
		     "the attribute 'outputChecks.out' must be an object");
	assert_int_equal(check("", "{\"outputChecks\": {\"out\": {\"allowedReferences\": \"out\"}}}", &e), -EINVAL);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(environment), cmocka_unit_test(structured) };
UNIT_MAIN(tests)
