/* Running a bundle with `cloister`: its output, its limits, and that nothing of it is left. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct build_run {
	const char *cloister;     /* the program */
	const char *work;         /* a folder of our own: the runtime's state and messages go there */
	const char *bundle;       /* absolute */
	int log_fd;               /* where the builder's output is written; -1: nowhere */
	bool terminal;            /* the builder's output is a terminal, as Nix has it, else a pipe */
	bool own_output;          /* the builder has our own standard output and error; then none of the rest counts */
	unsigned timeout;         /* seconds; 0: none */
	unsigned max_silent;      /* seconds without output; 0: none */
	uint64_t max_log;         /* bytes of output; 0: no limit */
	/* Each line of output, without its end and cut at 1000 bytes. */
	void (*line)(void *data, const char *line);
	void *data;
};

/*
 * Runs it to its end. *ret_status: the builder's exit status, 128 + N for signal N. Whatever the outcome, no process of
 * it is left when this returns.
 *
 * -ETIMEDOUT, -EFBIG: it went past a limit and was killed. -EINTR: SIGTERM, SIGINT or SIGHUP came. Those and SIGCHLD
 * must be blocked. Anything else: the runtime could not start it, in the runtime's own words.
 */
int build_run(const struct build_run *run, int *ret_status, struct err *e);

/* Kills and removes what a process left that was killed itself while it ran a bundle with that folder. */
void build_run_clean(const char *cloister, const char *work);
