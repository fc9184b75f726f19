/* What is refused because it is not applied yet; what the runtime proposes and says about itself must agree with it. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/str.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "spec/defaults.h"
#include "spec/features.h"
#include "spec/unsupported.h"
#include "spec/validate.h"

static struct arena *arena;
static struct err err;
static const struct spec_support plain;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int check(const struct spec_support *have, const char *json)
{
	struct oci_spec *spec;

	err = (struct err){ 0 };
	if (oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err) < 0)
		fail_msg("%s\n%s", err.text, json);
	return spec_check_supported(spec, have, &err);
}

static void take(const char *json)
{
	if (check(&plain, json) < 0)
		fail_msg("%s\n%s", err.text, json);
}

/* The message begins with what is named. */
static void refuse(const char *json, const char *what)
{
	assert_int_equal(check(&plain, json), -ENOTSUP);
	assert_string_equal(err.text, arena_printf(arena, "%s: is not supported by this version", what));
}

#define LINUX(text) "{\"ociVersion\":\"1.3.0\",\"linux\":{" text "}}"
#define RESOURCES(text) LINUX("\"resources\":{" text "}")

static void linux_section(void **state)
{
	(void)state;
	take("{\"ociVersion\":\"1.3.0\"}");
	take(LINUX("\"mountLabel\":\"\",\"timeOffsets\":{},\"netDevices\":{}"));
}

static void resources(void **state)
{
	static const char *const nothing[] = {
		"",
		"\"unified\":{}",
		"\"devices\":[]",
		"\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]",
		"\"memory\":{}",
		"\"cpu\":{}",
		"\"pids\":{}",
		"\"blockIO\":{}",
		"\"memory\":{\"limit\":0,\"swap\":-1,\"reservation\":-1,\"disableOOMKiller\":false,\"useHierarchy\":"
		"true}",
		"\"cpu\":{\"shares\":0,\"quota\":-1,\"period\":0,\"cpus\":\"\",\"mems\":\"\",\"idle\":0}",
		"\"pids\":{\"limit\":-1}",
		"\"blockIO\":{\"weight\":0,\"weightDevice\":[]}",
		"\"hugepageLimits\":[]",
		"\"network\":{\"classID\":0,\"priorities\":[]}",
		"\"rdma\":{}",
	};
	static const char *const limits[][2] = {
		{ "unified", "{\"memory.high\":\"1\"}" },
		{ "memory", "{\"limit\":1}" },
		{ "memory", "{\"reservation\":1}" },
		{ "memory", "{\"swap\":1}" },
		{ "memory", "{\"kernel\":1}" },
		{ "memory", "{\"kernelTCP\":1}" },
		{ "memory", "{\"swappiness\":1}" },
		{ "memory", "{\"disableOOMKiller\":true}" },
		{ "memory", "{\"checkBeforeUpdate\":true}" },
		{ "cpu", "{\"shares\":1}" },
		{ "cpu", "{\"quota\":1}" },
		{ "cpu", "{\"burst\":1}" },
		{ "cpu", "{\"period\":1}" },
		{ "cpu", "{\"realtimeRuntime\":1}" },
		{ "cpu", "{\"realtimePeriod\":1}" },
		{ "cpu", "{\"cpus\":\"0\"}" },
		{ "cpu", "{\"mems\":\"0\"}" },
		{ "cpu", "{\"idle\":1}" },
		{ "pids", "{\"limit\":0}" },
		{ "pids", "{\"limit\":1}" },
		{ "blockIO", "{\"weight\":1}" },
		{ "blockIO", "{\"leafWeight\":1}" },
		{ "blockIO", "{\"weightDevice\":[{\"major\":1,\"minor\":1}]}" },
		{ "blockIO", "{\"throttleReadBpsDevice\":[{\"major\":1,\"minor\":1,\"rate\":0}]}" },
		{ "blockIO", "{\"throttleWriteBpsDevice\":[{\"major\":1,\"minor\":1,\"rate\":0}]}" },
		{ "blockIO", "{\"throttleReadIOPSDevice\":[{\"major\":1,\"minor\":1,\"rate\":0}]}" },
		{ "blockIO", "{\"throttleWriteIOPSDevice\":[{\"major\":1,\"minor\":1,\"rate\":0}]}" },
		{ "hugepageLimits", "[{\"pageSize\":\"2MB\",\"limit\":0}]" },
		{ "network", "{\"classID\":1}" },
		{ "network", "{\"priorities\":[{\"name\":\"eth0\",\"priority\":0}]}" },
		{ "rdma", "{\"mlx5_1\":{}}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		take(arena_printf(arena, RESOURCES("%s"), nothing[i]));
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		refuse(arena_printf(arena, RESOURCES("\"%s\":%s"), limits[i][0], limits[i][1]),
		       arena_printf(arena, "linux.resources.%s", limits[i][0]));
}

static void systemd(void **state)
{
	static const struct spec_support with = { .systemd_cgroup = true };

	(void)state;
	assert_int_equal(check(&with, "{\"ociVersion\":\"1.3.0\"}"), -ENOTSUP);
	assert_string_equal(err.text, "--systemd-cgroup: is not supported by this version");
}

static void is_right(struct oci_spec *spec)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_spec *again;

	assert_non_null(spec);
	assert_int_equal(oci_write(&text, &oci_spec_type, spec, OCI_INDENTED), 0);
	assert_int_equal(oci_read(arena, &oci_spec_type, "config.json", text.text, text.len, &again, &err), 0);
	if (spec_validate(again, &err) < 0 || spec_check_supported(again, &plain, &err) < 0)
		fail_msg("%s", err.text);
}

static void defaults(void **state)
{
	struct oci_spec *root = spec_default(arena), *rootless = spec_default_rootless(arena, 1000, 100), *other;

	(void)state;
	is_right(root);
	is_right(rootless);
	assert_true(root->process->terminal && root->process->no_new_privileges && root->root->readonly);
	assert_string_equal(root->process->args[0], "/bin/sh");
	assert_null(root->linux->uid_mappings);
	assert_int_equal(root->linux->namespaces[5].type, OCI_NAMESPACE_TYPE_NETWORK);
	assert_string_equal(root->mounts[5].type, "sysfs");
	assert_string_equal(root->mounts[2].options[5], "gid=5");

	assert_int_equal(rootless->linux->uid_mappings[0].host_id, 1000);
	assert_int_equal(rootless->linux->gid_mappings[0].host_id, 100);
	assert_int_equal(rootless->linux->gid_mappings[0].size, 1);
	assert_string_equal(rootless->mounts[5].source, "/sys");
	for (size_t i = 0; i < rootless->linux->namespaces_len; i++)
		assert_int_not_equal(rootless->linux->namespaces[i].type, OCI_NAMESPACE_TYPE_NETWORK);
	for (size_t i = 0; i < rootless->mounts[2].options_len; i++)
		assert_string_not_equal(rootless->mounts[2].options[i], "gid=5");
	/* one caller's changes are not another's defaults */
	other = spec_default(arena);
	assert_string_equal(other->mounts[5].type, "sysfs");
	assert_int_equal(other->linux->namespaces[5].type, OCI_NAMESPACE_TYPE_NETWORK);
}

static void example(void **state)
{
	struct oci_spec *spec;
	char *text;
	size_t len;

	(void)state;
	assert_int_equal(io_read_file(arena, AT_FDCWD, "config.json.example", 65536, &text, &len, &err), 0);
	if (oci_read(arena, &oci_spec_type, "config.json.example", text, len, &spec, &err) < 0)
		fail_msg("%s", err.text);
	is_right(spec);
}

static void features(void **state)
{
	static const char *const options[] = { "bind", "ro" }, *const capabilities[] = { "CAP_CHOWN" };
	static const enum oci_seccomp_arch archs[] = { OCI_SECCOMP_ARCH_SCMP_ARCH_X86_64 };
	static const enum oci_seccomp_flag flags[] = { OCI_SECCOMP_FLAG_SECCOMP_FILTER_FLAG_LOG };
	const struct spec_implemented have = {
		.mount_options = options, .mount_options_len = 2, .capabilities = capabilities, .capabilities_len = 1,
		.seccomp_archs = archs, .seccomp_archs_len = 1, .seccomp_flags = flags, .seccomp_flags_len = 1,
		.libseccomp_version = "2.5.4",
	};
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_features *f;

	(void)state;
	assert_int_equal(spec_features(arena, &have, &f, &err), 0);
	assert_int_equal(oci_write(&text, &oci_features_type, f, OCI_COMPACT), 0);
	assert_string_equal(
		text.text,
		"{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.3.0\",\"hooks\":[\"prestart\",\"createRuntime\","
		"\"createContainer\",\"startContainer\",\"poststart\",\"poststop\"],\"mountOptions\":[\"bind\",\"ro\"],"
		"\"linux\":{\"namespaces\":[\"mount\",\"pid\",\"network\",\"ipc\",\"uts\",\"user\",\"cgroup\",\"time\"]"
		","
		"\"capabilities\":[\"CAP_CHOWN\"],\"cgroup\":{\"v1\":false,\"v2\":true,\"systemd\":false,"
		"\"systemdUser\":false,\"rdma\":false},\"seccomp\":{\"enabled\":true,\"actions\":[\"SCMP_ACT_KILL\","
		"\"SCMP_ACT_KILL_PROCESS\",\"SCMP_ACT_KILL_THREAD\",\"SCMP_ACT_TRAP\",\"SCMP_ACT_ERRNO\",\"SCMP_ACT_"
		"TRACE\","
		"\"SCMP_ACT_ALLOW\",\"SCMP_ACT_LOG\",\"SCMP_ACT_NOTIFY\"],\"operators\":[\"SCMP_CMP_NE\",\"SCMP_CMP_"
		"LT\",\"SCMP_CMP_LE\","
		"\"SCMP_CMP_EQ\",\"SCMP_CMP_GE\",\"SCMP_CMP_GT\",\"SCMP_CMP_MASKED_EQ\"],\"archs\":[\"SCMP_ARCH_X86_"
		"64\"],"
		"\"knownFlags\":[\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_LOG\","
		"\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\",\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
		"\"supportedFlags\":[\"SECCOMP_FILTER_FLAG_LOG\"]},\"apparmor\":{\"enabled\":true},"
		"\"selinux\":{\"enabled\":true},\"memoryPolicy\":{\"modes\":[\"MPOL_DEFAULT\",\"MPOL_BIND\","
		"\"MPOL_INTERLEAVE\",\"MPOL_WEIGHTED_INTERLEAVE\",\"MPOL_PREFERRED\",\"MPOL_PREFERRED_MANY\","
		"\"MPOL_LOCAL\"],\"flags\":[\"MPOL_F_NUMA_BALANCING\",\"MPOL_F_RELATIVE_NODES\","
		"\"MPOL_F_STATIC_NODES\"]},\"intelRdt\":{\"enabled\":true,\"schemata\":true,\"monitoring\":true},"
		"\"mountExtensions\":{\"idmap\":{\"enabled\":true}},\"netDevices\":{\"enabled\":true}},"
		"\"annotations\":{\"run.cloister.version\":\"" CLOISTER_VERSION "\","
		"\"io.github.seccomp.libseccomp.version\":\"2.5.4\"},"
		"\"potentiallyUnsafeConfigAnnotations\":[\"run.cloister.\"]}");
	assert_false(spec_applies("linux.resources.rdma"));
	assert_true(spec_applies("linux.seccomp"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(linux_section),
	TEST(resources),
	TEST(systemd),
	TEST(defaults),
	TEST(example),
	TEST(features),
};

UNIT_MAIN(tests)
