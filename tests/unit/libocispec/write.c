/* The writer: what was read is written again; what is not valid is not written. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/str.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "oci_spec.h"

static struct arena *arena;
static struct err err;
static struct str out;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	out = STR_INIT;
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	str_free(&out);
	return 0;
}

static void *must_read(const struct oci_type *type, const char *json)
{
	void *object;

	if (oci_read(arena, type, "test", json, strlen(json), &object, &err) < 0)
		fail_msg("%s", err.text);
	return object;
}

/* read -> write compact and indented -> read -> write gives the same; and equals `expected`, if given. */
static void round_trip(const struct oci_type *type, const char *json, const char *expected)
{
	_cleanup_str_ struct str first = STR_INIT, indented = STR_INIT, second = STR_INIT;

	assert_int_equal(oci_write(&first, type, must_read(type, json), OCI_COMPACT), 0);
	assert_int_equal(oci_write(&indented, type, must_read(type, first.text), OCI_INDENTED), 0);
	assert_int_equal(oci_write(&second, type, must_read(type, indented.text), OCI_COMPACT), 0);
	assert_string_equal(first.text, second.text);
	if (expected)
		assert_string_equal(first.text, expected);
}

/* Every byte of a compact text that holds only known properties comes back, though perhaps in another order. */
static void byte_counts(const char *text, size_t *counts)
{
	memset(counts, 0, 256 * sizeof *counts);
	for (; *text && *text != '\n'; text++)
		counts[(unsigned char)*text]++;
}

static void real_documents(void **state)
{
	static const struct {
		const char *file;
		const struct oci_type *type;
	} documents[] = {
		{ "podman4-rootless.config.json", &oci_spec_type },
		{ "podman4-rootful-tty.config.json", &oci_spec_type },
		{ "docker28.config.json", &oci_spec_type },
		{ "containerd16-cri.config.json", &oci_spec_type },
		{ "buildah128.config.json", &oci_spec_type },
		{ "podman5-exec.process.json", &oci_process_type },
		{ "docker20-update.resources.json", &oci_resources_type },
		{ "crun1.features.json", &oci_features_type },
	};

	(void)state;
	for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
		_cleanup_str_ struct str written = STR_INIT;
		char *json, *path = arena_printf(arena, "tests/unit/libocispec/data/%s", documents[i].file);
		size_t before[256], after[256];

		if (io_read_file(arena, AT_FDCWD, path, OCI_READ_BYTES_MAX, &json, NULL, &err) < 0)
			fail_msg("%s", err.text);
		round_trip(documents[i].type, json, NULL);
		assert_int_equal(
			oci_write(&written, documents[i].type, must_read(documents[i].type, json), OCI_COMPACT), 0);
		byte_counts(json, before);
		byte_counts(written.text, after);
		assert_memory_equal(before, after, sizeof before);
	}
}

static void values_that_are_false(void **state)
{
	(void)state;
	/* what was there is there again, even if it says no more than its absence */
	round_trip(&oci_spec_type,
		   "{\"linux\":{\"resources\":{\"devices\":[{\"allow\":false}],\"memory\":{\"limit\":0},\"cpu\":{}}},"
		   "\"mounts\":[],\"root\":{\"readonly\":false,\"path\":\"\"},\"ociVersion\":\"\",\"annotations\":{},"
		   "\"unknown\":1}",
		   "{\"ociVersion\":\"\",\"root\":{\"path\":\"\",\"readonly\":false},\"mounts\":[],\"annotations\":{},"
		   "\"linux\":{\"resources\":{\"devices\":[{\"allow\":false}],\"memory\":{\"limit\":0},\"cpu\":{}}}}");
	round_trip(&oci_features_type,
		   "{\"ociVersionMin\":\"1\",\"ociVersionMax\":\"2\",\"linux\":{\"selinux\":{\"enabled\":false},"
		   "\"apparmor\":{}}}",
		   "{\"ociVersionMin\":\"1\",\"ociVersionMax\":\"2\",\"linux\":{\"apparmor\":{},\"selinux\":{"
		   "\"enabled\":false}}}");
}

static void structs_made_by_hand(void **state)
{
	struct oci_user user = { .uid = 7 };
	char *args[] = { (char *)"sh", NULL };
	struct oci_process process = { .cwd = (char *)"/", .no_new_privileges = true, .user = &user, .args = args,
				       .args_len = 1, .oom_score_adj = -1 };
	struct oci_rlimit rlimit = { .type = (char *)"RLIMIT_NOFILE", .hard = UINT64_MAX };

	(void)state;
	process.rlimits = &rlimit;
	process.rlimits_len = 1;
	assert_int_equal(oci_write(&out, &oci_process_type, &process, OCI_COMPACT), 0);
	/* has_ is not set anywhere: a value other than 0 is written all the same, and a user always has both ids */
	assert_string_equal(out.text,
			    "{\"user\":{\"uid\":7,\"gid\":0},\"args\":[\"sh\"],\"cwd\":\"/\","
			    "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":0}],"
			    "\"noNewPrivileges\":true,\"oomScoreAdj\":-1}");
}

static void indented_text(void **state)
{
	(void)state;
	assert_int_equal(oci_write(&out, &oci_spec_type,
				   must_read(&oci_spec_type, "{\"ociVersion\":\"1\",\"mounts\":[{\"destination\":\"/\","
							     "\"options\":[]}],\"annotations\":{\"a\":\"b\"}}"),
				   OCI_INDENTED), 0);
	assert_string_equal(out.text,
			    "{\n\t\"ociVersion\": \"1\",\n\t\"mounts\": [\n\t\t{\n\t\t\t\"destination\": \"/\",\n"
			    "\t\t\t\"options\": []\n\t\t}\n\t],\n\t\"annotations\": {\n\t\t\"a\": \"b\"\n\t}\n}\n");
}

static void a_line_for_each_element(void **state)
{
	(void)state;
	assert_int_equal(
		oci_write(&out, &oci_spec_type,
			  must_read(&oci_spec_type, "{\"ociVersion\":\"1\",\"mounts\":[{\"destination\":\"/a\","
						    "\"options\":[\"ro\",\"bind\"]},{\"destination\":\"/b\"}],"
						    "\"annotations\":{\"a\":\"b\"}}"),
			  OCI_LINES),
		0);
	assert_string_equal(out.text,
			    "{\n\t\"ociVersion\": \"1\",\n\t\"mounts\": [\n"
			    "\t\t{\"destination\": \"/a\", \"options\": [\"ro\", \"bind\"]},\n"
			    "\t\t{\"destination\": \"/b\"}\n\t],\n\t\"annotations\": {\n\t\t\"a\": \"b\"\n\t}\n}\n");
}

static void strings_are_escaped(void **state)
{
	(void)state;
	assert_int_equal(oci_write_string(&out, "a\"\\/\n\t\r\b\f\x01\x1f\x7f\xc3\xa9"), 0);
	assert_string_equal(out.text, "\"a\\\"\\\\/\\n\\t\\r\\b\\f\\u0001\\u001f\x7f\xc3\xa9\"");
	str_free(&out);
	assert_int_equal(oci_write_string(&out, ""), 0);
	assert_string_equal(out.text, "\"\"");
	assert_int_equal(oci_write_string(&out, "\xff"), -EINVAL);
}

static void what_is_not_valid(void **state)
{
	struct oci_spec spec = { 0 };
	struct oci_namespace namespace = { 0 };
	struct oci_linux section = { .namespaces = &namespace, .namespaces_len = 1 };

	(void)state;
	assert_int_equal(oci_write(&out, &oci_spec_type, &spec, OCI_COMPACT), -EINVAL);
	spec.oci_version = (char *)"1\xff";
	assert_int_equal(oci_write(&out, &oci_spec_type, &spec, OCI_COMPACT), -EINVAL);
	spec.oci_version = (char *)"1";
	assert_int_equal(oci_write(&out, &oci_spec_type, &spec, OCI_COMPACT), 0);
	spec.linux = &section;
	assert_int_equal(oci_write(&out, &oci_spec_type, &spec, OCI_COMPACT), -EINVAL);
	namespace.type = OCI_NAMESPACE_TYPE_TIME;
	assert_int_equal(oci_write(&out, &oci_spec_type, &spec, OCI_COMPACT), 0);
	namespace.type = OCI_NAMESPACE_TYPE_TIME + 1;
	assert_int_equal(oci_write(&out, &oci_spec_type, &spec, OCI_COMPACT), -EINVAL);
}

static void names_of_words(void **state)
{
	(void)state;
	assert_string_equal(oci_namespace_type_name(OCI_NAMESPACE_TYPE_MOUNT), "mount");
	assert_string_equal(oci_seccomp_action_name(OCI_SECCOMP_ACTION_SCMP_ACT_NOTIFY), "SCMP_ACT_NOTIFY");
	assert_null(oci_namespace_type_name(OCI_NAMESPACE_TYPE_UNSET));
	assert_null(oci_namespace_type_name(OCI_NAMESPACE_TYPE_TIME + 1));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(real_documents),
	TEST(values_that_are_false),
	TEST(structs_made_by_hand),
	TEST(indented_text),
	TEST(a_line_for_each_element),
	TEST(strings_are_escaped),
	TEST(what_is_not_valid),
	TEST(names_of_words),
};

UNIT_MAIN(tests)
