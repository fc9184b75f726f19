/* The reader: what is taken, every way to be refused with the exact words, and every limit from both sides. */
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "libocispec/field/read.h"
#include "oci_spec.h"

static struct arena *arena;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	err = (struct err){ 0 };
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct oci_spec *read_spec(const char *json)
{
	struct oci_spec *spec = NULL;
	int r;

	err = (struct err){ 0 };
	r = oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err);
	if (r < 0)
		return NULL;
	assert_int_equal(err.num, 0);
	return spec;
}

static struct oci_spec *must_read(const char *json)
{
	struct oci_spec *spec = read_spec(json);

	if (!spec)
		fail_msg("%s: %s", json, err.text);
	return spec;
}

static void refuse(const char *json, int num, const char *message)
{
	struct oci_spec *spec = NULL;

	assert_int_equal(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), -num);
	assert_int_equal(err.num, num);
	assert_string_equal(err.text, message);
	assert_null(spec);
}

static void reads_every_kind(void **state)
{
	struct oci_spec *s = must_read(
		"{\"ociVersion\": \"1.3.0\", \"hostname\": null,"
		" \"process\": {\"cwd\": \"/\", \"terminal\": true, \"args\": [\"a\", \"\"], \"env\": [],"
		"   \"user\": {\"uid\": 4294967295, \"additionalGids\": [1, 0]}, \"oomScoreAdj\": -5},"
		" \"mounts\": [{\"destination\": \"/a\"}, {\"destination\": \"/b\", \"options\": [\"ro\"]}],"
		" \"annotations\": {\"b\": \"1\", \"a\": \"\", \"gone\": null},"
		" \"linux\": {\"namespaces\": [{\"type\": \"time\"}], \"netDevices\": {\"eth0\": {\"name\": \"n\"}},"
		"   \"resources\": {\"memory\": {\"disableOOMKiller\": true, \"kernelTCP\": 1}}}}");

	(void)state;
	assert_string_equal(s->oci_version, "1.3.0");
	assert_null(s->hostname);
	assert_null(s->root);
	assert_true(s->process->terminal);
	assert_int_equal(s->process->args_len, 2);
	assert_string_equal(s->process->args[1], "");
	assert_null(s->process->args[2]);
	assert_non_null(s->process->env);
	assert_int_equal(s->process->env_len, 0);
	assert_null(s->process->env[0]);
	assert_true(s->process->user->uid == UINT32_MAX && s->process->user->has_uid);
	assert_false(s->process->user->has_gid);
	assert_int_equal(s->process->user->additional_gids_len, 2);
	assert_int_equal(s->process->user->additional_gids[0], 1);
	assert_int_equal(s->process->oom_score_adj, -5);
	assert_int_equal(s->mounts_len, 2);
	assert_string_equal(s->mounts[1].destination, "/b");
	assert_string_equal(s->mounts[1].options[0], "ro");
	assert_null(s->mounts[0].options);
	assert_int_equal(s->annotations->len, 2);
	assert_string_equal(s->annotations->keys[0], "b");
	assert_string_equal(s->annotations->values[1], "");
	assert_int_equal(s->linux->namespaces[0].type, OCI_NAMESPACE_TYPE_TIME);
	assert_string_equal(s->linux->net_devices->keys[0], "eth0");
	assert_string_equal(s->linux->net_devices->values[0].name, "n");
	assert_true(s->linux->resources->memory->disable_oom_killer);
	assert_true(s->linux->resources->memory->has_kernel_tcp);
}

static void decodes_strings(void **state)
{
	(void)state;
	assert_string_equal(must_read("{\"ociVersion\":\"\\u00e9\\n\\\\\\/\\ud83d\\ude00\xc3\xa9\"}")->oci_version,
			    "\xc3\xa9\n\\/\xf0\x9f\x98\x80\xc3\xa9");
	/* A backslash that is itself escaped begins no surrogate. */
	assert_string_equal(must_read("{\"ociVersion\":\"\\\\ud800\"}")->oci_version, "\\ud800");
	assert_string_equal(must_read("{\"ociVersion\":\"\xf4\x8f\xbf\xbf\xed\x9f\xbf\"}")->oci_version,
			    "\xf4\x8f\xbf\xbf\xed\x9f\xbf");
}

static void refuses_bad_strings(void **state)
{
	static const char *const not_utf8[] = { "\xff", "\x80", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xed\xa0\x80",
						"\xf0\x80\x80\xaf", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82" };
	static const char *const halves[] = { "\\ud800", "\\udc00", "\\ud800\\u0041", "\\udbffx", "\\ud800\\ud800",
					      "\\n\\udfff" };

	(void)state;
	for (size_t i = 0; i < sizeof not_utf8 / sizeof *not_utf8; i++)
		refuse(arena_printf(arena, "{\"ociVersion\":\"%s\"}", not_utf8[i]), EINVAL,
		       "config.json:1:15: a string is not valid UTF-8");
	for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
		refuse(arena_printf(arena, "{\"ociVersion\":\"%s\"}", halves[i]), EINVAL,
		       "config.json:1:15: a string holds half of a surrogate pair");
	refuse("{\"ociVersion\":\"1\",\"root\":{\"path\":\"/etc\\u0000/x\"}}", EINVAL,
	       "config.json:1:34: a string holds a NUL character");
	refuse("{\"oci\\u0000Version\":\"1\"}", EINVAL, "config.json:1:2: a string holds a NUL character");
	/* also where the value itself is of no interest */
	refuse("{\"ociVersion\":\"1\",\"x\":[\"\xff\"]}", EINVAL, "config.json:1:24: a string is not valid UTF-8");
}

static void refuses_wrong_json(void **state)
{
	(void)state;
	refuse("", EINVAL, "config.json:1:1: the file is empty, a JSON text was expected");
	refuse(" \n\t", EINVAL, "config.json:1:1: the file is empty, a JSON text was expected");
	refuse("\xef\xbb\xbf{}", EINVAL,
	       "config.json:1:1: the file begins with a byte order mark: save it as plain UTF-8");
	refuse("{\"ociVersion\":\"1\"", EINVAL, "config.json:1:18: not valid JSON: the text ends too early");
	refuse("{\"ociVersion\":\"1", EINVAL, "config.json:1:15: not valid JSON: the text ends too early");
	refuse("{\"ociVersion\":\"1\"}\n{}", EINVAL, "config.json:2:1: not valid JSON: trailing garbage");
	refuse("{\"ociVersion\":\"1\"}x", EINVAL, "config.json:1:19: not valid JSON: trailing garbage");
	refuse("{\"ociVersion\":\n  1 2}", EINVAL, "config.json:2:3: ociVersion: expected a string, found a number");
	refuse("{\"ociVersion\":\"1\",,}", EINVAL,
	       "config.json:1:19: not valid JSON: invalid object key (must be a string)");
	refuse("{\"ociVersion\":\"1\",\"mounts\":[,]}", EINVAL,
	       "config.json:1:29: not valid JSON: unallowed token at this point in JSON text");
	refuse("{'ociVersion':1}", EINVAL, "config.json:1:2: not valid JSON: invalid char in json text");
	/* a column is a character, not a byte */
	refuse("{\"\xc3\xa9\":1 x}", EINVAL, "config.json:1:8: not valid JSON: invalid char in json text");
}

static void refuses_wrong_types(void **state)
{
	(void)state;
	refuse("[]", EINVAL, "config.json:1:1: expected an object, found an array");
	refuse("5", EINVAL, "config.json:1:1: expected an object, found a number");
	refuse("{\"ociVersion\":1}", EINVAL, "config.json:1:15: ociVersion: expected a string, found a number");
	refuse("{\"ociVersion\":{}}", EINVAL, "config.json:1:15: ociVersion: expected a string, found an object");
	refuse("{\"ociVersion\":\"1\",\n\"mounts\":[{\"destination\":\"/\"},\n"
	       "{\"destination\":\"/x\", \"options\":[\"a\",3]}]}",
	       EINVAL, "config.json:3:37: mounts[1].options[1]: expected a string, found a number");
	refuse("{\"ociVersion\":\"1\",\"mounts\":{}}", EINVAL,
	       "config.json:1:28: mounts: expected an array, found an object");
	refuse("{\"ociVersion\":\"1\",\"mounts\":[null]}", EINVAL,
	       "config.json:1:29: mounts[0]: expected an object, found null");
	refuse("{\"ociVersion\":\"1\",\"hooks\":[]}", EINVAL,
	       "config.json:1:27: hooks: expected an object, found an array");
	refuse("{\"ociVersion\":\"1\",\"annotations\":{\"a\":\"\",\"b.c\":true}}", EINVAL,
	       "config.json:1:47: annotations[\"b.c\"]: expected a string, found a boolean");
	refuse("{\"ociVersion\":\"1\",\"annotations\":\"x\"}", EINVAL,
	       "config.json:1:33: annotations: expected an object, found a string");
	refuse("{\"ociVersion\":\"1\",\"linux\":{\"rootfsPropagation\":\"Shared\"}}", EINVAL,
	       "config.json:1:48: linux.rootfsPropagation: unknown value \"Shared\", known are private, rprivate, "
	       "shared, rshared, slave, rslave, unbindable, runbindable");
	refuse("{\"ociVersion\":\"1\",\"linux\":{\"rootfsPropagation\":2}}", EINVAL,
	       "config.json:1:48: linux.rootfsPropagation: expected a string, found a number");
	refuse("{\"ociVersion\":\"1\",\"root\":{\"path\":\"/\",\"readonly\":1}}", EINVAL,
	       "config.json:1:49: root.readonly: expected a boolean, found a number");
}

static void keys_and_presence(void **state)
{
	(void)state;
	refuse("{}", EINVAL, "config.json:1:1: \"ociVersion\" is missing");
	refuse("{\"ociVersion\":null}", EINVAL, "config.json:1:1: \"ociVersion\" is missing");
	refuse("{\"ociVersion\":\"1\",\"linux\":{\"uidMappings\":[{\"containerID\":0,\"size\":1}]}}", EINVAL,
	       "config.json:1:43: linux.uidMappings[0]: \"hostID\" is missing");
	refuse("{\"ociVersion\":\"1\",\n\"ociVersion\":\"1\"}", EINVAL,
	       "config.json:2:1: ociVersion: the key is there twice");
	refuse("{\"ociVersion\":\"1\",\"root\":null,\"root\":{\"path\":\"/\"}}", EINVAL,
	       "config.json:1:31: root: the key is there twice");
	refuse("{\"ociVersion\":\"1\",\"annotations\":{\"z\":\"b\",\"n\":null,\"a\":\"d\",\n \"z\":\"x\"}}", EINVAL,
	       "config.json:2:2: annotations[\"z\"]: the key is there twice");
	refuse("{\"ociVersion\":\"1\",\"linux\":{\"timeOffsets\":{\"realtime\":{}}}}", EINVAL,
	       "config.json:1:43: linux.timeOffsets.realtime: unknown property");
	/* unknown properties, and the sections of other platforms, are read over whatever they hold */
	must_read("{\"x\":{\"a\":[1,[{}],{\"ociVersion\":2}]},\"windows\":{\"layerFolders\":[]},\"ociVersion\":\"1\","
		  "\"y\":0}");
}

static int32_t nice_of(const char *number)
{
	return must_read(arena_printf(arena, "{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"oomScoreAdj\":%s}}",
				      number))->process->oom_score_adj;
}

static void refuse_number(const char *property, const char *number, const char *message)
{
	const char *json = arena_printf(arena, "{\"shares\":%s%s%s}", strcmp(property, "shares") ? "0,\"" : number,
					strcmp(property, "shares") ? property : "",
					strcmp(property, "shares") ? arena_printf(arena, "\":%s", number) : "");
	struct oci_cpu *cpu = NULL;

	assert_int_equal(oci_read(arena, &oci_cpu_type, "cpu", json, strlen(json), &cpu, &err), -EINVAL);
	assert_string_equal(strstr(err.text, ": ") + 2, message);
}

static void numbers_at_the_border(void **state)
{
	static const char json[] = "{\"shares\":18446744073709551615,\"quota\":-9223372036854775808,\"burst\":0,"
				   "\"realtimeRuntime\":9223372036854775807,\"idle\":-0}";
	struct oci_cpu *cpu = NULL;

	(void)state;
	assert_int_equal(oci_read(arena, &oci_cpu_type, "cpu", json, strlen(json), &cpu, &err), 0);
	assert_true(cpu->shares == UINT64_MAX && cpu->quota == INT64_MIN && cpu->realtime_runtime == INT64_MAX);
	assert_true(cpu->has_burst && cpu->has_idle && cpu->idle == 0 && !cpu->has_period);
	refuse_number("shares", "18446744073709551616",
		      "shares: 18446744073709551616 is out of range, which is 0 to 18446744073709551615");
	refuse_number("shares", "-1", "shares: -1 is out of range, which is 0 to 18446744073709551615");
	refuse_number(
		"quota", "-9223372036854775809",
		"quota: -9223372036854775809 is out of range, which is -9223372036854775808 to 9223372036854775807");
	refuse_number(
		"quota", "9223372036854775808",
		"quota: 9223372036854775808 is out of range, which is -9223372036854775808 to 9223372036854775807");
	refuse_number("quota", "1.5", "quota: expected an integer, found 1.5");
	refuse_number("quota", "1e3", "quota: expected an integer, found 1e3");
	refuse_number("quota", "1.0", "quota: expected an integer, found 1.0");
	refuse_number("quota", "\"1\"", "quota: expected a number, found a string");
	refuse_number("quota", "true", "quota: expected a number, found a boolean");

	assert_int_equal(nice_of("2147483647"), INT32_MAX);
	assert_int_equal(nice_of("-2147483648"), INT32_MIN);
	refuse("{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"oomScoreAdj\":2147483648}}", EINVAL,
	       "config.json:1:54: process.oomScoreAdj: 2147483648 is out of range, which is -2147483648 to 2147483647");
	refuse("{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"oomScoreAdj\":-2147483649}}", EINVAL,
	       "config.json:1:54: process.oomScoreAdj: -2147483649 is out of range, which is -2147483648 to "
	       "2147483647");
	refuse("{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":4294967296}}}", EINVAL,
	       "config.json:1:54: process.user.uid: 4294967296 is out of range, which is 0 to 4294967295");
	assert_int_equal(must_read("{\"ociVersion\":\"1\",\"linux\":{\"resources\":{\"blockIO\":{\"weight\":65535}}}}")
				 ->linux->resources->block_io->weight, UINT16_MAX);
	refuse("{\"ociVersion\":\"1\",\"linux\":{\"resources\":{\"blockIO\":{\"weight\":65536}}}}", EINVAL,
	       "config.json:1:61: linux.resources.blockIO.weight: 65536 is out of range, which is 0 to 65535");
}

/* {"ociVersion":"1","x":[[...]]} with so many brackets */
static char *nested(size_t depth)
{
	struct str s = STR_INIT;
	char *copy;

	str_add(&s, "{\"ociVersion\":\"1\",\"x\":");
	for (size_t i = 0; i < depth; i++)
		str_addc(&s, '[');
	for (size_t i = 0; i < depth; i++)
		str_addc(&s, ']');
	str_addc(&s, '}');
	copy = arena_strdup(arena, s.text);
	str_free(&s);
	return copy;
}

static void limits_of_nesting(void **state)
{
	(void)state;
	/* the object around it counts */
	must_read(nested(127));
	refuse(nested(128), E2BIG, "config.json:1:150: objects and arrays are nested more than 128 deep");
	refuse(nested(10000), E2BIG, "config.json:1:150: objects and arrays are nested more than 128 deep");
}

static char *elements(const char *open, size_t n, const char *fmt, const char *close)
{
	struct str s = STR_INIT;
	char *copy;

	str_add(&s, open);
	for (size_t i = 0; i < n; i++) {
		str_add(&s, i ? "," : "");
		if (strchr(fmt, 'N'))
			str_addf(&s, "\"%zu\":\"\"", i);
		else
			str_add(&s, fmt);
	}
	str_add(&s, close);
	copy = arena_strdup(arena, s.text);
	str_free(&s);
	return copy;
}

static void limits_of_length(void **state)
{
	struct oci_spec *s;

	(void)state;
	s = must_read(elements("{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"args\":[", 65536, "\"\"", "]}}"));
	assert_int_equal(s->process->args_len, 65536);
	assert_null(s->process->args[65536]);
	assert_null(read_spec(elements("{\"ociVersion\":\"1\",\"process\":{\"cwd\":\"/\",\"args\":[", 65537, "\"\"",
				       "]}}")));
	assert_int_equal(err.num, E2BIG);
	assert_non_null(strstr(err.text, ": process.args[65536]: more than 65536 elements"));
	s = must_read(elements("{\"ociVersion\":\"1\",\"annotations\":{", 65536, "N", "}}"));
	assert_int_equal(s->annotations->len, 65536);
	assert_null(read_spec(elements("{\"ociVersion\":\"1\",\"annotations\":{", 65537, "N", "}}")));
	assert_non_null(strstr(err.text, ": annotations[\"65536\"]: more than 65536 elements"));
}

static void limit_of_size(void **state)
{
	size_t len = OCI_READ_BYTES_MAX;
	char *json = malloc(len + 1);
	struct oci_spec *spec;

	(void)state;
	assert_non_null(json);
	memset(json, ' ', len + 1);
	memcpy(json, "{\"ociVersion\":\"1\"}", 18);
	assert_int_equal(oci_read(arena, &oci_spec_type, "config.json", json, len, &spec, &err), 0);
	assert_int_equal(oci_read(arena, &oci_spec_type, "config.json", json, len + 1, &spec, &err), -EFBIG);
	assert_string_equal(err.text, "config.json is larger than the limit of 16777216 bytes");
	free(json);
}

/* The text need not end with a NUL, and what was read does not point into it. */
static void keeps_nothing_of_the_text(void **state)
{
	static const char source[] = "{\"ociVersion\":\"1.2\",\"annotations\":{\"key\":\"value\"}}";
	char *json = malloc(sizeof source - 1);
	struct oci_spec *spec;

	(void)state;
	assert_non_null(json);
	memcpy(json, source, sizeof source - 1);
	assert_int_equal(oci_read(arena, &oci_spec_type, "config.json", json, sizeof source - 1, &spec, &err), 0);
	free(json);
	assert_string_equal(spec->oci_version, "1.2");
	assert_string_equal(spec->annotations->keys[0], "key");
	assert_string_equal(spec->annotations->values[0], "value");
}

static void error_stays_one_line(void **state)
{
	(void)state;
	assert_null(read_spec("{\"ociVersion\":\"1\",\"annotations\":{\"a\\nb\\u001b\":1}}"));
	assert_string_equal(err.text, "config.json:1:47: annotations[\"a b?\"]: expected a string, found a number");
	assert_null(
		read_spec(elements("{\"ociVersion\":\"1\",\"linux\":{\"rootfsPropagation\":\"", 100000, "x", "\"}}")));
	assert_true(strlen(err.text) < 300);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(reads_every_kind),
	TEST(decodes_strings),
	TEST(refuses_bad_strings),
	TEST(refuses_wrong_json),
	TEST(refuses_wrong_types),
	TEST(keys_and_presence),
	TEST(numbers_at_the_border),
	TEST(limits_of_nesting),
	TEST(limits_of_length),
	TEST(limit_of_size),
	TEST(keeps_nothing_of_the_text),
	TEST(error_stays_one_line),
};

UNIT_MAIN(tests)
