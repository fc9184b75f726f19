/* Why: `delete` (runtime.md, "Delete"). It never says success while something of the container lives. */
#include "run/open.h"

int run_delete(struct run_context *c, const char *id, bool force, struct err *e)
{
	struct opened o;
	int r = container_open(c, id, &o, e);

	if (r == -ENOENT && force)
		r = 0;
	else if (r == -ENODATA && force)
		/* Killed before there was a record: before anything else was made, too. */
		r = state_remove(&o.dir, e);
	else if (r == -ENODATA)
		err_set(e, EBUSY, "container \"%s\": its creation was interrupted: use --force", id);
	else if (r == 0 && o.status != OCI_STATUS_STOPPED && !force)
		r = err_set(e, EBUSY, "cannot delete container \"%s\" that is not stopped: %s", id,
			    oci_status_name(o.status));
	else if (r == 0)
		r = container_destroy(c, &o, e);
	state_close(&o.dir);
	return r;
}
