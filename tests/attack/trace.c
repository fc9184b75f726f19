/*
 * Plays the attacker of CVE-2016-9962: with all capabilities in a user namespace that the next container joins, and in
 * its pid namespace, it tries to get at every process that is not the container's own program yet. Prints "seen N", and
 * WORKED for what it got hold of. Arguments: the file name of the runtime's program's processes, seconds.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int seen;

/* A process is the runtime's as long as its name is; we look again after the attack, since it may have gone on. */
static int is_named(const char *pid, const char *name)
{
	char path[300], comm[64] = "";
	int fd;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return 0;
	if (read(fd, comm, sizeof comm - 1) < 0)
		comm[0] = '\0';
	close(fd);
	return strncmp(comm, name, strlen(name)) == 0;
}

static int try_open(const char *pid, const char *what, int flags)
{
	char path[300];

	snprintf(path, sizeof path, "/proc/%s/%s", pid, what);
	return open(path, flags);
}

static void attack(const char *pid, const char *name)
{
	static const char *const things[] = { "root", "cwd", "exe", "ns/mnt", "fd/3", "fd/4", "fd/5", "fd/6", "fd/7" };

	for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
		int fd = try_open(pid, things[i], O_RDONLY);

		if (fd >= 0 && is_named(pid, name))
			printf("WORKED %s\n", things[i]);
		if (fd >= 0)
			close(fd);
	}
	int mem = try_open(pid, "mem", O_RDWR);
	if (mem >= 0 && is_named(pid, name))
		printf("WORKED mem\n");
	if (mem >= 0)
		close(mem);
	if (ptrace(PTRACE_SEIZE, atoi(pid), NULL, NULL) == 0) {
		if (is_named(pid, name))
			printf("WORKED ptrace\n");
		if (ptrace(PTRACE_INTERRUPT, atoi(pid), NULL, NULL) == 0)
			waitpid(atoi(pid), NULL, __WALL);
		ptrace(PTRACE_DETACH, atoi(pid), NULL, NULL);
	}
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
	for (int n = 3; pidfd >= 0 && n < 12; n++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);

		if (fd >= 0 && is_named(pid, name))
			printf("WORKED pidfd_getfd %d\n", n);
		if (fd >= 0)
			close(fd);
	}
	if (pidfd >= 0)
		close(pidfd);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc == 3 ? atoi(argv[2]) : 0);

	while (argc == 3 && time(NULL) <= end) {
		DIR *d = opendir("/proc");
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid() &&
			    is_named(entry->d_name, argv[1])) {
				seen++;
				attack(entry->d_name, argv[1]);
			}
		if (d)
			closedir(d);
	}
	printf("seen %d\n", seen);
	return 0;
}
