/* The program criu, as a child that is asked over a socket. Private to run/. */
#pragma once

#include "base/err.h"
#include "plan/criu.h"
#include "run/run.h"

struct criu_job {
	struct run_context *context;
	const struct checkpoint_options *options;
	struct criu_request request;
	int images_fd, work_fd;
	const char *log_name;         /* in work_fd */
	int cgroup_fd;                /* where criu is born, and what it restores; -1: in the caller's */
	pid_t pid;                    /* criu's own; 0: it has ended */
	int pidfd;
	bool dies_with_us;            /* for a restore: what is half made is of no use */

	/* While the child waits to become criu: what is to be done around it, by its pid. NULL: nothing. */
	int (*place)(struct criu_job *job, struct err *e);
	/* In the child, before criu: descriptors CRIU_FD_* for it, the mounts that it is to see. NULL: nothing. */
	int (*prepare)(struct criu_job *job, struct err *e);
	/* criu waits for us. NULL: nobody minds. fd: what came with it, or -1; the job's afterwards. */
	int (*notified)(struct criu_job *job, const struct criu_answer *answer, int fd, struct err *e);
	void *data;
};

/*
 * Opens the directories that the options name: images, which is made if it is missing, and work. Descriptors are the
 * caller's to close by criu_close.
 */
int criu_open(struct criu_job *job, bool make, struct err *e);
/* Runs criu to its end. *ret is its last answer. An error has the first one of criu's log. */
int criu_run(struct criu_job *job, struct criu_answer *ret, struct err *e);
void criu_close(struct criu_job *job);
