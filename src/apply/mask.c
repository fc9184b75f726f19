/*
 * Why: hiding and freezing paths. A file is covered with /dev/null, a directory with an empty read-only tmpfs, one for
 * all of them. The /dev/null is the host's own and is checked to be it (CVE-2025-31133). What does not exist needs no
 * mask; any other failure is an error, since a path left open is weaker than what was asked for.
 */
#include "apply/apply.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "apply/mount.h"
#include "apply/rootfs.h"
#include "base/cleanup.h"
#include "sys/mount.h"

static int empty_directory(const char *label, struct err *e)
{
	_cleanup_close_ int fs = sys_fs_open("tmpfs");
	int r = fs;

	if (r >= 0)
		r = sys_fs_set(fs, "mode", "0555");
	if (r >= 0)
		r = sys_fs_set(fs, "nr_inodes", "1");
	if (r >= 0 && label)
		r = sys_fs_set(fs, "context", label);
	if (r >= 0)
		r = sys_fs_create(fs);
	if (r >= 0)
		r = sys_fs_mount(fs, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return r < 0 ? err_sys(e, -r, "make an empty directory to mask with") : r;
}

/* The first is attached itself; from then on there are cheap copies of it. */
static int mask_directory(struct apply *ctx, const struct op_mask *m, int point, const char *path, struct err *e)
{
	if (ctx->mask_fd < 0) {
		ctx->mask_fd = empty_directory(m->label, e);
		return ctx->mask_fd < 0 ? ctx->mask_fd : mount_attach(ctx->mask_fd, point, path, e);
	}
	_cleanup_close_ int fd = sys_clone_tree_fd(ctx->mask_fd, false);
	return fd < 0 ? err_sys(e, -fd, "mask %s", path) : mount_attach(fd, point, path, e);
}

static int mask_file(int point, const char *path, struct err *e)
{
	_cleanup_close_ int fd = sys_clone_tree(AT_FDCWD, "/dev/null", false, false);
	struct stat st;

	if (fd < 0)
		return err_sys(e, -fd, "mask %s: open /dev/null", path);
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(e, ENODEV, "mask %s: /dev/null of the host is not the device 1:3", path);
	return mount_attach(fd, point, path, e);
}

/* -ENOENT: there is nothing at this path. */
static int open_path(struct apply *ctx, const char *path, struct err *e)
{
	int fd = rootfs_open(ctx, path, false);

	if (fd == -ENOENT || fd == -ENOTDIR)
		return -ENOENT;
	return fd < 0 ? err_sys(e, -fd, "%s", path) : fd;
}

/* A path may be listed twice, or lead to one that is masked already. */
static bool is_masked(const struct apply *ctx, const struct stat *st)
{
	struct stat mask;

	if (S_ISCHR(st->st_mode))
		return st->st_rdev == makedev(1, 3);
	return ctx->mask_fd >= 0 && fstat(ctx->mask_fd, &mask) == 0 && mask.st_dev == st->st_dev &&
	       mask.st_ino == st->st_ino;
}

int apply_mask(struct apply *ctx, const struct op *op, struct err *e)
{
	for (size_t i = 0; i < op->mask.len; i++) {
		const char *path = op->mask.paths[i];
		_cleanup_close_ int point = open_path(ctx, path, e);
		struct stat st;
		int r;

		if (point == -ENOENT)
			continue;
		if (point < 0)
			return point;
		if (fstat(point, &st) < 0)
			return err_sys(e, errno, "%s", path);
		if (is_masked(ctx, &st))
			continue;
		r = S_ISDIR(st.st_mode) ? mask_directory(ctx, &op->mask, point, path, e) : mask_file(point, path, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int apply_readonly(struct apply *ctx, const struct op *op, struct err *e)
{
	for (size_t i = 0; i < op->mask.len; i++) {
		const char *path = op->mask.paths[i];
		_cleanup_close_ int point = open_path(ctx, path, e);
		int r;

		if (point == -ENOENT)
			continue;
		if (point < 0)
			return point;
		_cleanup_close_ int fd = sys_clone_tree_fd(point, true);
		if (fd < 0)
			return err_sys(e, -fd, "make %s read-only", path);
		r = sys_mount_setattr(fd, true, MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0)
			return err_sys(e, -r, "make %s read-only", path);
		r = mount_attach(fd, point, path, e);
		if (r < 0)
			return r;
	}
	return 0;
}
