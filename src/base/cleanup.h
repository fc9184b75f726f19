/*
 * Cleanup attributes for what the arena cannot own: descriptors, FILEs and heap memory. A cleanup keeps errno.
 * Hand a descriptor over with take_fd, so that exactly one owner closes it.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void close_file(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}

static inline void close_dir(DIR **d)
{
	int saved = errno;

	if (*d)
		closedir(*d);
	errno = saved;
}

static inline void free_mem(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}

/* The descriptor, which the variable no longer owns. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define _cleanup_close_ __attribute__((cleanup(close_fd)))
#define _cleanup_fclose_ __attribute__((cleanup(close_file)))
#define _cleanup_closedir_ __attribute__((cleanup(close_dir)))
#define _cleanup_free_ __attribute__((cleanup(free_mem)))
