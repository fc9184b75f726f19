/* Why: see plan/label.c. Written through the checked /proc (I4): a label that went elsewhere would be no label. */
#include "apply/apply.h"
#include "apply/procfs.h"

int apply_label(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = procfs_write_self(ctx, op->label.file, op->label.text);

	if (r == -ENOENT)
		return err_sys(e, ENOENT, "set \"%s\" (is the profile loaded on the host?)", op->label.text);
	if (r == -EINVAL)
		return err_sys(e, EINVAL, "set \"%s\" (the host's policy does not know it)", op->label.text);
	if (r == -EACCES || r == -EPERM)
		return err_sys(e, -r, "set \"%s\" (the host's policy does not let this program)", op->label.text);
	return r < 0 ? err_sys(e, -r, "set \"%s\"", op->label.text) : 0;
}
