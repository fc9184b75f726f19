/*
 * Why: a mount point made now is a mount point that no runtime makes at every start; and a read-only root could not be
 * given one later.
 *
 * A store path that is a symbolic link becomes the same link here, at its own place: a bind mount would follow it. Its
 * target is a reference, so it is in the closure and mounted beside it.
 */
#include "bundle/skeleton.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "bundle/place.h"

static int failed(const char *path, struct err *e)
{
	return err_sys(e, errno, "create %s in the root file system", path);
}

/* mkdir -p, for a path without ".."; what is there already must be a folder, and no link. */
static int make_directory(int dirfd, const char *path, struct err *e)
{
	char part[PATH_MAX];
	struct stat st;

	for (size_t n = 0; path[n];) {
		n += strspn(path + n, "/");
		n += strcspn(path + n, "/");
		if (n >= sizeof part)
			return err_sys(e, ENAMETOOLONG, "create %s", path);
		memcpy(part, path, n);
		part[n] = '\0';
		if (mkdirat(dirfd, part + 1, 0755) == 0)
			continue;
		if (errno != EEXIST || fstatat(dirfd, part + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return failed(path, e);
		if (!S_ISDIR(st.st_mode))
			return err_set(e, ENOTDIR, "create %s in the root file system: %s is not a directory there",
				       path, part);
	}
	return 0;
}

static int make_parents(struct arena *a, int dirfd, const char *path, struct err *e)
{
	char *parent = arena_strdup(a, path);

	if (!parent)
		return err_oom(e);
	*strrchr(parent, '/') = '\0';
	return make_directory(dirfd, parent, e);
}

static int make_file(int dirfd, const char *path, const char *content, struct err *e)
{
	_cleanup_close_ int fd = openat(dirfd, path + 1, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return failed(path, e);
	r = io_write_all(fd, content, strlen(content));
	return r < 0 ? err_sys(e, -r, "write %s in the root file system", path) : 0;
}

/* Also for a file, socket or device: what is mounted decides, the mount point only has to be no folder. */
static int make_mount_point(struct arena *a, int dirfd, const char *path, bool directory, struct err *e)
{
	struct stat st;
	int r;

	if (directory)
		return make_directory(dirfd, path, e);
	r = make_parents(a, dirfd, path, e);
	if (r < 0)
		return r;
	if (fstatat(dirfd, path + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? make_file(dirfd, path, "", e) : failed(path, e);
	return S_ISREG(st.st_mode) ? 0 :
	       err_set(e, EEXIST, "create %s in the root file system: something else is there already", path);
}

static int copy_link(const char *physical, int rootfs, const char *path, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(physical, target, sizeof target - 1);

	if (n < 0)
		return err_sys(e, errno, "read link %s", physical);
	target[n] = '\0';
	return symlinkat(target, rootfs, path + 1) < 0 ? failed(path, e) : 0;
}

/* For a derivation they lie in the folder that is mounted as the store. */
static int fill_store(struct arena *a, const struct recipe *r, const struct skeleton_folders *f, struct err *e)
{
	int result = make_directory(f->rootfs, r->store->dir, e), fd = r->build ? f->store : f->rootfs;

	for (size_t i = 0; result == 0 && i < r->closure.len; i++) {
		const char *physical = store_physical(a, r->store, r->closure.items[i]);
		const char *path = r->closure.items[i] + (r->build ? strlen(r->store->dir) : 0);
		struct stat st;

		if (!physical)
			return err_oom(e);
		if (lstat(physical, &st) < 0)
			return err_sys(e, errno, "store path %s", physical);
		if (S_ISLNK(st.st_mode))
			result = copy_link(physical, fd, path, e);
		else if (S_ISDIR(st.st_mode))
			result = mkdirat(fd, path + 1, 0755) < 0 ? failed(path, e) : 0;
		else
			result = make_file(fd, path, "", e);
	}
	return result;
}

static int make_files(const struct recipe_file *files, size_t len, int rootfs, struct err *e)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < len; i++)
		result = make_file(rootfs, files[i].path, files[i].text, e);
	return result;
}

static int fill_etc(struct arena *a, const struct recipe *r, int rootfs, struct err *e)
{
	const char *shell = r->bin_sh ? "/bin/sh" : "/noshell";
	const char *user = r->uid ? arena_printf(a, "user:x:%u:%u::/:%s\n", r->uid, r->gid, shell) : "";
	const char *group = r->gid ? arena_printf(a, "user:x:%u:\n", r->gid) : "";
	const char *passwd = arena_printf(a, "root:x:0:0:root:/:%s\n%snobody:x:65534:65534:nobody:/:/noshell\n", shell,
					  user ? user : "");
	const struct recipe_file files[] = {
		{ "/etc/passwd", passwd },
		{ "/etc/group", arena_printf(a, "root:x:0:\n%snogroup:x:65534:\n", group ? group : "") },
		{ "/etc/hosts", arena_printf(a, "127.0.0.1 localhost %s\n::1 localhost\n", r->hostname) },
		{ "/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n" },
	};

	return arena_failed(a) ? err_oom(e) : make_files(files, sizeof files / sizeof *files, rootfs, e);
}

static int fill_shell(const struct recipe *r, int rootfs, struct err *e)
{
	int result;

	if (!r->bin_sh)
		return 0;
	result = make_directory(rootfs, "/bin", e);
	if (result == 0 && symlinkat(r->bin_sh, rootfs, "bin/sh") < 0)
		result = failed("/bin/sh", e);
	return result;
}

static int fill_places(struct arena *a, const struct recipe *r, int rootfs, int writable, struct err *e)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < r->places_len; i++) {
		const struct recipe_place *p = &r->places[i], *around = place_around(r, i);

		if (!p->source && !p->build)
			result = make_directory(writable, p->destination, e);
		/* In a writable folder the mount point lies in what is mounted there; in a bind it exists. */
		if (result == 0 && around && !around->source)
			result = make_mount_point(a, writable, p->destination, p->directory, e);
		else if (result == 0 && !around && !place_is_in_tmpfs(r, i))
			result = make_mount_point(a, rootfs, p->destination, p->directory, e);
	}
	return result;
}

/* The working directory, unless it lies in something that is mounted. */
static int fill_cwd(const struct recipe *r, int rootfs, struct err *e)
{
	static const char *const mounted[] = { "/dev", "/proc", "/sys", "/tmp" };

	for (size_t i = 0; i < sizeof mounted / sizeof *mounted; i++)
		if (path_is_below(r->cwd, mounted[i]))
			return 0;
	if (strcmp(r->cwd, "/") == 0 || path_is_below(r->cwd, r->store->dir) || place_covers(r, r->cwd))
		return 0;
	return make_directory(rootfs, r->cwd, e);
}

/* Anybody may write to /tmp, as the mode of a mount would say; here it is a folder. */
static int open_tmp(int writable, struct err *e)
{
	return fchmodat(writable, "tmp", 01777, 0) < 0 ? err_sys(e, errno, "change the mode of /tmp") : 0;
}

/* What only the builder of a derivation finds. The files in its directory are its own. */
static int fill_build(struct arena *a, const struct recipe *r, const struct skeleton_folders *f, struct err *e)
{
	const struct recipe_build *b = r->build;
	int result = make_files(b->etc, b->etc_len, f->rootfs, e);

	for (size_t i = 0; result == 0 && f->build >= 0 && i < b->files_len; i++) {
		const char *path = arena_printf(a, "/%s", b->files[i].path);

		result = path ? make_file(f->build, path, b->files[i].text, e) : err_oom(e);
	}
	if (result == 0 && f->build >= 0 && fchmod(f->build, 0700) < 0)
		result = err_sys(e, errno, "change the mode of the build directory");
	if (result == 0)
		result = open_tmp(f->writable, e);
	if (result == 0 && fchmod(f->store, 01775) < 0)
		result = err_sys(e, errno, "change the mode of the store");
	return result;
}

int skeleton_fill(struct arena *a, const struct recipe *r, const struct skeleton_folders *f, struct err *e)
{
	static const char *const folders[] = { "/dev", "/etc", "/proc", "/tmp", "/sys" };
	size_t n = sizeof folders / sizeof *folders - (r->build ? 1 : 0);
	int result = fill_store(a, r, f, e);

	for (size_t i = 0; result == 0 && i < n; i++)
		result = make_directory(f->rootfs, folders[i], e);
	if (result == 0 && !r->build)
		result = fill_etc(a, r, f->rootfs, e);
	if (result == 0)
		result = fill_shell(r, f->rootfs, e);
	if (result == 0)
		result = fill_places(a, r, f->rootfs, f->writable, e);
	if (result == 0 && r->build)
		result = fill_build(a, r, f, e);
	if (result == 0)
		result = fill_cwd(r, f->rootfs, e);
	/* Last, since nothing can be made in it afterwards. */
	if (result == 0 && r->build && fchmod(f->rootfs, r->build->root_mode) < 0)
		result = err_sys(e, errno, "change the mode of the root file system");
	return result;
}
