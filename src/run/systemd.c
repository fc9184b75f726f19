/*
 * Why: what the systemd cgroup manager means to the life of a container. The record names the unit before there is
 * one, so that `delete --force` finds it whenever the runtime was killed; the cgroup itself only systemd knows, and
 * only when it has made it.
 */
#include "run/systemd.h"

#include <signal.h>

#include "base/log.h"
#include "run/helper.h"

bool systemd_unit(const struct oci_record *record, struct unit *ret)
{
	*ret = (struct unit){ run_helper_path(RUN_HELPER_SYSTEMD), record->systemd_unit, record->systemd_user };
	return record->systemd_unit;
}

int systemd_destroy_cgroup(const char *state_root, const struct oci_record *record, struct err *e)
{
	const struct cgroup_owner owner = { state_root, record->id };
	const char *path = record->cgroup_path;
	struct unit unit;
	int r;

	if (!systemd_unit(record, &unit))
		return path ? cgroup_destroy(path, &owner, e) : 0;
	/* All at once, which systemd cannot, before it removes the cgroup. */
	r = path ? cgroup_signal(path, &owner, SIGKILL, e) : 0;
	if (r == 0)
		r = unit_destroy(&unit, &owner, e);
	/* The user's manager is gone, say, since he has logged out: then so are its units. */
	if (r == -ENOTCONN && path) {
		log_warning("the unit %s is not removed: %s", unit.name, e->text);
		r = cgroup_destroy(path, &owner, e);
	}
	return r;
}
