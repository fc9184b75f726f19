/* Why: what the container may not see or not write (config-linux.md, "Masked Paths", "Readonly Paths"). */
#include "plan/build.h"

int plan_masks(struct build *b, struct err *e)
{
	const struct oci_linux *l = b->spec->linux;

	(void)e;
	if (l && l->readonly_paths_len)
		plan_add(b->plan, STAGE_INIT, OP_READONLY, "linux.readonlyPaths")->mask =
			(struct op_mask){ .paths = l->readonly_paths, .len = l->readonly_paths_len };
	if (l && l->masked_paths_len)
		plan_add(b->plan, STAGE_INIT, OP_MASK, "linux.maskedPaths")->mask =
			(struct op_mask){ l->masked_paths, l->masked_paths_len, plan_mount_label(b) };
	return 0;
}
