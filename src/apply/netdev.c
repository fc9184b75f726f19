/*
 * Why: a device that goes to another network namespace loses its addresses and is down there; config-linux.md wants
 * both as before. What can be seen to fail is looked for before it is moved, for it does not come back: the kernel
 * destroys a virtual device along with the namespace.
 */
#include "sys/netdev.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "apply/apply.h"
#include "base/cleanup.h"

struct move {
	const struct op_net_device *device;
	int here, there;              /* sockets in the two namespaces */
	struct sys_netdev_move how;
	struct sys_address *addresses;
	size_t addresses_len;
};

static int open_target(struct apply *ctx, struct err *e)
{
	char path[64];
	int fd;

	/* A magic link, of our own child in the checked procfs. */
	snprintf(path, sizeof path, "%ld/ns/net", (long)ctx->target);
	fd = openat(ctx->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, errno, "open the container's network namespace") : fd;
}

static int look(struct apply *ctx, struct move *m, struct err *e)
{
	const struct op_net_device *d = m->device;
	int r = sys_netdev_index(m->here, d->name);

	if (r == -ENODEV)
		return err_set(e, ENODEV, "there is no such network device here");
	if (r < 0)
		return err_sys(e, -r, "find the network device");
	m->how.index = r;
	if (!strchr(d->new_name, '%') && sys_netdev_index(m->there, d->new_name) >= 0)
		return err_sys(e, EEXIST, "the container has a network device %s already", d->new_name);
	r = sys_netdev_free_index(m->there, m->how.index);
	if (r < 0)
		return err_sys(e, -r, "list the container's network devices");
	m->how.new_index = r;
	r = sys_netdev_addresses(m->here, m->how.index, ctx->arena, &m->addresses, &m->addresses_len);
	return r < 0 ? err_sys(e, -r, "list the addresses of the network device") : 0;
}

static int not_permitted(struct err *e)
{
	return err_sys(e, EPERM, "move it to the container (this takes root on the host: CAP_NET_ADMIN and "
		       "CAP_SYS_ADMIN in both network namespaces)");
}

static int move(struct move *m, struct err *e)
{
	int r = sys_netdev_move(m->here, &m->how);

	if (r == -EPERM)
		return not_permitted(e);
	if (r == -EINVAL)
		return err_sys(e, EINVAL, "move it to the container (is it one of those that cannot leave their "
			       "namespace, such as lo?)");
	return r < 0 ? err_sys(e, -r, "move it to the container as %s", m->device->new_name) : 0;
}

static int restore(const struct move *m, struct err *e)
{
	int r;

	for (size_t i = 0; i < m->addresses_len; i++) {
		r = sys_netdev_add_address(m->there, m->how.new_index, &m->addresses[i]);
		/* The kernel has made it by itself, as it does for some devices. */
		if (r < 0 && r != -EEXIST)
			return err_sys(e, -r, "give it back its address (%zu of %zu)", i + 1, m->addresses_len);
	}
	r = sys_netdev_up(m->there, m->how.new_index);
	return r < 0 ? err_sys(e, -r, "bring it up in the container") : 0;
}

int apply_net_device(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int netns = open_target(ctx, e), here = -1, there = -1;
	struct move m = { .device = &op->net_device };
	int r;

	if (netns < 0)
		return netns;
	here = sys_netdev_open(-1);
	if (here < 0)
		return err_sys(e, -here, "open a netlink socket");
	there = sys_netdev_open(netns);
	if (there == -EPERM)
		return not_permitted(e);
	if (there < 0)
		return err_sys(e, -there, "open a netlink socket in the container's network namespace");
	m.here = here;
	m.there = there;
	m.how.netns_fd = netns;
	m.how.name = op->net_device.new_name;
	r = look(ctx, &m, e);
	if (r == 0)
		r = move(&m, e);
	return r < 0 ? r : restore(&m, e);
}
