/* Whole reads and writes. All functions restart after EINTR, and all descriptors made here are close-on-exec. */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/*
 * Opens /dev/null as each of the descriptors 0-2 that the caller closed: the next file opened would get its number, and
 * then be printed into.
 */
int io_fill_standard_streams(struct err *e);

/* Writes all of it. Returns 0 or -errno (no message: the caller knows what it was writing to). */
int io_write_all(int fd, const void *bytes, size_t len);
/* Reads until len bytes or the end of file. Returns the count or -errno. */
ssize_t io_read_full(int fd, void *buf, size_t len);

/*
 * The whole content of a regular file or pipe, NUL-terminated, in the arena; *ret_len without the NUL (ret_len may be
 * NULL). More than max bytes is -EFBIG. `name` is for messages only.
 */
int io_read_fd(struct arena *a, int fd, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e);
/* The same for a path below dirfd (AT_FDCWD for none). A fifo or device is refused, never waited for. */
int io_read_file(struct arena *a, int dirfd, const char *path, size_t max, char **ret, size_t *ret_len, struct err *e);

/*
 * Replaces dirfd/name atomically: a temporary file in the same directory, renamed over the old one. After a kill at
 * any moment the old or the new content is there, whole. The temporary is ".NAME.tmp", so that a killed writer's
 * leavings are known by name.
 */
int io_write_file_atomic(int dirfd, const char *name, const void *bytes, size_t len, mode_t mode, struct err *e);

/* Makes a folder and those above it where they are missing (mode 0755, less the umask). 0 also if it is there. */
int io_make_folders(const char *path, struct err *e);
