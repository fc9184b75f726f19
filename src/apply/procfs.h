/* Reads and writes below /proc through the checked handle of struct apply. 0 or -errno, without a message. */
#pragma once

#include "apply/apply.h"

int procfs_write(struct apply *ctx, const char *path, const char *text);
int procfs_write_pid(struct apply *ctx, pid_t pid, const char *name, const char *text);
int procfs_write_self(struct apply *ctx, const char *name, const char *text);
/* The beginning of a file of our own, NUL-terminated. */
int procfs_read_self(struct apply *ctx, const char *name, char *buf, size_t size);
