/* config.json: read, checked, written back, and planned on three hosts: to be created, and to be entered. */
#include "tests/fuzz/fuzz.h"

#include <sched.h>

#include "base/log.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "plan/plan.h"
#include "spec/load.h"

static const struct plan_facts hosts[] = {
	{ .privileged = true, .initial_userns = true, .bundle = "/b", .own_cgroup = "/", .bounding = ~0ULL,
	  .last_cap = 40, .apparmor = true },
	{ .euid = 1000, .egid = 100, .bundle = "/b", .own_cgroup = "/user.slice", .last_cap = 40, .selinux = true,
	  .entered = CLONE_NEWUSER | CLONE_NEWNS, .root_mapped = true },
	{ .privileged = true, .setgroups_denied = true, .bundle = "/b", .bounding = 1, .last_cap = 63,
	  .entered = CLONE_NEWPID | CLONE_NEWCGROUP },
};

/* What was read can be written, and what was written is read as the same. */
static void write_back(struct arena *a, const struct oci_spec *spec)
{
	_cleanup_str_ struct str first = STR_INIT, second = STR_INIT;
	struct oci_spec *again;
	struct err e = { 0 };

	fuzz_check(oci_write(&first, &oci_spec_type, spec, OCI_COMPACT) == 0);
	fuzz_check(oci_read(a, &oci_spec_type, "again", first.text, first.len, &again, &e) == 0);
	fuzz_check(oci_write(&second, &oci_spec_type, again, OCI_COMPACT) == 0);
	fuzz_check(strcmp(first.text, second.text) == 0);
}

typedef int plan_builder(struct arena *a, const struct oci_spec *spec, const struct plan_facts *facts,
			 const struct plan_options *options, struct plan *ret, struct err *e);

static bool plan_on(struct arena *a, const struct oci_spec *spec, const struct plan_facts *host, plan_builder *build,
		    enum plan_cgroup_manager manager)
{
	const struct plan_options options = { .id = "fuzz", .new_keyring = true, .cgroup_manager = manager };
	_cleanup_str_ struct str out = STR_INIT;
	struct err e = { 0 };
	struct plan plan;

	if (!fuzz_succeeded(build(a, spec, host, &options, &plan, &e), &e))
		return false;
	plan_print(&plan, &out);
	fuzz_check(!out.failed && out.len > 0 && strlen(out.text) == out.len);
	return true;
}

/* How many plans there are for it. */
static int take(const char *json, size_t len)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e = { 0 };
	struct oci_spec *spec;
	int plans = 0;

	if (!fuzz_succeeded(spec_parse(a, "config.json", json, len, &spec, &e), &e))
		return 0;
	write_back(a, spec);
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		plans += plan_on(a, spec, &hosts[i], plan_build, CGROUP_MANAGER_CGROUPFS);
		plans += plan_on(a, spec, &hosts[i], plan_build, CGROUP_MANAGER_SYSTEMD);
		plans += spec->process && plan_on(a, spec, &hosts[i], plan_build_exec, CGROUP_MANAGER_CGROUPFS);
	}
	return plans;
}

/* Were everything refused, nothing would ever be found: so a plain config must have its plans. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char plain[] =
		"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"x\"]},"
		"\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";
	struct err e;

	(void)argc, (void)argv;
	fuzz_check(log_open("/dev/null", "text", false, &e) == 0);
	fuzz_check(take(plain, strlen(plain)) >= 3);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	take((const char *)data, size);
	return 0;
}
