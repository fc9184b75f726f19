/* The user's own terminal, connected to the container's: `run` and `exec --tty` in the foreground. */
#pragma once

#include "base/err.h"

/*
 * Takes the container's terminal off our end of the socket whose other end served as console socket, with what init has
 * sent. *ret_master is the caller's.
 */
int terminal_receive(int sock, int *ret_master, struct err *e);

/*
 * Carries bytes, the window size and signals between the standard streams and the container, until its process has
 * ended and its output is written. The user's terminal is raw meanwhile, and as it was afterwards. Does not reap
 * the process.
 */
int terminal_relay(int master, int init_pidfd, struct err *e);
