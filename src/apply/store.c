/*
 * Why: store paths that come on top of somebody else's root file system. Their mount points lie in a tmpfs, so nothing
 * but the store's directory itself is ever made in an image. An image out of Nix or Guix has a store of its own there,
 * which its programs need: then both are shown, through a read-only overlay without an upper layer.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/mount.h"
#include "apply/rootfs.h"
#include "base/cleanup.h"
#include "plan/closure.h"
#include "sys/mount.h"
#include "sys/path.h"

enum { STORE_ATTRS = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV };

/* 1 if there is anything in the directory, 0 if not. It is read through a descriptor of its own. */
static int has_entries(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir)
		return -errno;
	do {
		errno = 0;
		d = readdir(dir);
	} while (d && (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0));
	return d ? 1 : -errno;
}

static int make_fs(const char *type, const char *option, const char *value, struct err *e)
{
	_cleanup_close_ int fs = sys_fs_open(type);
	char said[256];
	int r = fs;

	if (fs == -ENODEV)
		return err_set(e, ENODEV, "the kernel has no file system '%s'", type);
	if (r >= 0)
		r = sys_fs_set(fs, "source", "cloister");
	if (r == 0)
		r = sys_fs_set(fs, option, value);
	if (r == 0)
		r = sys_fs_create(fs);
	if (r == 0)
		r = sys_fs_mount(fs, 0);
	if (r >= 0)
		return r;
	sys_fs_message(fs, said, sizeof said);
	return err_sys(e, -r, "mount %s for the store paths%s%s", type, *said ? ": " : "", said);
}

static int make_point(int dir, const struct closure_path *p)
{
	const char *name = strrchr(p->path, '/') + 1;
	int fd;

	switch (p->kind) {
	case CLOSURE_DIRECTORY:
		return mkdirat(dir, name, 0755) < 0 ? -errno : 0;
	case CLOSURE_LINK:
		return symlinkat(p->target, dir, name) < 0 ? -errno : 0;
	case CLOSURE_FILE:
		break;
	}
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* The tmpfs, complete and read-only, attached: an overlay takes only what is mounted somewhere. */
static int make_points(const struct op_store *s, int point, struct err *e)
{
	_cleanup_close_ int fd = make_fs("tmpfs", "mode", "0755", e);
	int r = 0;

	if (fd < 0)
		return fd;
	for (size_t i = 0; r == 0 && i < s->len; i++) {
		r = make_point(fd, &s->paths[i]);
		if (r < 0)
			return err_sys(e, -r, "make the mount point %s", s->paths[i].path);
	}
	if (s->label && (r = sys_set_label(fd, s->label)) < 0)
		return err_sys(e, -r, "give %s the label %s", s->dir, s->label);
	r = sys_mount_setattr(fd, false, STORE_ATTRS, 0, 0);
	if (r < 0)
		return err_sys(e, -r, "make %s read-only", s->dir);
	r = mount_attach(fd, point, s->dir, e);
	return r < 0 ? r : take_fd(&fd);
}

/* What the image has is at the bottom: a store path of ours hides one of the same name, which has the same content. */
static int add_overlay(const struct op_store *s, int points, int image, struct err *e)
{
	char lower[96];
	_cleanup_close_ int fd = -1;
	int r;

	snprintf(lower, sizeof lower, "/proc/self/fd/%d:/proc/self/fd/%d", points, image);
	fd = make_fs("overlay", "lowerdir", lower, e);
	if (fd < 0)
		return err_prefix(e, "%s is not empty in the root file system", s->dir);
	r = sys_mount_setattr(fd, false, STORE_ATTRS, 0, 0);
	if (r < 0)
		return err_sys(e, -r, "make %s read-only", s->dir);
	r = mount_attach(fd, points, s->dir, e);
	return r < 0 ? r : take_fd(&fd);
}

static int make_dirs(int root, const char *dir, struct err *e)
{
	_cleanup_close_ int fd = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX], *save;

	if (snprintf(path, sizeof path, "%s", dir) >= (int)sizeof path)
		return err_sys(e, ENAMETOOLONG, "the mount point %s", dir);
	for (char *name = strtok_r(path, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
		int next;

		if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
			return err_sys(e, errno, "make the mount point %s", dir);
		next = openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return err_sys(e, errno, "make the mount point %s", dir);
		close(fd);
		fd = next;
	}
	return 0;
}

/*
 * A root file system that is read-only itself and has no such directory: it gets one in an overlay of the same kind,
 * which is as read-only as it was. What may be mounted below it already is not in that.
 */
static int add_to_root(struct apply *ctx, const char *dir, struct err *e)
{
	_cleanup_close_ int extra = -1, root = -1;
	char lower[96], mode[16];
	struct stat st;
	int r;

	/* The overlay's own root has the mode of its topmost layer's. */
	if (fstat(ctx->root_fd, &st) < 0)
		return err_sys(e, errno, "look at the root file system");
	snprintf(mode, sizeof mode, "%04o", (unsigned)st.st_mode & 07777);
	extra = make_fs("tmpfs", "mode", mode, e);
	if (extra < 0)
		return extra;
	r = make_dirs(extra, dir, e);
	if (r < 0)
		return r;
	r = mount_attach(extra, ctx->root_fd, "/", e);
	if (r < 0)
		return r;
	snprintf(lower, sizeof lower, "/proc/self/fd/%d:/proc/self/fd/%d", extra, ctx->root_fd);
	root = make_fs("overlay", "lowerdir", lower, e);
	if (root < 0)
		return err_prefix(e, "%s is missing in the root file system, which is read-only", dir);
	r = sys_mount_setattr(root, false, MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0)
		return err_sys(e, -r, "make the root read-only");
	r = mount_attach(root, extra, "/", e);
	if (r == 0)
		r = rootfs_replace(ctx, root, e);
	/* As OP_ROOTFS does, for init to find it. */
	if (r == 0 && fchdir(ctx->root_fd) < 0)
		r = err_sys(e, errno, "enter the root file system");
	return r;
}

static int store_point(struct apply *ctx, const char *dir, int *ret, struct err *e)
{
	int r = rootfs_plain_mount_point(ctx, dir, ret, e);

	if (r != -EROFS)
		return r;
	r = add_to_root(ctx, dir, e);
	return r < 0 ? r : rootfs_plain_mount_point(ctx, dir, ret, e);
}

int apply_store(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_store *s = &op->store;
	_cleanup_close_ int point = -1, points = -1;
	int r = store_point(ctx, s->dir, &point, e), own;

	if (r == -ELOOP)
		return err_sys(e, ELOOP, "store paths are mounted on an ordinary directory, and %s leads over a "
			"symlink",
			       s->dir);
	if (r < 0)
		return r;
	own = has_entries(point);
	if (own < 0)
		return err_sys(e, -own, "look into %s of the root file system", s->dir);
	points = make_points(s, point, e);
	if (points < 0)
		return points;
	ctx->group_fd = own ? add_overlay(s, points, point, e) : take_fd(&points);
	return ctx->group_fd < 0 ? ctx->group_fd : 0;
}
