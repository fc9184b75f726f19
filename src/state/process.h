/*
 * Is the process that a record names still that process? A pid may have been given to another one since, its start time
 * may not. proc_fd is a descriptor of the procfs mount's root, opened and checked by the caller.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * When pid was started: clock ticks since boot, field 22 of /proc/PID/stat (proc_pid_stat(5)).
 * -ESRCH: there is no such process, or it has ended and only waits to be reaped.
 */
int state_process_start_time(int proc_fd, pid_t pid, uint64_t *ret, struct err *e);

/*
 * Tells whether pid lives and was started at that time. Fails if that cannot be found out: a container whose process
 * only seems to be dead must not be taken for stopped.
 */
int state_process_alive(int proc_fd, pid_t pid, uint64_t start_time, bool *ret, struct err *e);
