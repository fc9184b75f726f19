/* A fake of /proc: a directory of the test, in which we are process 42. What was written stays in its files. */
#pragma once

#include "tests/unit/unit.h"

#include <fcntl.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "sys/path.h"

static struct apply ctx;
static struct err err;
static char proc_path[256];
static const char *proc_failing;  /* writing or reading this path fails ... */
static int proc_failure;          /* ... with this */

/* What is opened is inside, and nothing but a path of a file of a process or of sys/. */
int sys_open_beneath(int dir, const char *path, int flags)
{
	assert_int_equal(dir, ctx.proc_fd);
	assert_true(path[0] != '/' && !strstr(path, ".."));
	if (proc_failing && strcmp(proc_failing, path) == 0)
		return proc_failure;
	int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

static inline void proc_file(const char *path, const char *text)
{
	char full[600];
	int fd;

	snprintf(full, sizeof full, "%s/%s", proc_path, path);
	for (char *slash = strchr(full + strlen(proc_path) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(full, 0755) < 0)
			assert_int_equal(errno, EEXIST);
		*slash = '/';
	}
	fd = open(full, O_CREAT | O_WRONLY | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline const char *proc_text(const char *path)
{
	static char text[512];
	int fd = openat(ctx.proc_fd, path, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof text - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static inline int proc_set_up(void)
{
	char link[300];

	assert_in_range(snprintf(proc_path, sizeof proc_path, "%.255s", unit_temp_dir()), 1, 200);
	snprintf(link, sizeof link, "%s/self", proc_path);
	proc_failing = NULL;
	err = (struct err){ 0 };
	ctx = (struct apply){ .arena = arena_new(), .proc_fd = open(proc_path, O_PATH | O_DIRECTORY | O_CLOEXEC),
		.cgroup_fd = -1 };
	return symlink("42", link);
}

static inline void proc_tear_down(void)
{
	close_fd(&ctx.proc_fd);
	arena_free(ctx.arena);
	unit_remove_tree(proc_path);
}
