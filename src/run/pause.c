/*
 * Why: `pause` and `resume`. Whether a container is paused is never recorded: the cgroup is the truth, also when
 * somebody else has frozen it, or the runtime was killed halfway.
 */
#include "apply/cgroup.h"
#include "run/open.h"

int run_is_paused(const char *root, int cgroups, const struct oci_record *record, enum oci_status status, struct err *e)
{
	const struct cgroup_owner owner = { root, record->id };

	if (!record->cgroup_path || (status != OCI_STATUS_CREATED && status != OCI_STATUS_RUNNING))
		return 0;
	int r = cgroup_is_frozen(cgroups, record->cgroup_path, &owner, e);
	return r < 0 ? err_prefix(e, "container \"%s\"", record->id) : r;
}

static int freeze(struct run_context *c, const struct opened *o, bool pause, struct err *e)
{
	const struct cgroup_owner owner = { c->root, o->dir.id };
	const char *path = o->record->cgroup_path;
	int r = path ? cgroup_freeze(path, &owner, pause, e) : -ENOENT;

	if (r == -ENOENT)
		return err_set(e, ENOTSUP, "cannot %s container \"%s\": it has no cgroup of its own%s%s",
			       pause ? "pause" : "resume", o->dir.id, path ? ": " : "", path ? e->text : "");
	return r;
}

static int set_paused(struct run_context *c, const char *id, bool pause, struct err *e)
{
	struct opened o;
	int r = container_open(c, id, &o, e), paused = 0;

	if (r == -ENODATA)
		err_set(e, EINVAL, "container \"%s\": its creation was interrupted: delete --force removes it", id);
	if (r == 0)
		r = paused = container_paused(c, &o, e);
	if (r >= 0 && pause && (paused || (o.status != OCI_STATUS_CREATED && o.status != OCI_STATUS_RUNNING)))
		r = err_set(e, EINVAL, "cannot pause container \"%s\": it is %s", id,
			    oci_status_name(paused ? OCI_STATUS_PAUSED : o.status));
	else if (r >= 0 && !pause && !paused)
		r = err_set(e, EINVAL, "cannot resume container \"%s\": it is %s, not paused", id,
			    oci_status_name(o.status));
	if (r >= 0)
		r = freeze(c, &o, pause, e);
	state_close(&o.dir);
	return r;
}

int run_pause(struct run_context *c, const char *id, struct err *e)
{
	return set_paused(c, id, true, e);
}

int run_resume(struct run_context *c, const char *id, struct err *e)
{
	return set_paused(c, id, false, e);
}
