/*
 * Why: cgroup v2 is where the kernel keeps a container's processes together. On hosts that also have version 1 it
 * is mounted somewhere else, so its place is found out, never assumed; below it all is done by descriptors.
 */
#include "sys/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/path.h"
#include "sys/result.h"

/*
 * The one is only for who is root on the host: a container that may write to its cgroup cannot touch it. The other is
 * for users.
 */
#define MARK "trusted.cloister"
#define USER_MARK "user.cloister"
#define PARENT "parent"

/*
 * How deep a container may have nested cgroups for us to follow; the kernel's own limit is far above, our stack is
 * not.
 */
enum { DEPTH_MAX = 128 };

static int open_mount(void)
{
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified", NULL };

	return sys_open_mounted("cgroup2", CGROUP2_SUPER_MAGIC, usual);
}

static int open_below(int mount, const char *path)
{
	while (*path == '/')
		path++;
	return sys_open_beneath(mount, *path ? path : ".", O_RDONLY | O_DIRECTORY);
}

int sys_cgroup_open(const char *path)
{
	_cleanup_close_ int mount = open_mount();

	return mount < 0 ? mount : open_below(mount, path);
}

int sys_cgroup_open_below(int fd, const char *path)
{
	return open_below(fd, path);
}

/* The line "0::/path" of a file like /proc/self/cgroup; the path, in the arena, or NULL. */
static int read_path(struct arena *a, int proc_fd, const char *file, const char **ret, struct err *e)
{
	_cleanup_close_ int fd = openat(proc_fd, file, O_RDONLY | O_CLOEXEC);
	char *text, *line, *save = NULL;
	int r;

	*ret = NULL;
	if (fd < 0)
		return err_sys(e, errno, "open /proc/%s", file);
	r = io_read_fd(a, fd, file, 256 * 1024, &text, NULL, e);
	if (r < 0)
		return r;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strncmp(line, "0::/", 4) == 0)
			*ret = line + 3;
	return 0;
}

/*
 * The cgroup2 mount's own root, as mountinfo has it: without a cgroup namespace a container sees the host's path of its
 * cgroup, but has only that part mounted. NULL if there is none, or too much text.
 */
static char *mount_root(struct arena *a, int proc_fd)
{
	_cleanup_close_ int fd = openat(proc_fd, "self/mountinfo", O_RDONLY | O_CLOEXEC);
	char *text, *line, *save = NULL;
	struct err ignored;

	if (fd < 0 || io_read_fd(a, fd, "mountinfo", 16 * 1024 * 1024, &text, NULL, &ignored) < 0)
		return NULL;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char root[PATH_MAX];

		if (strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %4095s", root) == 1)
			return arena_strdup(a, root);
	}
	return NULL;
}

int sys_cgroup_own(struct arena *a, int proc_fd, const char **ret, struct err *e)
{
	_cleanup_close_ int mount = open_mount(), dir = -1;
	const char *own;
	char *root;
	size_t len;
	int r;

	*ret = NULL;
	if (mount < 0)
		return 0;
	r = read_path(a, proc_fd, "self/cgroup", &own, e);
	if (r < 0 || !own)
		return r;
	dir = open_below(mount, own);
	if (dir >= 0) {
		*ret = own;
		return 0;
	}
	root = mount_root(a, proc_fd);
	len = root ? strlen(root) : 0;
	if (len > 1 && strncmp(own, root, len) == 0 && (own[len] == '/' || own[len] == 0))
		*ret = own[len] ? own + len : "/";
	return 0;
}

int sys_cgroup_of(struct arena *a, int proc_fd, pid_t pid, const char **ret, struct err *e)
{
	char file[32];

	snprintf(file, sizeof file, "%ld/cgroup", (long)pid);
	return read_path(a, proc_fd, file, ret, e);
}

/* One step down. Parents that we make are noted as such, so that they can be removed again. */
static int make_step(int parent, const char *name, bool last, bool *ret_made)
{
	int fd;

	*ret_made = mkdirat(parent, name, 0755) == 0;
	if (!*ret_made && errno != EEXIST)
		return -errno;
	fd = sys_open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 && *ret_made)
		unlinkat(parent, name, AT_REMOVEDIR);
	if (fd >= 0 && *ret_made && !last)
		sys_cgroup_mark(fd, PARENT);
	return fd;
}

static int make_path(char *path, bool *ret_made)
{
	_cleanup_close_ int fd = open_mount();
	char *save = NULL, *name, *next;

	*ret_made = false;
	if (fd < 0)
		return fd;
	for (name = strtok_r(path, "/", &save); name; name = next) {
		int child;

		next = strtok_r(NULL, "/", &save);
		child = make_step(fd, name, !next, ret_made);
		if (child < 0)
			return child;
		close(fd);
		fd = child;
	}
	return take_fd(&fd);
}

int sys_cgroup_make(const char *path, bool *ret_made)
{
	int fd = -ENOENT;

	/* A parent may go away under our hands, when the last container below it does. */
	for (int tries = 0; tries < 10 && fd == -ENOENT; tries++) {
		_cleanup_free_ char *copy = strdup(path);

		fd = copy ? make_path(copy, ret_made) : -ENOMEM;
	}
	return fd;
}

int sys_cgroup_mark(int fd, const char *text)
{
	int r;

	/* That of a user's container. */
	if (fgetxattr(fd, USER_MARK, NULL, 0) >= 0)
		return -EEXIST;
	r = sys_result(fsetxattr(fd, MARK, text, strlen(text), XATTR_CREATE));
	return r == -EPERM ? sys_result(fsetxattr(fd, USER_MARK, text, strlen(text), XATTR_CREATE)) : r;
}

int sys_cgroup_read_mark(int fd, char *buf, size_t size)
{
	ssize_t n = fgetxattr(fd, MARK, buf, size - 1);

	if (n < 0 && (errno == ENODATA || errno == EPERM))
		n = fgetxattr(fd, USER_MARK, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = 0;
	return 0;
}

bool sys_cgroup_may_enter(int fd)
{
	return faccessat(fd, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

int sys_cgroup_write(int fd, const char *file, const char *value)
{
	_cleanup_close_ int f = openat(fd, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return f < 0 ? -errno : io_write_all(f, value, strlen(value));
}

int sys_cgroup_read(int fd, const char *file, char *buf, size_t size)
{
	_cleanup_close_ int f = openat(fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = f < 0 ? -errno : io_read_full(f, buf, size - 1);

	if (n < 0)
		return (int)n;
	buf[n] = 0;
	return 0;
}

int sys_cgroup_read_flag(int mount, const char *path, const char *file)
{
	char name[PATH_MAX], flag;
	ssize_t n;

	if (snprintf(name, sizeof name, "%s/%s", path, file) >= (int)sizeof name)
		return -ENAMETOOLONG;
	path = name + strspn(name, "/");
	_cleanup_close_ int f = sys_open_beneath(mount, path, O_RDONLY);
	n = f < 0 ? f : io_read_full(f, &flag, 1);
	return n < 0 ? (int)n : n == 1 && flag == '1';
}

/* key: "populated " or "frozen ". */
static int parse_event(const char *events, const char *key)
{
	const char *found = strstr(events, key);

	return found ? found[strlen(key)] == '1' : -EBADMSG;
}

int sys_cgroup_populated(int fd)
{
	char events[256];
	int r = sys_cgroup_read(fd, "cgroup.events", events, sizeof events);

	return r < 0 ? r : parse_event(events, "populated ");
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int wait_event(int fd, const char *key, int wanted, int timeout_ms)
{
	_cleanup_close_ int events = openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t end = now_ms() + timeout_ms;

	if (events < 0)
		return -errno;
	for (;;) {
		struct pollfd changed = { .fd = events, .events = POLLPRI };
		char text[256];
		ssize_t n = pread(events, text, sizeof text - 1, 0);
		int64_t left = end - now_ms();
		int now;

		if (n < 0)
			return -errno;
		text[n] = 0;
		now = parse_event(text, key);
		if (now < 0 || now == wanted)
			return now < 0 ? now : 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&changed, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

int sys_cgroup_wait_empty(int fd, int timeout_ms)
{
	return wait_event(fd, "populated ", 0, timeout_ms);
}

int sys_cgroup_wait_frozen(int fd, bool frozen, int timeout_ms)
{
	return wait_event(fd, "frozen ", frozen, timeout_ms);
}

static int visit_procs(int fd, int (*visit)(pid_t pid, void *data), void *data)
{
	int file = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	_cleanup_fclose_ FILE *f = file < 0 ? NULL : fdopen(file, "re");
	long pid;
	int r = 0;

	if (!f)
		return -errno;
	/* EOPNOTSUPP: a threaded cgroup, whose processes are listed further up. */
	while (r == 0 && fscanf(f, "%ld", &pid) == 1)
		if (pid > 0)
			r = visit((pid_t)pid, data);
	return r;
}

/* A stream over the directory fd, which stays the caller's. */
static DIR *open_stream(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d && copy >= 0)
		close(copy);
	return d;
}

/* The next directory in the stream, NULL at its end. */
static const char *next_child(DIR *d)
{
	struct dirent *entry;

	while ((entry = readdir(d)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			return entry->d_name;
	return NULL;
}

static int each_pid(int fd, int depth, int (*visit)(pid_t pid, void *data), void *data)
{
	_cleanup_closedir_ DIR *d = open_stream(fd);
	const char *name;
	int r;

	if (!d)
		return -errno;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	r = visit_procs(fd, visit, data);
	while (r == 0 && (name = next_child(d))) {
		_cleanup_close_ int child = sys_open_beneath(fd, name, O_RDONLY | O_DIRECTORY);

		if (child >= 0)
			r = each_pid(child, depth + 1, visit, data);
		else if (child != -ENOENT)
			r = child;
	}
	return r;
}

int sys_cgroup_each_pid(int fd, int (*visit)(pid_t pid, void *data), void *data)
{
	return each_pid(fd, 0, visit, data);
}

static int remove_below(int parent, const char *name, int depth)
{
	_cleanup_close_ int fd = -1;
	_cleanup_closedir_ DIR *d = NULL;
	const char *child;
	int r = 0;

	/* Mostly there is nothing below it. */
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY)
		return -errno;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	fd = sys_open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT)
		return 0;
	d = fd < 0 ? NULL : open_stream(fd);
	if (!d)
		return fd < 0 ? fd : -errno;
	while (r == 0 && (child = next_child(d)))
		r = remove_below(fd, child, depth + 1);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

static int open_parent(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *parent = slash ? strndup(path, (size_t)(slash - path)) : NULL;

	if (!slash || !slash[1])
		return -EINVAL;
	*ret_name = slash + 1;
	return parent ? sys_cgroup_open(parent) : -ENOMEM;
}

/* The parents of a cgroup that was removed, as far as they are empty and were made for such as it. */
static void remove_parents(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	char *slash;

	while (copy && (slash = strrchr(copy, '/')) && slash != copy) {
		_cleanup_close_ int fd = -1, parent = -1;
		char mark[sizeof PARENT + 1];
		const char *name;

		*slash = 0;
		fd = sys_cgroup_open(copy);
		if (fd < 0 || sys_cgroup_read_mark(fd, mark, sizeof mark) < 0 || strcmp(mark, PARENT) != 0)
			return;
		parent = open_parent(copy, &name);
		if (parent < 0 || unlinkat(parent, name, AT_REMOVEDIR) < 0)
			return;
	}
}

int sys_cgroup_remove(const char *path, bool recursive)
{
	const char *name;
	_cleanup_close_ int parent = open_parent(path, &name);
	int r;

	if (parent == -ENOENT || parent == -ENODEV)
		return 0;
	if (parent < 0)
		return parent;
	if (recursive)
		r = remove_below(parent, name, 0);
	else
		r = unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
	if (r == 0)
		remove_parents(path);
	return r;
}
