/*
 * Why: devices of the host that become the container's: config-linux.md, "Network Devices". Only the runtime can give
 * them away, and sysctls of the container may be about them, so it does so before init goes on.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "plan/build.h"

static const char *new_name(const struct oci_net_device_map *m, size_t i)
{
	return m->values[i].name && *m->values[i].name ? m->values[i].name : m->keys[i];
}

static int check_names(const struct oci_net_device_map *m, struct err *e)
{
	for (size_t i = 0; i < m->len; i++) {
		const char *name = new_name(m, i), *percent = strchr(name, '%');

		if (percent && (strncmp(percent, "%d", 2) != 0 || strchr(percent + 1, '%')))
			return err_set(e, EINVAL, "linux.netDevices.%s.name: \"%s\" may hold one %%d, and no other %%",
				       m->keys[i], name);
		for (size_t k = 0; k < i; k++)
			if (!percent && strcmp(name, new_name(m, k)) == 0)
				return err_set(e, EINVAL, "linux.netDevices.%s.name: %s cannot be called %s, too",
					       m->keys[i], m->keys[k],
					       name);
	}
	return 0;
}

int plan_net_devices(struct build *b, struct err *e)
{
	const struct oci_net_device_map *m = b->spec->linux ? b->spec->linux->net_devices : NULL;
	int r;

	if (!m || m->len == 0)
		return 0;
	r = check_names(m, e);
	if (r < 0)
		return r;
	if (!b->facts->privileged)
		return err_set(e, EPERM, "linux.netDevices: to give %s away takes root on the host (CAP_NET_ADMIN in "
			       "its network namespace)", m->keys[0]);
	plan_add(b->plan, STAGE_INIT, OP_CALL, NULL)->call = STAGE_DEVICES;
	for (size_t i = 0; i < m->len; i++) {
		struct op *op = plan_add(b->plan, STAGE_DEVICES, OP_NET_DEVICE,
					 plan_text(b->plan, "linux.netDevices.%s", m->keys[i]));

		op->net_device = (struct op_net_device){ m->keys[i], new_name(m, i) };
	}
	return 0;
}
