/*
 * Why: mounts, each from and onto descriptors, so that what was mounted is what was checked. The attributes of a bind
 * are set on the detached copy, before anyone can see it: there is no moment in which a store path is writable.
 */
#include "apply/mount.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/rootfs.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "sys/cgroup.h"
#include "sys/mount.h"
#include "sys/path.h"

enum { PROC_ROOT_INODE = 1 };

int mount_set_attrs(int fd, const struct mount_attrs *t, struct err *e)
{
	int r = 0;

	if (t->rec_set || t->rec_clear)
		r = sys_mount_setattr(fd, true, t->rec_set, t->rec_clear, 0);
	if (r == 0 && (t->set || t->clear))
		r = sys_mount_setattr(fd, false, t->set, t->clear, 0);
	if (r == 0 && t->propagation)
		r = sys_mount_setattr(fd, t->propagation_rec, 0, 0, t->propagation);
	if (r == -EPERM)
		return err_sys(
			e, EPERM,
			"set the mount's options (an option that the host's own mount has, such as ro or nosuid, "
			"cannot be taken off in a user namespace)");
	return r < 0 ? err_sys(e, -r, "set the mount's options") : 0;
}

static int is_directory(int fd, bool *ret)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*ret = S_ISDIR(st.st_mode);
	return 0;
}

int mount_attach(int mount_fd, int dest_fd, const char *dest, struct err *e)
{
	int r = sys_attach(mount_fd, dest_fd);
	bool from, to;

	/* The kernel says EINVAL for this, and for much else. */
	if (r == -EINVAL && is_directory(mount_fd, &from) == 0 && is_directory(dest_fd, &to) == 0 && from != to)
		return err_sys(e, ENOTDIR, "mount onto %s: one of the two is a directory, the other is not", dest);
	return r < 0 ? err_sys(e, -r, "mount onto %s", dest) : 0;
}

/* What engines may bind over single files of /proc (lxcfs and the like); everything else there is what isolates. */
static bool may_cover_in_proc(const char *dest)
{
	static const char *const names[] = {
		"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
		"/proc/loadavg", "/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid",
		"/proc/sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(dest, names[i]) == 0)
			return true;
	return false;
}

/*
 * A process's security attributes are written below /proc, so nothing but a procfs may be mounted at /proc, and only
 * harmless files may be covered in it (CVE-2019-16884, CVE-2025-52881). dest_fd tells where the path really led.
 */
static int check_proc(int mount_fd, int dest_fd, const char *dest, struct err *e)
{
	bool in_proc = sys_fs_type(dest_fd) == PROC_SUPER_MAGIC, procfs;
	struct stat st;

	if (!in_proc && strcmp(dest, "/proc") != 0)
		return 0;
	procfs = sys_fs_type(mount_fd) == PROC_SUPER_MAGIC && fstat(mount_fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
	if (procfs && (!in_proc || (fstat(dest_fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE)))
		return 0;
	if (in_proc && may_cover_in_proc(dest))
		return 0;
	return err_set(e, EPERM, "%s: only a proc file system may be mounted at /proc, and nothing below it", dest);
}

/* Onto the mount point, which is made if it is missing. */
static int attach_to_path(struct apply *ctx, int mount_fd, const char *dest, bool nofollow, struct err *e)
{
	_cleanup_close_ int point = -1;
	bool directory = false;
	int r = is_directory(mount_fd, &directory);

	if (r < 0)
		return err_sys(e, -r, "look at what is to be mounted onto %s", dest);
	r = rootfs_mount_point(ctx, dest, directory, nofollow, &point, e);
	if (r == 0)
		r = check_proc(mount_fd, point, dest, e);
	if (r == 0)
		r = mount_attach(mount_fd, point, dest, e);
	if (r == 0 && strcmp(dest, "/") == 0)
		r = rootfs_replace(ctx, mount_fd, e);
	return r;
}

static int map_ids(const struct op_open_tree *t, int fd, int userns, struct err *e)
{
	int r = sys_mount_idmap(fd, t->idmap_recursive, userns);

	if (r == -EPERM)
		return err_sys(e, EPERM, "map the ids of %s (this takes root in the user namespace that mounted the "
			       "file system, and a mount that is not mapped yet)", t->path);
	if (r == -EINVAL)
		return err_sys(e, EINVAL, "map the ids of %s (its file system, or one below it, cannot do that on "
			       "this kernel)",
			       t->path);
	return r < 0 ? err_sys(e, -r, "map the ids of %s", t->path) : 0;
}

static int set_source_propagation(const struct op_open_tree *t, int fd, struct err *e)
{
	const uint64_t steps[] = { t->propagation & MS_SLAVE, t->propagation & ~(uint64_t)MS_SLAVE };

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int r = steps[i] ? sys_mount_setattr(fd, true, 0, 0, steps[i]) : 0;

		if (r < 0)
			return err_sys(e, -r, "set the propagation of %s", t->path);
	}
	return 0;
}

int apply_open_tree(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_open_tree *t = &op->open_tree;
	_cleanup_close_ int fd = sys_clone_tree(AT_FDCWD, t->path, t->recursive, t->nofollow);

	if (fd < 0)
		return err_sys(e, -fd, "open %s for the container", t->path);
	int r = set_source_propagation(t, fd, e);
	if (r < 0)
		return r;
	if (t->idmap) {
		r = map_ids(t, fd, ctx->slots[t->idmap->slot], e);

		if (r < 0)
			return r;
	}
	ctx->slots[t->slot] = take_fd(&fd);
	return 0;
}

static int open_source(struct apply *ctx, const struct op_bind *b, struct err *e)
{
	int fd;

	if (b->slot != PLAN_NO_SLOT)
		return take_fd(&ctx->slots[b->slot]);
	fd = sys_clone_tree(AT_FDCWD, b->source, b->recursive, b->source_nofollow);
	if (fd == -EINVAL && !b->recursive)
		return err_set(
			e, EINVAL,
			"bind %s: other mounts lie below it, which a user namespace may not take away: use rbind",
			b->source);
	return fd < 0 ? err_sys(e, -fd, "bind %s", b->source) : fd;
}

/* The fast way for a store path: its mount point is one name in the group's directory, and stays where it is. */
static int attach_in_group(struct apply *ctx, const struct op_bind *b, int fd, struct err *e)
{
	int r = sys_attach_at(fd, ctx->group_fd, strrchr(b->dest, '/') + 1);

	return r == 0 ? 0 : attach_to_path(ctx, fd, b->dest, true, e);
}

int apply_bind(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_bind *b = &op->bind;
	_cleanup_close_ int fd = open_source(ctx, b, e);

	if (fd < 0)
		return fd;
	if (b->in_group)
		return attach_in_group(ctx, b, fd, e);
	int r = mount_set_attrs(fd, &b->attrs, e);
	return r < 0 ? r : attach_to_path(ctx, fd, b->dest, b->dest_nofollow, e);
}

int apply_group_begin(struct apply *ctx, const struct op *op, struct err *e)
{
	const char *dir = op->group.dir;
	_cleanup_close_ int point = -1;
	int r = rootfs_mount_point(ctx, dir, true, false, &point, e);

	if (r < 0)
		return r;
	int tree = sys_clone_tree_fd(point, true);
	if (tree < 0)
		return err_sys(e, -tree, "make %s a mount", dir);
	r = check_proc(tree, point, dir, e);
	if (r == 0)
		r = mount_attach(tree, point, dir, e);
	if (r < 0) {
		close(tree);
		return r;
	}
	ctx->group_fd = tree;
	return 0;
}

int apply_group_end(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_mount_setattr(ctx->group_fd, true, op->group.attrs.set, 0, 0);

	close_fd(&ctx->group_fd);
	return r < 0 ? err_sys(e, -r, "set the options of all mounts below %s", op->group.dir) : 0;
}

static int explain_fs(int fs, int r, const struct op_mount *m, const char *option, struct err *e)
{
	char said[256];

	sys_fs_message(fs, said, sizeof said);
	if (option)
		return err_sys(e, -r, "%s does not take the option '%s'%s%s", m->fstype, option, *said ? ": " : "",
			       said);
	if (r == -EPERM && strcmp(m->fstype, "sysfs") == 0)
		return err_sys(
			e, EPERM,
			"mount sysfs onto %s: this needs a network namespace that belongs to the container's user "
			"namespace, and a sysfs on the host that is not covered",
			m->dest);
	if (r == -EPERM && strcmp(m->fstype, "proc") == 0)
		return err_sys(e, EPERM,
			       "mount proc onto %s: this needs a pid namespace that belongs to the container's user "
			       "namespace, and a /proc on the host that is not covered or more restricted",
			       m->dest);
	return err_sys(e, -r, "mount %s onto %s%s%s", m->fstype, m->dest, *said ? ": " : "", said);
}

static int set_fs_option(int fs, const char *option)
{
	const char *equals = strchr(option, '=');
	char name[64];

	if (!equals)
		return sys_fs_set(fs, option, NULL);
	if ((size_t)(equals - option) >= sizeof name)
		return -EINVAL;
	memcpy(name, option, (size_t)(equals - option));
	name[equals - option] = '\0';
	return sys_fs_set(fs, name, equals + 1);
}

/* Only what was not read-only at birth can still be written to. */
static bool is_finished_late(const struct op_mount *m)
{
	return m->copy_up || m->label;
}

static bool has_option(const struct op_mount *m, const char *prefix)
{
	for (char **o = m->options; *o; o++)
		if (str_has_prefix(*o, prefix))
			return true;
	return false;
}

/* A tmpfs without a mode of its own takes that of the directory that it covers, as with other runtimes. */
static int set_mode_of_point(struct apply *ctx, const struct op_mount *m, int fs, struct err *e)
{
	_cleanup_close_ int point = -1;
	char mode[16];
	struct stat st;
	int r;

	if (strcmp(m->fstype, "tmpfs") != 0 || has_option(m, "mode="))
		return 0;
	point = rootfs_open(ctx, m->dest, m->dest_nofollow);
	if (point < 0 || fstat(point, &st) < 0)
		return 0;
	snprintf(mode, sizeof mode, "%o", st.st_mode & 07777);
	r = sys_fs_set(fs, "mode", mode);
	return r < 0 ? explain_fs(fs, r, m, "mode", e) : 0;
}

/* A new, detached file system. Propagation is set by the caller, once it is attached nowhere else. */
static int make_fs(struct apply *ctx, const struct op_mount *m, struct err *e)
{
	uint64_t attrs = is_finished_late(m) ? 0 : m->attrs.set;
	_cleanup_close_ int fs = -1;
	int r, fd;

	if (mount_is_long(m))
		return mount_make_long(m, attrs, e);
	fs = sys_fs_open(m->fstype);
	if (fs == -ENODEV)
		return err_set(e, ENODEV, "the kernel has no file system '%s'", m->fstype);
	if (fs < 0)
		return err_sys(e, -fs, "open file system %s", m->fstype);
	r = sys_fs_set(fs, "source", m->source);
	for (char **o = m->options; r == 0 && *o; o++) {
		r = set_fs_option(fs, *o);
		if (r < 0)
			return explain_fs(fs, r, m, *o, e);
	}
	if (r == 0) {
		r = set_mode_of_point(ctx, m, fs, e);
		if (r < 0)
			return r;
		r = sys_fs_create(fs);
	}
	if (r < 0)
		return explain_fs(fs, r, m, NULL, e);
	fd = sys_fs_mount(fs, attrs);
	return fd < 0 ? explain_fs(fs, fd, m, NULL, e) : fd;
}

static int finish(struct apply *ctx, const struct op_mount *m, int fd, struct err *e)
{
	_cleanup_close_ int below = -1;
	int r = 0;

	if (m->copy_up) {
		r = rootfs_mount_point(ctx, m->dest, true, m->dest_nofollow, &below, e);
		if (r == 0)
			r = mount_copy_up(below, fd, e);
		if (r < 0)
			return err_prefix(e, "tmpcopyup of %s", m->dest);
	}
	if (m->label)
		r = sys_set_label(fd, m->label);
	if (r < 0)
		return err_sys(e, -r, "give %s the label %s", m->dest, m->label);
	/* With what is cleared: the field of access times is only taken as a whole (mount_setattr(2)). */
	return mount_set_attrs(fd, &(struct mount_attrs){ .set = m->attrs.set, .clear = m->attrs.clear }, e);
}

/*
 * A symlink at /proc or /sys would send the file system that isolates elsewhere (CVE-2019-19921). Not checked and then
 * opened: what is opened here is what is mounted onto.
 */
static int open_plain_point(struct apply *ctx, const struct op_mount *m, struct err *e)
{
	int fd, r = rootfs_plain_mount_point(ctx, m->dest, &fd, e);

	if (r == -ELOOP)
		return err_sys(e, ELOOP, "%s must be mounted on an ordinary directory, and %s leads over a symlink",
			       m->fstype, m->dest);
	return r < 0 ? r : fd;
}

static int attach_fs(struct apply *ctx, const struct op_mount *m, int fd, struct err *e)
{
	if (strcmp(m->fstype, "proc") != 0 && strcmp(m->fstype, "sysfs") != 0)
		return attach_to_path(ctx, fd, m->dest, m->dest_nofollow, e);
	_cleanup_close_ int point = open_plain_point(ctx, m, e);
	if (point < 0)
		return point;
	int r = check_proc(fd, point, m->dest, e);
	return r < 0 ? r : mount_attach(fd, point, m->dest, e);
}

int apply_mount(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_mount *m = &op->mount;
	struct mount_attrs rest = m->attrs;
	_cleanup_close_ int fd = make_fs(ctx, m, e);
	int r;

	if (fd < 0)
		return fd;
	if (is_finished_late(m)) {
		r = finish(ctx, m, fd, e);
		if (r < 0)
			return r;
	}
	rest.set = rest.clear = 0;
	r = mount_set_attrs(fd, &rest, e);
	return r < 0 ? r : attach_fs(ctx, m, fd, e);
}

/* The one that was planned; what systemd has made; or, where the container got none, the caller's, which it is in. */
static int open_own_cgroup(struct apply *ctx, const struct op_mount *m, struct err *e)
{
	const char *path = m->cgroup_path;
	int fd = *path ? sys_cgroup_open(path) : -ENOENT;

	if (!*path || (fd == -ENOENT && ctx->cgroup_fd < 0)) {
		int r = sys_cgroup_own(ctx->arena, ctx->proc_fd, &path, e);

		if (r < 0)
			return r;
		fd = path ? sys_cgroup_open(path) : -ENOENT;
	}
	return fd < 0 ? err_sys(e, -fd, "open the cgroup %s", path && *path ? path : "of the container") : fd;
}

int apply_cgroup_mount(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_mount *m = &op->mount;

	if (!m->cgroup_path)
		return apply_mount(ctx, op, e);
	/* Without a cgroup namespace a fresh cgroup2 would show the host's whole tree: only the own part is bound. */
	_cleanup_close_ int dir = open_own_cgroup(ctx, m, e);
	if (dir < 0)
		return dir;
	_cleanup_close_ int fd = sys_clone_tree_fd(dir, false);
	if (fd < 0)
		return err_sys(e, -fd, "bind the container's cgroup");
	int r = mount_set_attrs(fd, &m->attrs, e);
	return r < 0 ? r : attach_to_path(ctx, fd, m->dest, m->dest_nofollow, e);
}

int apply_remount(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int fd = rootfs_open(ctx, op->remount.dest, false);

	if (fd < 0)
		return err_sys(e, -fd, "remount %s", op->remount.dest);
	if (!sys_is_mount_root(fd))
		return err_set(e, EINVAL, "remount %s: nothing is mounted there", op->remount.dest);
	return mount_set_attrs(fd, &op->remount.attrs, e);
}
