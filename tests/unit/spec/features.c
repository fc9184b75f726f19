/* What the runtime proposes, and what it says about itself. */
#include "tests/unit/arena.h"

#include <fcntl.h>
#include <string.h>

#include "base/io.h"
#include "base/str.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "spec/defaults.h"
#include "spec/features.h"
#include "spec/validate.h"

#if CLOISTER_SYSTEMD
#define SYSTEMD "true"
#else
#define SYSTEMD "false"
#endif

static void is_right(struct oci_spec *spec)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_spec *again;

	assert_non_null(spec);
	assert_int_equal(oci_write(&text, &oci_spec_type, spec, OCI_INDENTED), 0);
	assert_int_equal(oci_read(arena, &oci_spec_type, "config.json", text.text, text.len, &again, &err), 0);
	if (spec_validate(again, &err) < 0)
		fail_msg("%s", err.text);
}

static void defaults(void **state)
{
	struct oci_spec *root = spec_default(arena), *rootless = spec_default_rootless(arena, 1000, 100), *other;

	(void)state;
	is_right(root);
	is_right(rootless);
	assert_true(root->process->terminal && root->process->no_new_privileges && root->root->readonly);
	assert_string_equal(root->process->args[0], "sh");
	assert_false(root->linux->resources->devices[0].allow);
	assert_null(rootless->linux->resources);
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
		"\"capabilities\":[\"CAP_CHOWN\"],\"cgroup\":{\"v1\":false,\"v2\":true,"
		"\"systemd\":" SYSTEMD ","
		"\"systemdUser\":" SYSTEMD ",\"rdma\":true},"
		"\"seccomp\":{\"enabled\":true,\"actions\":[\"SCMP_ACT_KILL\","
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
}

static const struct CMUnitTest tests[] = {
	TEST(defaults),
	TEST(example),
	TEST(features),
};

UNIT_MAIN(tests)
