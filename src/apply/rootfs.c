/*
 * Why: the only way from a path in the config to a place below the container's root. Whoever owns the rootfs may swap
 * its components for symlinks while we work, so a path is resolved once, by openat2(2) inside the root, and from then
 * on there is only the descriptor.
 */
#include "apply/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "sys/mount.h"
#include "sys/path.h"

int rootfs_open(struct apply *ctx, const char *path, bool nofollow)
{
	return sys_open_in_root(ctx->root_fd, path, O_PATH | (nofollow ? O_NOFOLLOW : 0));
}

/* One component below dir_fd: made if missing, opened without following what may have been put there instead. */
static int make_component(int dir_fd, const char *name, bool directory)
{
	if (directory) {
		if (mkdirat(dir_fd, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		int fd = openat(dir_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The deepest directory of `path` that exists; *ret_rest is what follows it. */
static int open_existing_parent(struct apply *ctx, char *path, char **ret_rest)
{
	char *end = path + strlen(path);

	for (;;) {
		char saved;
		int fd;

		while (end > path && *--end != '/')
			;
		saved = *end;
		*end = '\0';
		fd = sys_open_in_root(ctx->root_fd, end == path ? "/" : path, O_PATH | O_DIRECTORY);
		*end = saved;
		if (fd >= 0 || fd != -ENOENT || end == path) {
			*ret_rest = end;
			return fd;
		}
	}
}

/*
 * The first component that is missing may be a link to what is not there. Then path becomes what the link says: the
 * link's directory, its target, and the rest. 1: it was one.
 */
static int follow_dangling(int dir_fd, char *path, const char *rest)
{
	char target[PATH_MAX], name[NAME_MAX + 1], new_path[PATH_MAX];
	const char *begin = rest + strspn(rest, "/");
	size_t len = strcspn(begin, "/");
	ssize_t n;
	int r;

	if (len == 0 || len > NAME_MAX)
		return 0;
	memcpy(name, begin, len);
	name[len] = '\0';
	n = readlinkat(dir_fd, name, target, sizeof target - 1);
	if (n < 0)
		return errno == EINVAL || errno == ENOENT ? 0 : -errno;
	target[n] = '\0';
	r = snprintf(new_path, sizeof new_path, "%.*s/%s%s", *target == '/' ? 0 : (int)(rest - path), path, target,
		     begin + len);
	if (r < 0 || (size_t)r >= sizeof new_path)
		return -ENAMETOOLONG;
	strcpy(path, new_path);
	return 1;
}

/* From a link. Below what does not exist ".." leads nowhere; component by component, it would lead out of the root. */
static bool leads_up(const char *path)
{
	for (; *path; path += strcspn(path, "/")) {
		path += strspn(path, "/");
		if (strcspn(path, "/") == 2 && path[0] == '.' && path[1] == '.')
			return true;
	}
	return false;
}

static int make_components(int fd, char *rest, bool directory)
{
	char *save = NULL;

	for (char *name = strtok_r(rest, "/", &save), *next; name; name = next) {
		next = strtok_r(NULL, "/", &save);
		int child = make_component(fd, name, next || directory);
		close(fd);
		if (child < 0)
			return child;
		fd = child;
	}
	return fd;
}

static int make_path(struct apply *ctx, const char *wanted, bool directory, bool nofollow, int *ret)
{
	char path[PATH_MAX], *rest;
	int fd, r = 1;

	if (strlen(wanted) >= sizeof path)
		return -ENAMETOOLONG;
	strcpy(path, wanted);
	for (int links = 0; r > 0; links++) {
		/* As many as the kernel follows. */
		if (links > 40)
			return -ELOOP;
		fd = open_existing_parent(ctx, path, &rest);
		if (fd < 0)
			return fd;
		r = nofollow ? 0 : follow_dangling(fd, path, rest);
		if (r)
			close(fd);
	}
	if (r < 0)
		return r;
	if (leads_up(rest)) {
		close(fd);
		return -ELOOP;
	}
	fd = make_components(fd, rest, directory);
	*ret = fd;
	return fd < 0 ? fd : 0;
}

static int explain_point(const char *path, int r, struct err *e)
{
	if (r == -EROFS)
		return err_sys(e, EROFS,
			       "the mount point %s is missing in the root file system and cannot be made there", path);
	if (r == -ENOTDIR || r == -ELOOP)
		return err_sys(e, -r, "the mount point %s: a component of it is no directory, or a symlink to nowhere",
			       path);
	return err_sys(e, -r, "the mount point %s", path);
}

int rootfs_mount_point(struct apply *ctx, const char *path, bool directory, bool nofollow, int *ret, struct err *e)
{
	int fd = rootfs_open(ctx, path, nofollow), r;

	if (fd >= 0) {
		*ret = fd;
		return 0;
	}
	r = fd == -ENOENT ? make_path(ctx, path, directory, nofollow, ret) : fd;
	return r < 0 ? explain_point(path, r, e) : 0;
}

int rootfs_file_point(struct apply *ctx, const char *path, int *ret, struct err *e)
{
	const char *name;
	int dir, r = rootfs_parent(ctx, path, &dir, &name, e);

	if (r < 0)
		return r;
	*ret = make_component(dir, name, false);
	return *ret < 0 ? explain_point(path, *ret, e) : 0;
}

/* Where one component after the other is looked at, so that nothing is made where a symlink leads. */
static int check_plain(struct apply *ctx, const char *path)
{
	char prefix[PATH_MAX];

	for (const char *end = path; *end;) {
		size_t n;
		int fd;

		end += 1 + strcspn(end + 1, "/");
		n = (size_t)(end - path);
		if (n >= sizeof prefix)
			return -ENAMETOOLONG;
		memcpy(prefix, path, n);
		prefix[n] = '\0';
		fd = sys_open_in_root_nofollow(ctx->root_fd, prefix, O_PATH);
		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		close(fd);
	}
	return 0;
}

int rootfs_plain_mount_point(struct apply *ctx, const char *path, int *ret, struct err *e)
{
	int fd = sys_open_in_root_nofollow(ctx->root_fd, path, O_PATH | O_DIRECTORY), r;

	if (fd == -ENOENT) {
		r = check_plain(ctx, path);
		if (r == 0)
			r = rootfs_mount_point(ctx, path, true, true, &fd, e);
		if (r < 0)
			return r;
		close(fd);
		fd = sys_open_in_root_nofollow(ctx->root_fd, path, O_PATH | O_DIRECTORY);
	}
	if (fd < 0)
		return fd == -ELOOP ? -ELOOP : err_sys(e, -fd, "the mount point %s", path);
	*ret = fd;
	return 0;
}

/* A /dev that is a link to nowhere is a mistake, or worse, and no place for devices. */
static int open_parent(struct apply *ctx, const char *dir, const char *path, int *ret, struct err *e)
{
	struct stat st;
	int fd = rootfs_open(ctx, dir, false), r = 0;

	if (fd == -ENOENT)
		r = rootfs_mount_point(ctx, dir, true, true, &fd, e);
	else if (fd < 0)
		r = explain_point(path, fd, e);
	if (r == 0 && (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))) {
		close(fd);
		r = explain_point(path, -ENOTDIR, e);
	}
	if (r == 0)
		*ret = fd;
	return r;
}

int rootfs_parent(struct apply *ctx, const char *path, int *ret_fd, const char **ret_name, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX];
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!slash || n >= sizeof dir || !slash[1])
		return err_set(e, EINVAL, "%s is not an absolute path of a file", path);
	memcpy(dir, path, n);
	dir[n] = '\0';
	*ret_name = slash + 1;
	if (!ctx->dir || strcmp(ctx->dir, dir) != 0) {
		close_fd(&ctx->dir_fd);
		int r = open_parent(ctx, n ? dir : "/", path, &ctx->dir_fd, e);
		if (r < 0)
			return r;
		ctx->dir = arena_strdup(ctx->arena, dir);
	}
	*ret_fd = ctx->dir_fd;
	return 0;
}

int rootfs_replace(struct apply *ctx, int root_fd, struct err *e)
{
	int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	int r = fd < 0 ? -errno : 0;

	/* pivot_root(2) refuses a shared new root; the propagation that the config wants is set after it. */
	if (r == 0)
		r = sys_mount_setattr(fd, false, 0, 0, MS_PRIVATE);
	if (r < 0) {
		close_fd(&fd);
		return err_sys(e, -r, "make what is mounted on / the root");
	}
	close_fd(&ctx->root_fd);
	ctx->root_fd = fd;
	/* What was found below the old one is out of sight. */
	close_fd(&ctx->dir_fd);
	ctx->dir = NULL;
	return 0;
}

int apply_propagation(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? -errno : sys_mount_setattr(fd, true, 0, 0, op->propagation);

	(void)ctx;
	return r < 0 ? err_sys(e, -r, "set the propagation of all mounts") : 0;
}

/* A mount attached below a shared one would appear on the host: the mount that holds the rootfs becomes private. */
static int make_parent_private(int dir_fd)
{
	_cleanup_close_ int fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);

	while (fd >= 0 && !sys_is_mount_root(fd)) {
		int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = up;
	}
	return fd < 0 ? -errno : sys_mount_setattr(fd, false, 0, 0, MS_PRIVATE);
}

static int attach_root(struct apply *ctx, int tree, int target, bool slave, struct err *e)
{
	/* pivot_root(2) refuses a shared new root; the propagation that the config wants is set after it. */
	int r = sys_mount_setattr(tree, false, 0, 0, slave ? MS_SLAVE : MS_PRIVATE);

	if (r == 0)
		r = make_parent_private(target);
	if (r == 0)
		r = sys_attach(tree, target);
	if (r < 0)
		return err_sys(e, -r, "make the root file system a mount");
	ctx->root_fd = tree;
	return 0;
}

static int open_root_dir(const struct op_rootfs *f, struct err *e)
{
	int fd = open(f->path ? f->path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "open the root file system %s", f->path);
	return fd;
}

/*
 * A tree that waits in a slot can be attached anywhere, and its own path may be out of reach by now. Not on "/", below
 * which we would count as chrooted, and who is may not make user namespaces; not on what may be needed: /proc and /sys,
 * which the kernel must see uncovered for the container's own, /dev, and where a hook's program may lie.
 */
static int open_any_dir(struct err *e)
{
	static const char *const dirs[] = {
		"/mnt", "/media", "/srv", "/boot", "/home", "/root", "/tmp", "/var", "/run"
	};

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		int fd = open(dirs[i], O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			return fd;
	}
	return err_sys(e, ENOENT, "find a directory of the host to attach the root file system to, such as /mnt");
}

int apply_rootfs(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_rootfs *f = &op->rootfs;

	if (f->open_only) {
		int dir = open_root_dir(f, e);
		if (dir < 0)
			return dir;
		ctx->root_fd = dir;
	} else {
		_cleanup_close_ int target = f->slot != PLAN_NO_SLOT ? open_any_dir(e) : open_root_dir(f, e);
		if (target < 0)
			return target;
		int tree = f->slot != PLAN_NO_SLOT ? ctx->slots[f->slot] : sys_clone_tree_fd(target, true);
		if (tree < 0)
			return err_sys(e, -tree, "clone the root file system %s", f->path ? f->path : "");
		int r = attach_root(ctx, tree, target, f->slave, e);
		if (r < 0)
			return r;
	}
	/* Outer leaves it as the working directory, which is where init finds its own copy of this mount. */
	if (fchdir(ctx->root_fd) < 0)
		return err_sys(e, errno, "enter the root file system");
	return 0;
}

/* Who may not make it, or not even see it as root (FUSE), may still be let in later, as the container's user. */
int apply_directory(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct err ignored;

	(void)e;
	if (rootfs_mount_point(ctx, op->text, true, false, &fd, &ignored) < 0)
		log_debug("%s", ignored.text);
	return 0;
}

int apply_root_readonly(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_mount_setattr(ctx->root_fd, false, MOUNT_ATTR_RDONLY, 0, 0);

	(void)op;
	return r < 0 ? err_sys(e, -r, "make the root read-only") : 0;
}

int apply_pivot(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = fchdir(ctx->root_fd) < 0 ? -errno : sys_pivot_to_cwd();

	if (r < 0)
		return err_sys(e, -r, "pivot_root");
	if (op->propagation) {
		r = sys_mount_setattr(ctx->root_fd, false, 0, 0, op->propagation);
		if (r < 0)
			return err_sys(e, -r, "set the propagation of the root");
	}
	return 0;
}
