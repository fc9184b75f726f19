/* What `update` reads: checked, merged into limits that there are, and planned on two hosts. */
#include "tests/fuzz/fuzz.h"

#include "base/log.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "plan/plan.h"
#include "spec/merge.h"
#include "spec/validate.h"

static const char before[] =
	"{\"unified\":{\"memory.high\":\"1\"},\"devices\":[{\"allow\":false}],\"memory\":{\"limit\":8192,\"swap\":"
	"16384},"
	"\"cpu\":{\"shares\":512,\"quota\":50000,\"burst\":1000,\"period\":100000,\"cpus\":\"0\"},\"pids\":{\"limit\":"
	"9},"
	"\"blockIO\":{\"weight\":100,\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5}]},"
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}],\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}}";

static char *text_of(struct arena *a, const struct oci_resources *r)
{
	_cleanup_str_ struct str out = STR_INIT;

	fuzz_check(oci_write(&out, &oci_resources_type, r, OCI_COMPACT) == 0);
	return arena_strdup(a, out.text);
}

/* One value is one line, for one file of the cgroup itself. */
static void check_writes(const struct plan *p)
{
	for (size_t i = 0; i < p->len; i++) {
		const struct op_cgroup_write *w = &p->ops[i].cgroup_write;

		fuzz_check(p->ops[i].stage == STAGE_RUNTIME && p->ops[i].where);
		if (p->ops[i].type != OP_CGROUP_WRITE)
			continue;
		fuzz_check(strchr(w->file, '.') && !strchr(w->file, '/') && !strstr(w->file, ".."));
		fuzz_check(!strchr(w->value, '\n'));
		fuzz_check(!w->else_file || (*w->else_value && !strchr(w->else_value, '\n')));
	}
}

static void plan_on(struct arena *a, const struct plan_facts *host, const struct plan_update *u)
{
	_cleanup_str_ struct str out = STR_INIT;
	struct err e = { 0 };
	struct plan plan;

	if (!fuzz_succeeded(plan_build_update(a, u, host, &plan, &e), &e))
		return;
	check_writes(&plan);
	plan_print(&plan, &out);
	fuzz_check(!out.failed);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err e;

	(void)argc, (void)argv;
	return log_open("/dev/null", "json", true, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct plan_facts all = { 0 };
	static const struct plan_facts few = { .controllers = "cpu hugetlb", .v1_controllers = "memory blkio" };
	_cleanup_arena_ struct arena *a = arena_new();
	struct oci_resources *have, *asked, *merged, *again;
	struct plan_update u = { .cgroup_path = "/c" };
	struct err e = { 0 };

	if (!fuzz_succeeded(oci_read(a, &oci_resources_type, "r", (const char *)data, size, &asked, &e), &e) ||
	    !fuzz_succeeded(spec_validate_resources(asked, &e), &e))
		return 0;
	fuzz_check(oci_read(a, &oci_resources_type, "r", before, strlen(before), &have, &e) == 0);
	fuzz_check(spec_merge_resources(a, have, asked, &merged, &e) == 0);
	/* what holds can be asked for again, and nothing changes; and it was not changed itself */
	fuzz_check(spec_merge_resources(a, merged, asked, &again, &e) == 0);
	fuzz_check(strcmp(text_of(a, merged), text_of(a, again)) == 0);
	fuzz_check(strcmp(text_of(a, have), before) == 0);
	u.asked = asked;
	u.all = merged;
	plan_on(a, &all, &u);
	plan_on(a, &few, &u);
	u.cgroup_path = NULL;
	plan_on(a, &all, &u);
	return 0;
}
