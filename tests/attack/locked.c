/*
 * Plays the attacker on locked mounts (mount_namespaces(7)): run with all capabilities of a user namespace, it tries
 * everything that would change a store path or uncover what its mount hides. One line per attack that worked; the
 * last line counts what was tried. Arguments: the store's directory, a store path that is a directory with a file "f"
 * in it, one that is a regular file, and a directory to play in.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static const char *store, *dir, *file, *play, *where = "inside";
static int tried;

/* The attack has worked if it did not fail. */
static void must_fail(const char *what, const char *on, long result)
{
	tried++;
	if (result >= 0)
		printf("WORKED %s: %s %s\n", where, what, on);
}

static const char *in(const char *base, const char *name)
{
	static char buf[8][4096];
	static int next;

	next = (next + 1) % 8;
	snprintf(buf[next], sizeof buf[next], "%s/%s", base, name);
	return buf[next];
}

static long setattr(int fd, const char *path, unsigned flags, unsigned long clear)
{
	struct mount_attr a = { .attr_clr = clear };

	return syscall(SYS_mount_setattr, fd, path, flags, &a, sizeof a);
}

static void write_attempts(const char *path, const char *existing)
{
	struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

	must_fail("open for writing", existing, open(existing, O_WRONLY));
	must_fail("open for reading and writing", existing, open(existing, O_RDWR));
	must_fail("truncate", existing, truncate(existing, 0));
	must_fail("chmod", existing, chmod(existing, 0777));
	must_fail("chmod", path, chmod(path, 0777));
	must_fail("chown", existing, chown(existing, 0, 0));
	must_fail("setxattr", existing, setxattr(existing, "user.x", "1", 1, 0));
	must_fail("removexattr", existing, removexattr(existing, "user.kept"));
	must_fail("utimensat", existing, utimensat(AT_FDCWD, existing, times, 0));
	must_fail("utimensat", path, utimensat(AT_FDCWD, path, times, 0));
}

static void change_attempts(const char *path)
{
	write_attempts(path, in(path, "f"));
	must_fail("create in", path, open(in(path, "new"), O_CREAT | O_WRONLY, 0600));
	must_fail("mkdir in", path, mkdir(in(path, "newdir"), 0700));
	must_fail("symlink in", path, symlink("x", in(path, "newlink")));
	must_fail("unlink in", path, unlink(in(path, "f")));
	must_fail("rename in", path, rename(in(path, "f"), in(path, "g")));
	must_fail("link out of", path, link(in(path, "f"), in(play, "linked")));
}

/* A descriptor opened for reading, opened again through /proc. */
static void reopen_attempt(const char *path)
{
	char again[64];
	int fd = open(path, O_RDONLY);

	snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
	must_fail("reopen for writing", path, open(again, O_WRONLY));
	close(fd);
}

static void remount_attempts(const char *path)
{
	static const struct {
		const char *name;
		unsigned long bit;
	} flags[] = { { "ro", MOUNT_ATTR_RDONLY }, { "nosuid", MOUNT_ATTR_NOSUID }, { "nodev", MOUNT_ATTR_NODEV } };
	int fs;

	must_fail("remount rw", path, mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV, NULL));
	must_fail("remount suid,dev", path, mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	must_fail("remount the file system of", path, mount(NULL, path, NULL, MS_REMOUNT, NULL));
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		must_fail(flags[i].name, path, setattr(AT_FDCWD, path, 0, flags[i].bit));
		must_fail(flags[i].name, "of all below it", setattr(AT_FDCWD, path, AT_RECURSIVE, flags[i].bit));
	}
	fs = (int)syscall(SYS_fspick, AT_FDCWD, path, 0);
	must_fail("fspick and reconfigure", path,
		  fs < 0 ? -1 : syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "rw", NULL, 0) < 0 ? -1 :
		  syscall(SYS_fsconfig, fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
}

static void umount_attempts(const char *path)
{
	must_fail("umount", path, umount2(path, 0));
	must_fail("umount -l", path, umount2(path, MNT_DETACH));
	must_fail("umount -f", path, umount2(path, MNT_FORCE));
}

static void move_attempts(const char *path, const char *to)
{
	must_fail("mount --move", path, mount(path, to, NULL, MS_MOVE, NULL));
	must_fail("move_mount", path, syscall(SYS_move_mount, AT_FDCWD, path, AT_FDCWD, to, 0));
}

/* A copy of the mount may be made; it must be as read-only as the mount itself. */
static void copy_attempts(const char *path, const char *inside, bool recursive, const char *to)
{
	unsigned r = recursive ? AT_RECURSIVE : 0;
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | r);

	tried++;
	if (tree >= 0) {
		must_fail("take ro off a copy of", path, setattr(tree, "", AT_EMPTY_PATH | r, MOUNT_ATTR_RDONLY));
		must_fail("take nosuid off a copy of", path, setattr(tree, "", AT_EMPTY_PATH | r, MOUNT_ATTR_NOSUID));
		must_fail("write in a detached copy of", path, openat(tree, inside, O_WRONLY | O_NOFOLLOW));
		close(tree);
	}
	if (mount(path, to, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL) < 0)
		return;
	must_fail("remount rw a bind of", path, mount(NULL, to, NULL, MS_REMOUNT | MS_BIND, NULL));
	must_fail("take ro off a bind of", path, setattr(AT_FDCWD, to, r, MOUNT_ATTR_RDONLY));
	must_fail("write in a bind of", path, open(*inside ? in(to, inside) : to, O_WRONLY));
	umount2(to, MNT_DETACH);
}

/* A bind of the parent without what is mounted below it would show what those mounts hide. */
static void uncover_attempts(const char *to)
{
	static const char *const parents[] = { "/", "/nix", "/nix/store" };

	for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
		must_fail("copy without its mounts", parents[i],
			  syscall(SYS_open_tree, AT_FDCWD, parents[i], OPEN_TREE_CLONE));
		must_fail("bind without its mounts", parents[i], mount(parents[i], to, NULL, MS_BIND, NULL));
	}
	if (mount(store, to, NULL, MS_BIND | MS_REC, NULL) == 0) {
		must_fail("umount in a bind of the store", to, umount2(in(to, strrchr(dir, '/') + 1), MNT_DETACH));
		must_fail("remount in a bind of the store", to,
			  mount(NULL, in(to, strrchr(dir, '/') + 1), NULL, MS_REMOUNT | MS_BIND, NULL));
		umount2(to, MNT_DETACH);
	}
}

/* With the store path as the root of a mount namespace of its own. */
static void pivot_attempts(void)
{
	if (fork() == 0) {
		where = "after pivot_root";
		if (unshare(CLONE_NEWNS) == 0 && chdir(dir) == 0 && syscall(SYS_pivot_root, ".", ".") == 0) {
			umount2(".", MNT_DETACH);
			must_fail("chdir and remount rw", "/", chdir("/") < 0 ? -1 :
				  mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
			must_fail("take ro off", "/", setattr(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY));
			must_fail("write", "/f", open("/f", O_WRONLY));
		}
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

/* By file handle, through a mount of the same file system that can be written. */
static void handle_attempt(void)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = { .h.handle_bytes = MAX_HANDLE_SZ };
	int id, mount_fd = open("/", O_RDONLY | O_DIRECTORY);

	if (name_to_handle_at(AT_FDCWD, in(dir, "f"), &u.h, &id, 0) == 0)
		must_fail("open by handle", dir, open_by_handle_at(mount_fd, &u.h, O_WRONLY));
	close(mount_fd);
}

static void attack(void)
{
	const char *dir_to = in(play, "to"), *file_to = in(play, "to-file");

	mkdir(dir_to, 0700);
	close(open(file_to, O_CREAT | O_WRONLY, 0600));
	change_attempts(dir);
	write_attempts(file, file);
	reopen_attempt(in(dir, "f"));
	reopen_attempt(file);
	remount_attempts(dir);
	remount_attempts(file);
	umount_attempts(dir);
	umount_attempts(file);
	umount_attempts(store);
	umount_attempts("/nix");
	umount_attempts("/");
	must_fail("take ro off all", "/", setattr(AT_FDCWD, "/", AT_RECURSIVE, MOUNT_ATTR_RDONLY));
	move_attempts(dir, dir_to);
	move_attempts(file, file_to);
	move_attempts(store, dir_to);
	copy_attempts(dir, "f", false, dir_to);
	copy_attempts(dir, "f", true, dir_to);
	copy_attempts(file, "", false, file_to);
	uncover_attempts(dir_to);
	pivot_attempts();
	handle_attempt();
	fflush(stdout);
}

static void in_child(const char *name, int namespaces)
{
	int status;

	fflush(stdout);
	if (fork() == 0) {
		where = name;
		tried = 0;
		if (unshare(namespaces) < 0) {
			printf("%s: unshare: %s\n", name, strerror(errno));
			fflush(stdout);
			_exit(1);
		}
		attack();
		printf("%s: tried %d\n", where, tried);
		fflush(stdout);
		_exit(0);
	}
	wait(&status);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	store = argv[1];
	dir = argv[2];
	file = argv[3];
	play = argv[4];
	attack();
	printf("%s: tried %d\n", where, tried);
	in_child("in a new mount namespace", CLONE_NEWNS);
	in_child("in a nested user namespace", CLONE_NEWUSER | CLONE_NEWNS);
	/* What has happened to the mounts is seen by whoever looks next. */
	FILE *f = fopen("/proc/self/mountinfo", "r");
	char line[4096];
	while (f && fgets(line, sizeof line, f))
		if (strstr(line, " /nix/store"))
			fputs(line, stdout);
	return 0;
}
