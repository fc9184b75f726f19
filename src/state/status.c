/* Why: nobody tells the runtime that a container has ended, so that is never recorded, always found out. */
#include "state/status.h"

#include "state/process.h"

int state_status(int proc_fd, const struct oci_record *record, enum oci_status *ret, struct err *e)
{
	bool alive = true;
	int r = 0;

	/* Without a pid the creation has only begun, or was killed there. */
	if (record->pid > 0)
		r = state_process_alive(proc_fd, (pid_t)record->pid, record->pid_start_time, &alive, e);
	if (r < 0)
		return err_prefix(e, "container \"%s\"", record->id);
	*ret = alive ? record->status : OCI_STATUS_STOPPED;
	return 0;
}
