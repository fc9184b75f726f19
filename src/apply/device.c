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

static int bind_device(struct apply *ctx, const struct op_device *d, struct err *e)
{
	_cleanup_close_ int point = -1;
	_cleanup_close_ int fd = sys_clone_tree(AT_FDCWD, d->bind_from, false, false);

	if (fd < 0)
		return err_sys(e, -fd, "bind the device %s of the host", d->bind_from);
	if (!is_device(fd, d))
		return err_set(e, ENODEV, "%s of the host is not the device %u:%u", d->bind_from, d->major, d->minor);
	int r = sys_mount_setattr(fd, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0, 0);
	if (r < 0)
		return err_sys(e, -r, "set the mount options of the device %s", d->path);
	r = rootfs_file_point(ctx, d->path, &point, e);
	return r < 0 ? r : mount_attach(fd, point, d->path, e);
}

static int make_device(struct apply *ctx, const struct op_device *d, struct err *e)
{
	const char *name;
	int dir, r = rootfs_parent(ctx, d->path, &dir, &name, e);

	if (r < 0)
		return r;
	/* The mode is exactly what was asked for. */
	mode_t mask = umask(0);
	r = mknodat(dir, name, d->mode, makedev(d->major, d->minor)) < 0 ? errno : 0;
	umask(mask);
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
	return op->device.bind_from ? bind_device(ctx, &op->device, e) : make_device(ctx, &op->device, e);
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
