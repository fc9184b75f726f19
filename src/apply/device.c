/* Why: device nodes are made where that is possible, else the host's own are bound; a look-alike is never trusted. */
#include "apply/apply.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "apply/mount.h"
#include "apply/rootfs.h"
#include "base/cleanup.h"
#include "sys/mount.h"

static bool is_device(int fd, const struct op_device *d)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == (d->mode & S_IFMT) &&
	       st.st_rdev == makedev(d->major, d->minor);
}

static int open_host_device(const struct op_device *d, struct err *e)
{
	_cleanup_close_ int fd = sys_clone_tree(AT_FDCWD, d->bind_from, false, false);

	if (fd < 0)
		return err_sys(e, -fd, "bind the device %s of the host", d->bind_from);
	if (!is_device(fd, d))
		return err_set(e, ENODEV, "%s of the host is not the device %u:%u", d->bind_from, d->major, d->minor);
	return take_fd(&fd);
}

/*
 * Only what is mounted in our namespace can be cloned in parts. So for a while it is mounted on the container's root:
 * who goes by descriptors, as we do, does not see it there.
 */
static int open_node(struct apply *ctx, const struct op_device *d, struct err *e)
{
	int r = ctx->nodes_attached ? 0 : sys_attach(ctx->nodes_fd, ctx->root_fd), fd;

	if (r < 0)
		return err_sys(e, -r, "mount the devices aside");
	ctx->nodes_attached = true;
	fd = sys_clone_tree(ctx->nodes_fd, d->node, false, true);
	return fd < 0 ? err_sys(e, -fd, "take the device %s", d->path) : fd;
}

static int bind_device(struct apply *ctx, const struct op_device *d, struct err *e)
{
	_cleanup_close_ int point = -1;
	_cleanup_close_ int fd = d->node ? open_node(ctx, d, e) : open_host_device(d, e);

	if (fd < 0)
		return fd;
	int r = sys_mount_setattr(fd, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, 0);
	if (r < 0)
		return err_sys(e, -r, "set the mount options of the device %s", d->path);
	r = rootfs_file_point(ctx, d->path, &point, e);
	return r < 0 ? r : mount_attach(fd, point, d->path, e);
}

/* The mode is exactly what was asked for. A positive errno value, or 0. */
static int make_node(int dir, const char *name, const struct op_device *d)
{
	mode_t mask = umask(0);
	int r = mknodat(dir, name, d->mode, makedev(d->major, d->minor)) < 0 ? errno : 0;

	umask(mask);
	return r;
}

static int open_nodes(struct err *e)
{
	_cleanup_close_ int fs = sys_fs_open("tmpfs");
	int r = fs;

	/* Whoever is root in the container has to find them, and is nobody here. */
	if (r >= 0)
		r = sys_fs_set(fs, "mode", "0755");
	if (r >= 0)
		r = sys_fs_create(fs);
	if (r >= 0)
		r = sys_fs_mount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return r < 0 ? err_sys(e, -r, "make a file system for devices") : r;
}

int apply_device_node(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_device *d = &op->device;
	int r;

	if (ctx->nodes_fd < 0)
		ctx->nodes_fd = open_nodes(e);
	if (ctx->nodes_fd < 0)
		return ctx->nodes_fd;
	r = make_node(ctx->nodes_fd, d->path, d);
	if (r)
		return err_sys(e, r, "make the device %u:%u", d->major, d->minor);
	if (fchownat(ctx->nodes_fd, d->path, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, "give the device %u:%u to %u:%u", d->major, d->minor, d->uid, d->gid);
	return 0;
}

int apply_devices_end(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_detach(ctx->nodes_fd, ctx->root_fd);

	(void)op;
	close_fd(&ctx->nodes_fd);
	return r < 0 ? err_sys(e, -r, "unmount the devices that were aside") : 0;
}

static int make_device(struct apply *ctx, const struct op_device *d, struct err *e)
{
	const char *name;
	int dir, r = rootfs_parent(ctx, d->path, &dir, &name, e);

	if (r < 0)
		return r;
	r = make_node(dir, name, d);
	if (r) {
		/* An image may bring its own; it must be the same device then. */
		_cleanup_close_ int there = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (r != EEXIST)
			return err_sys(e, r, "make the device %s", d->path);
		if (there < 0 || !is_device(there, d))
			return err_set(e, EEXIST,
				       "make the device %s: something else is there already, in the root file system: "
				       "remove it",
				       d->path);
	}
	if ((d->uid || d->gid) && fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, errno, "give %s to %u:%u", d->path, d->uid, d->gid);
	return 0;
}

int apply_device(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_device *d = &op->device;

	return d->bind_from || d->node ? bind_device(ctx, d, e) : make_device(ctx, d, e);
}

int apply_symlink(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_symlink *l = &op->symlink;
	const char *name;
	int dir, r;

	if (l->if_target && access(l->target, F_OK) < 0)
		return 0;
	r = rootfs_parent(ctx, l->path, &dir, &name, e);
	if (r < 0)
		return r;
	if (symlinkat(l->target, dir, name) < 0 && errno != EEXIST)
		return err_sys(e, errno, "make the link %s", l->path);
	return 0;
}
