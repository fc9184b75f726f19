/* One build, from the locks of its outputs to their rows in the database, in a process of its own. */
#pragma once

#include <sys/types.h>

#include "build/message.h"
#include "build/options.h"
#include "derivation/graph.h"

struct build_job {
	struct drv_graph *graph;
	const struct build_options *options;
	const char *path;     /* of the derivation */
	const char *work;     /* a folder that does not exist yet, absolute */
	int channel;          /* a packet socket, for struct build_message */
};

/*
 * Builds it, and tells the channel. The caller is a process made for this, which does nothing else and then exits.
 * SIGTERM ends the build; whatever happens, nothing is left of it but outputs and log, and a directory to be kept.
 */
void build_job_run(const struct build_job *j);

/*
 * After a process that was killed: ends what it left running, and removes its folder, its locks and what had landed of
 * its outputs.
 */
void build_job_clean(const struct build_job *j, pid_t pid);
