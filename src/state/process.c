/* Why: see process.h. A process may call itself anything, ") R 1" too, so the fields are counted from the last ')'. */
#include "state/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { FIELD_STATE = 3, FIELD_NUM_THREADS = 20, FIELD_START_TIME = 22 };

static int read_stat(int proc_fd, pid_t pid, char *buf, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof path, "%d/stat", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	/* The kernel gives the whole line at once. */
	do
		n = read(fd, buf, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* The text of a field after the name, NULL if the line ends before it. Cuts the line, so ask in rising order. */
static char *take_field(char **rest, int *at, int wanted)
{
	char *field = NULL;

	while (*at <= wanted && (field = strsep(rest, " \n")))
		(*at)++;
	return *at > wanted ? field : NULL;
}

/*
 * A first thread that has ended while others live on looks like a zombie too, but then the process still counts more
 * than one thread.
 */
static bool has_ended(const char *state, const char *num_threads)
{
	if (*state == 'X' || *state == 'x')
		return true;
	return *state == 'Z' && strtoul(num_threads, NULL, 10) <= 1;
}

static int parse_stat(char *line, uint64_t *ret)
{
	char *name_end = strrchr(line, ')'), *rest = name_end ? name_end + 1 : line;
	char *state, *num_threads, *start_time;
	unsigned long long ticks;
	int at = FIELD_STATE;

	if (!name_end || *rest != ' ')
		return -EBADMSG;
	rest++;
	state = take_field(&rest, &at, FIELD_STATE);
	num_threads = take_field(&rest, &at, FIELD_NUM_THREADS);
	start_time = take_field(&rest, &at, FIELD_START_TIME);
	if (!state || !num_threads || !start_time || parse_u64(start_time, UINT64_MAX, &ticks) < 0)
		return -EBADMSG;
	if (has_ended(state, num_threads))
		return -ESRCH;
	*ret = ticks;
	return 0;
}

int state_process_start_time(int proc_fd, pid_t pid, uint64_t *ret, struct err *e)
{
	char line[1024];
	int r = pid > 0 ? read_stat(proc_fd, pid, line, sizeof line) : -ESRCH;

	if (r == 0)
		r = parse_stat(line, ret);
	if (r < 0)
		return err_sys(e, -r, "read the start time of process %d", pid);
	return 0;
}

int state_process_alive(int proc_fd, pid_t pid, uint64_t start_time, bool *ret, struct err *e)
{
	uint64_t now = 0;
	int r = state_process_start_time(proc_fd, pid, &now, e);

	if (r < 0 && r != -ESRCH)
		return r;
	*ret = r == 0 && now == start_time;
	return 0;
}
