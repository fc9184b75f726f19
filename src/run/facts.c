/* Why: plan/ is pure, so what it must know of the host is read here, once. */
#include "run/facts.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/cgroup.h"
#include "sys/creds.h"
#include "sys/path.h"

/* PROC_USER_INIT_INO of the kernel: the inode number that the first user namespace has on every boot. */
enum { INITIAL_USERNS_INODE = 0xEFFFFFFDu };

static int read_text(struct arena *a, int proc_fd, const char *path, char **ret, struct err *e)
{
	_cleanup_close_ int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "open /proc/%s", path);
	return io_read_fd(a, fd, path, 64 * 1024, ret, NULL, e);
}

/* As libapparmor and libselinux find it out. Where /sys is not to be seen, neither can be used. */
static bool has_apparmor(void)
{
	_cleanup_close_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char answer;

	return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

static bool has_selinux(void)
{
	_cleanup_close_ int fd = open("/sys/fs/selinux", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && sys_fs_type(fd) == SELINUX_MAGIC;
}

static int read_caller(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e)
{
	struct plan_facts f = {
		.euid = geteuid(), .egid = getegid(), .apparmor = has_apparmor(), .selinux = has_selinux(),
	};
	unsigned known_caps;
	struct sys_caps caps;
	struct stat st;
	char *text;
	int r;

	r = sys_caps_get(&caps);
	if (r < 0)
		return err_sys(e, -r, "read the caller's capabilities");
	f.privileged = caps.effective & (UINT64_C(1) << CAP_SYS_ADMIN);
	if (fstatat(proc_fd, "self/ns/user", &st, 0) < 0)
		return err_sys(e, errno, "look at /proc/self/ns/user (does this kernel have user namespaces?)");
	f.initial_userns = st.st_ino == INITIAL_USERNS_INODE;
	/* user_namespaces(7): in the initial one it can never be denied. */
	if (!f.initial_userns) {
		r = read_text(a, proc_fd, "self/setgroups", &text, e);
		if (r < 0)
			return r;
		f.setgroups_denied = strncmp(text, "deny", 4) == 0;
	}
	r = sys_bounding_get(&f.bounding, &known_caps);
	if (r < 0)
		return err_sys(e, -r, "read the capability bounding set");
	f.last_cap = known_caps - 1;
	*ret = f;
	return 0;
}

int facts_read(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e)
{
	int r = read_caller(a, proc_fd, ret, e);

	return r < 0 ? r : sys_cgroup_own(a, proc_fd, &ret->own_cgroup, e);
}

/* The lines of /proc/cgroups are "name hierarchy count enabled"; hierarchy 0 is version 2, or none (cgroups(7)). */
static const char *v1_controllers(struct arena *a, const char *text)
{
	const char *list = "";

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		char name[64];
		unsigned hierarchy;

		if (sscanf(line, "%63s %u", name, &hierarchy) == 2 && hierarchy != 0)
			list = arena_printf(a, "%s%s%s", list, *list ? " " : "", name);
		if (!list)
			return NULL;
	}
	return list;
}

int facts_read_controllers(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e)
{
	_cleanup_close_ int root = sys_cgroup_open("/");
	char list[512], *text;
	int r = root < 0 ? root : sys_cgroup_read(root, "cgroup.controllers", list, sizeof list);

	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return err_sys(e, -r, "look at the controllers of the cgroup2 file system");
	list[strcspn(list, "\n")] = '\0';
	ret->controllers = arena_strdup(a, list);
	/* Gone from kernels that are built without version 1. */
	if (read_text(a, proc_fd, "cgroups", &text, e) == 0)
		ret->v1_controllers = v1_controllers(a, text);
	return ret->controllers ? 0 : err_oom(e);
}

/* Which namespaces of a process are not ours. Entering our own would fail, or undo what its user namespace is for. */
static int read_entered(int proc_fd, pid_t pid, uint64_t *ret, struct err *e)
{
	static const struct { const char *name; uint64_t flag;
	} namespaces[] = {
		{ "user", CLONE_NEWUSER },     { "mnt", CLONE_NEWNS },    { "pid", CLONE_NEWPID },
		{ "net", CLONE_NEWNET },       { "ipc", CLONE_NEWIPC },   { "uts", CLONE_NEWUTS },
		{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },
	};

	*ret = 0;
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
		struct stat ours, theirs;
		char path[64];

		snprintf(path, sizeof path, "self/ns/%s", namespaces[i].name);
		/* A kernel without that kind has nothing to enter. */
		if (fstatat(proc_fd, path, &ours, 0) < 0)
			continue;
		snprintf(path, sizeof path, "%ld/ns/%s", (long)pid, namespaces[i].name);
		if (fstatat(proc_fd, path, &theirs, 0) < 0)
			return err_sys(e, errno, "look at the namespaces of process %ld", (long)pid);
		if (ours.st_ino != theirs.st_ino || ours.st_dev != theirs.st_dev)
			*ret |= namespaces[i].flag;
	}
	return 0;
}

/* Whether a map of ids, as in /proc/PID/uid_map, has the id 0. */
static bool maps_root(const char *map)
{
	for (const char *line = map; *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : "")
		if (strtoul(line, NULL, 10) == 0 && line[strspn(line, " ")] == '0')
			return true;
	return false;
}

int facts_read_exec(struct arena *a, int proc_fd, pid_t pid, struct plan_facts *ret, struct err *e)
{
	char path[64], *uids, *gids, *setgroups;
	int r = read_caller(a, proc_fd, ret, e);

	if (r == 0)
		r = read_entered(proc_fd, pid, &ret->entered, e);
	if (r < 0 || !(ret->entered & CLONE_NEWUSER))
		return r;
	snprintf(path, sizeof path, "%ld/uid_map", (long)pid);
	r = read_text(a, proc_fd, path, &uids, e);
	snprintf(path, sizeof path, "%ld/gid_map", (long)pid);
	if (r == 0)
		r = read_text(a, proc_fd, path, &gids, e);
	snprintf(path, sizeof path, "%ld/setgroups", (long)pid);
	if (r == 0)
		r = read_text(a, proc_fd, path, &setgroups, e);
	if (r < 0)
		return r;
	ret->root_mapped = maps_root(uids) && maps_root(gids);
	ret->setgroups_denied = strncmp(setgroups, "deny", 4) == 0;
	return 0;
}
