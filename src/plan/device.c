/*
 * Why: the default devices and links of config-linux.md ("Default Devices", "Default filesystems" for the links), and
 * linux.devices. A device node can only be made with real root; in a user namespace the host's own node is bound.
 */
#include <linux/capability.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "plan/build.h"
#include "plan/capability.h"
#include "plan/mount_options.h"

static const struct {
	const char *path;
	unsigned major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },
	{ "/dev/zero", 1, 5 },
	{ "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 },
	{ "/dev/urandom", 1, 9 },
	{ "/dev/tty", 5, 0 },
};

static const struct op_symlink links[] = {
	{ "/proc/self/fd", "/dev/fd", false },
	{ "/proc/self/fd/0", "/dev/stdin", false },
	{ "/proc/self/fd/1", "/dev/stdout", false },
	{ "/proc/self/fd/2", "/dev/stderr", false },
	{ "/proc/kcore", "/dev/core", true },
	{ "pts/ptmx", "/dev/ptmx", false },
};

/* A /dev that is bound from elsewhere is somebody's own: nothing is made in it (as runc does). */
static bool dev_is_bound(const struct oci_spec *s)
{
	for (size_t i = 0; i < s->mounts_len; i++) {
		const struct oci_mount *m = &s->mounts[i];
		const char *d = m->destination;
		size_t n = strlen(d);

		while (n > 1 && d[n - 1] == '/')
			n--;
		if (n != 4 || strncmp(d, "/dev", 4) != 0)
			continue;
		for (size_t k = 0; k < m->options_len; k++)
			if (strcmp(m->options[k], "bind") == 0 || strcmp(m->options[k], "rbind") == 0)
				return true;
	}
	return false;
}

static const struct oci_device *configured(const struct oci_spec *s, const char *path)
{
	for (size_t i = 0; s->linux && i < s->linux->devices_len; i++)
		if (strcmp(s->linux->devices[i].path, path) == 0)
			return &s->linux->devices[i];
	return NULL;
}

static void add_device(struct build *b, struct op *op, struct op_device d)
{
	/* mknod needs CAP_MKNOD in the initial user namespace (mknod(2)), whatever the container is given. */
	bool can_make = b->facts->privileged && b->facts->initial_userns &&
			!((b->new_ns | b->joined_ns) & CLONE_NEWUSER);

	if (!can_make && !S_ISFIFO(d.mode))
		d.bind_from = d.path;
	op->device = d;
}

/*
 * A device of the config has its own mode and owner, and need not be on the host. Real root can make it before the user
 * namespace is entered, in a file system that is not the container's; where the ids are somebody else's to map, the
 * host's node has to do.
 */
static bool can_make_aside(const struct build *b, const struct op_device *d)
{
	return b->facts->privileged && b->facts->initial_userns && (b->facts->bounding & CAPABILITY_BIT(CAP_MKNOD)) &&
	       (b->new_ns & CLONE_NEWUSER) && !S_ISFIFO(d->mode);
}

static int make_aside(struct build *b, size_t i, struct op_device *d, struct err *e)
{
	struct op_device node = *d;

	node.path = d->node = plan_text(b->plan, "%zu", i);
	if (!plan_maps_id(&b->uids, d->uid, &node.uid))
		return err_set(e, EINVAL, "linux.devices[%zu].uid: %u is not in linux.uidMappings", i, d->uid);
	if (!plan_maps_id(&b->gids, d->gid, &node.gid))
		return err_set(e, EINVAL, "linux.devices[%zu].gid: %u is not in linux.gidMappings", i, d->gid);
	plan_add_element(b->plan, STAGE_RUNTIME, OP_DEVICE_NODE, "linux.devices", i)->device = node;
	return 0;
}

static int add_configured(struct build *b, size_t i, bool *ret_aside, struct err *e)
{
	const struct oci_device *c = &b->spec->linux->devices[i];
	struct op_device d = {
		.path = plan_clean_path(b->plan, c->path),
		.mode = c->has_file_mode ? (mode_t)c->file_mode & 07777 : 0666,
		.major = (unsigned)c->major,
		.minor = (unsigned)c->minor,
		.uid = c->has_uid ? c->uid : 0,
		.gid = c->has_gid ? c->gid : 0,
	};
	int r;

	switch (c->type[0]) {
	case 'c':
	case 'u':
		d.mode |= S_IFCHR;
		break;
	case 'b':
		d.mode |= S_IFBLK;
		break;
	case 'p':
		d.mode |= S_IFIFO;
		break;
	default:
		return err_set(e, EINVAL, "linux.devices[%zu]: unknown device type '%s': it is c, b, u or p", i,
			       c->type);
	}
	if (!can_make_aside(b, &d)) {
		add_device(b, plan_add_element(b->plan, STAGE_INIT, OP_DEVICE, "linux.devices", i), d);
		return 0;
	}
	*ret_aside = true;
	r = make_aside(b, i, &d, e);
	if (r == 0)
		plan_add_element(b->plan, STAGE_INIT, OP_DEVICE, "linux.devices", i)->device = d;
	return r;
}

int plan_devices(struct build *b, struct err *e)
{
	const struct oci_spec *s = b->spec;
	const struct oci_process *proc = s->process;
	bool terminal = proc && proc->terminal, aside = false;

	if (!dev_is_bound(s)) {
		for (size_t i = 0; i < sizeof default_devices / sizeof *default_devices; i++)
			if (!configured(s, default_devices[i].path))
				add_device(b, plan_add(b->plan, STAGE_INIT, OP_DEVICE, NULL), (struct op_device){
					.path = default_devices[i].path, .mode = S_IFCHR | 0666,
					.major = default_devices[i].major, .minor = default_devices[i].minor });
		for (size_t i = 0; s->linux && i < s->linux->devices_len; i++) {
			int r = add_configured(b, i, &aside, e);
			if (r < 0)
				return r;
		}
		if (aside)
			plan_add(b->plan, STAGE_INIT, OP_DEVICES_END, NULL);
		for (size_t i = 0; i < sizeof links / sizeof *links; i++)
			plan_add(b->plan, STAGE_INIT, OP_SYMLINK, NULL)->symlink = links[i];
	}
	if (terminal) {
		const struct oci_user *u = proc->user;
		plan_add(b->plan, STAGE_INIT, OP_CONSOLE, "process.terminal")->console = (struct op_console){
			.rows = proc->console_size ? (unsigned)proc->console_size->height : 0,
			.columns = proc->console_size ? (unsigned)proc->console_size->width : 0,
			.uid = u ? u->uid : 0,
			.bind_console = !dev_is_bound(s),
		};
	}
	return 0;
}
