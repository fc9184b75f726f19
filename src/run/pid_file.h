/* The file in which engines look for a process id (--pid-file). Private to run/. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/* Atomically: an engine that waits for the file finds it whole. */
int pid_file_write(const char *path, pid_t pid, struct err *e);
