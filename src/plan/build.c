/* Why: the order of the builders, which is the order of the operations within each stage. */
#include "plan/annotation.h"
#include "plan/build.h"

int plan_build(struct arena *a, const struct oci_spec *spec, const struct plan_facts *facts,
	       const struct plan_options *options, struct plan *ret, struct err *e)
{
	static int (*const builders[])(struct build *, struct err *) = {
		plan_cgroup,     plan_resources,     plan_unit_properties, plan_rdt,     plan_seccomp,
		plan_namespaces, plan_device_filter, plan_mounts,          plan_process, plan_unit_call,
	};
	struct build b = { .plan = ret, .spec = spec, .facts = facts, .options = options };

	*ret = (struct plan){ .arena = a };
	int r = plan_check_annotations(spec, e);
	if (r == 0)
		r = plan_check_labels(&b, e);
	for (size_t i = 0; i < sizeof builders / sizeof *builders && r == 0; i++)
		r = builders[i](&b, e);
	if (r < 0)
		return r;
	plan_labels(&b, STAGE_INIT);
	if (ret->failed || arena_failed(a))
		return err_oom(e);
	return 0;
}
