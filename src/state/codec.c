/* Why: see codec.h. The rules that a schema cannot express stand here, so that nobody else has to doubt a record. */
#include "state/codec.h"

#include <string.h>

#include "libocispec/field/read.h"
#include "libocispec/field/write.h"

int state_encode(struct str *out, const struct oci_record *record, struct err *e)
{
	int r = oci_write(out, &oci_record_type, record, OCI_COMPACT);

	if (r == -EINVAL)
		return err_set(e, EINVAL,
			       "the state cannot be written as JSON: the bundle's or root's path or an annotation "
			       "is not UTF-8");
	if (r < 0 || out->failed)
		return err_oom(e);
	return 0;
}

static int check_record(const struct oci_record *record, struct err *e)
{
	if (record->version != STATE_RECORD_VERSION)
		return err_set(e, EINVAL, STATE_FILE_RECORD ": version %u is unknown: written by another release",
			       record->version);
	if (record->status == OCI_STATUS_STOPPED || record->status == OCI_STATUS_PAUSED)
		return err_set(e, EINVAL, STATE_FILE_RECORD ": status is %s, which is never recorded",
			       oci_status_name(record->status));
	if (record->status != OCI_STATUS_CREATING && record->pid == 0)
		return err_set(e, EINVAL, STATE_FILE_RECORD ": status is %s, but pid is missing",
			       oci_status_name(record->status));
	if (record->pid != 0 && !record->has_pid_start_time)
		return err_set(e, EINVAL, STATE_FILE_RECORD ": pid is set, but pidStartTime is missing");
	if (record->pid > INT32_MAX)
		return err_set(e, EINVAL, STATE_FILE_RECORD ": pid is out of range");
	return 0;
}

int state_decode(struct arena *a, const char *json, size_t len, struct oci_record **ret, struct err *e)
{
	int r = oci_read(a, &oci_record_type, STATE_FILE_RECORD, json, len, ret, e);

	return r < 0 ? r : check_record(*ret, e);
}

void state_describe(const struct oci_record *record, enum oci_status status, struct oci_state *ret)
{
	static char unknown[] = "";

	*ret = (struct oci_state){
		.oci_version = record->oci_version ? record->oci_version : unknown,
		.id = record->id,
		.status = status,
		.has_pid = true,
		.pid = status == OCI_STATUS_STOPPED ? 0 : record->pid,
		.bundle = record->bundle,
		.annotations = record->annotations,
	};
}
