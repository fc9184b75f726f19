/*
 * The floor: what a container's start costs when nothing but the kernel's work is done. It carries out, in order, a
 * flat list of steps that tests/bench/run writes from a bundle's config.json (floor.jq) before any time is taken, and
 * so makes the same processes, namespaces and mounts as `cloister run` does, and executes the same program. It checks
 * nothing but that each step succeeded, records nothing, parses no JSON. Keep it in step with src/plan.
 *
 *   floor STEPS        one step a line: a word and its arguments, separated by tabs
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* <sys/mount.h> and <linux/mount.h> do not go together in every libc. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);
enum { UMOUNT_DETACH = 2, MAX_ARGS = 64 };

static char steps[1 << 20];
static int group_fd = -1, mask_fd = -1;
static unsigned long init_parent_flag;

static void check(long result, char **arg)
{
	if (result >= 0)
		return;
	fprintf(stderr, "floor: %s %s %s: %s\n", arg[0], arg[1] ? arg[1] : "", arg[1] && arg[2] ? arg[2] : "",
		strerror(errno));
	_exit(1);
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	close(fd);
	return n < 0 ? -1 : 0;
}

/* One id: the caller's own becomes the id that it has now. */
static int map_ids(uid_t from_uid, gid_t from_gid, const char *to)
{
	char text[64];
	int ret = write_file("/proc/self/setgroups", "deny");

	snprintf(text, sizeof text, "%s %u 1", to, from_uid);
	ret |= write_file("/proc/self/uid_map", text);
	snprintf(text, sizeof text, "%s %u 1", to, from_gid);
	ret |= write_file("/proc/self/gid_map", text);
	return ret;
}

static pid_t clone_with(unsigned long flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD };

	return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

static int wait_for_all(void)
{
	int status, last = 1;

	while (wait(&status) > 0)
		last = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	return last;
}

static int tree_clone(const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

static int tree_attach(int fd, int dir, const char *path)
{
	return (int)syscall(SYS_move_mount, fd, "", dir, path, MOVE_MOUNT_F_EMPTY_PATH);
}

static int set_attributes(const char *path, uint64_t set, unsigned flags)
{
	struct mount_attr attr = { .attr_set = set };

	return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attr, sizeof attr);
}

static int bind_to(const char *source, int dir, const char *path, unsigned flags)
{
	int fd = tree_clone(source, flags), ret;

	if (fd < 0)
		return -1;
	ret = tree_attach(fd, dir, path);
	close(fd);
	return ret;
}

/* outer TO: a process in a user and a mount namespace of its own carries out what follows, up to `init`. */
static int step_outer(char **arg)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid = clone_with(CLONE_NEWUSER | CLONE_NEWNS);

	if (pid > 0)
		_exit(wait_for_all());
	init_parent_flag = CLONE_PARENT;
	return pid < 0 ? -1 : map_ids(uid, gid, arg[1]);
}

/* init FLAGS TO: the container's first process carries out what follows. */
static int step_init(char **arg)
{
	unsigned long flags = strtoul(arg[1], NULL, 0);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	pid_t pid = clone_with(flags | init_parent_flag);

	if (pid > 0)
		_exit(init_parent_flag ? 0 : wait_for_all());
	if (pid < 0)
		return -1;
	return flags & CLONE_NEWUSER ? map_ids(uid, gid, arg[2]) : 0;
}

/* private: no mount made here is seen elsewhere */
static int step_private(char **arg)
{
	(void)arg;
	return mount(NULL, "/", NULL, 1 << 14 /* MS_REC */ | 1 << 18 /* MS_PRIVATE */, NULL);
}

/* group DIR: what is bound next lies directly below; DIR becomes a mount of its own */
static int step_group(char **arg)
{
	if (bind_to(arg[1], AT_FDCWD, arg[1], 0) < 0)
		return -1;
	group_fd = open(arg[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	return group_fd;
}

/* member SOURCE NAME: bound into the group */
static int step_member(char **arg)
{
	return bind_to(arg[1], group_fd, arg[2], 0);
}

/* seal DIR ATTRIBUTES: the group gets them all at once */
static int step_seal(char **arg)
{
	return set_attributes(arg[1], strtoul(arg[2], NULL, 0), AT_RECURSIVE);
}

/* bind SOURCE DEST ATTRIBUTES */
static int step_bind(char **arg)
{
	uint64_t attributes = strtoul(arg[3], NULL, 0);
	int ret = bind_to(arg[1], AT_FDCWD, arg[2], 0);

	return ret == 0 && attributes ? set_attributes(arg[2], attributes, 0) : ret;
}

static int step_cd(char **arg)
{
	return chdir(arg[1]);
}

/* root DIR: a copy of the tree there, mounted over it, becomes the working directory */
static int step_root(char **arg)
{
	int fd = tree_clone(arg[1], AT_RECURSIVE);

	return fd < 0 || tree_attach(fd, AT_FDCWD, arg[1]) < 0 ? -1 : fchdir(fd);
}

/* mount TYPE DEST FLAGS DATA */
static int step_mount(char **arg)
{
	return mount(arg[1], arg[2], arg[1], strtoul(arg[3], NULL, 0), arg[4]);
}

/* device HOST-PATH DEST */
static int step_device(char **arg)
{
	int fd = open(arg[2], O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0)
		return -1;
	close(fd);
	return bind_to(arg[1], AT_FDCWD, arg[2], 0);
}

static int step_symlink(char **arg)
{
	return symlink(arg[1], arg[2]);
}

static int step_mkdir(char **arg)
{
	return mkdir(arg[1], 0755);
}

/* mask PATH: an empty directory or file over it, where it exists; directories share one mount's file system */
static int step_mask(char **arg)
{
	struct stat st;
	int ret;

	if (stat(arg[1], &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return bind_to("/dev/null", AT_FDCWD, arg[1], 0);
	if (mask_fd >= 0) {
		int fd = (int)syscall(SYS_open_tree, mask_fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

		if (fd < 0)
			return -1;
		ret = tree_attach(fd, AT_FDCWD, arg[1]);
		close(fd);
		return ret;
	}
	ret = mount("tmpfs", arg[1], "tmpfs", 1 /* MS_RDONLY */, "size=0k");
	mask_fd = open(arg[1], O_PATH | O_CLOEXEC);
	return ret;
}

/* freeze PATH: read-only, where it exists */
static int step_freeze(char **arg)
{
	if (bind_to(arg[1], AT_FDCWD, arg[1], AT_RECURSIVE) < 0)
		return errno == ENOENT ? 0 : -1;
	return set_attributes(arg[1], MOUNT_ATTR_RDONLY, 0);
}

static int step_readonly(char **arg)
{
	(void)arg;
	return set_attributes(".", MOUNT_ATTR_RDONLY, 0);
}

static int step_pivot(char **arg)
{
	(void)arg;
	return syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", UMOUNT_DETACH) < 0 ? -1 : chdir("/");
}

static int step_loopback(char **arg)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret;

	(void)arg;
	ret = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return ret;
}

static int step_hostname(char **arg)
{
	return sethostname(arg[1], strlen(arg[1]));
}

static int step_exec(char **arg)
{
	char *none[] = { NULL };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return execve(arg[1], arg + 1, none);
}

static const struct {
	const char *name;
	int (*run)(char **arg);
} known[] = {
	{ "member", step_member }, { "outer", step_outer }, { "init", step_init }, { "private", step_private },
	{ "group", step_group }, { "seal", step_seal }, { "bind", step_bind }, { "cd", step_cd },
	{ "root", step_root }, { "mount", step_mount }, { "device", step_device }, { "symlink", step_symlink },
	{ "mkdir", step_mkdir }, { "mask", step_mask }, { "freeze", step_freeze }, { "readonly", step_readonly },
	{ "pivot", step_pivot }, { "loopback", step_loopback }, { "hostname", step_hostname }, { "exec", step_exec },
};

static void run_step(char *line)
{
	char *arg[MAX_ARGS + 1] = { line };

	for (size_t n = 1; n < MAX_ARGS && (line = strchr(line, '\t')); n++) {
		*line++ = 0;
		arg[n] = line;
	}
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].name, arg[0]) == 0) {
			check(known[i].run(arg), arg);
			return;
		}
	}
	errno = ENOSYS;
	check(-1, arg);
}

int main(int argc, char **argv)
{
	char *name[] = { argv[0], argc == 2 ? argv[1] : NULL, NULL };
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = read(fd, steps, sizeof steps - 1);

	check(n, name);
	close(fd);
	for (char *line = steps, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		run_step(line);
	}
	fprintf(stderr, "floor: the steps end without exec\n");
	return 1;
}
