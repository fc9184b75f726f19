/* A command in the foreground: it stands for the process that it started. Private to run/. */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "base/err.h"
#include "plan/plan.h"

/* Blocks all signals, so that none ends us while the process runs: they are its. To be called before it is made. */
void follow_block_signals(sigset_t *ret_old);

/*
 * Where the config does not say, the terminal of the plan is as large as the caller's, from the beginning; and if our
 * output is none, it leaves line ends alone.
 */
void follow_fit_terminal(struct plan *p);

/*
 * Hands signals on to our child, and with a terminal (console: where it arrives, else -1) bytes in both directions,
 * until it has ended. *ret_status: its exit status, 128 + N for signal N. It has been reaped when this succeeds.
 */
int follow_process(pid_t pid, int pidfd, int console, int *ret_status, struct err *e);
