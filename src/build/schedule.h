/* The graph of what is missing, and building it: as many at once as wanted, each behind what it needs. */
#pragma once

#include <sys/types.h>
#include <time.h>

#include "build/message.h"
#include "build/options.h"
#include "derivation/graph.h"

enum build_state {
	BUILD_STATE_WAITING,   /* for what it needs, or for its turn */
	BUILD_STATE_RUNNING,
	BUILD_STATE_DONE,
	BUILD_STATE_FAILED,
	BUILD_STATE_SKIPPED,   /* what it needs failed, or another failed and --keep-going was not given */
};

struct build_step {
	const char *path, *name;         /* of the derivation */
	const struct derivation *drv;
	enum build_state state;
	bool wanted;                     /* the caller asked for it, not only for what needs it */
	enum build_event event;          /* the last one, while it runs */
	time_t began, ended;             /* of CLOCK_MONOTONIC */
	char line[200];                  /* the last line of its output */
	struct store_paths outputs;      /* once it is done, in the order of drv->outputs */
	/* for schedule.c */
	struct build_step **needed_by;
	size_t needed_by_len, needs;     /* needs: how many it still waits for */
	struct build_step *next;
	const char *resolved;            /* what is built in its stead, if its inputs' paths were not known */
	char *work;
	pid_t pid;
	int channel;
};

struct build_schedule {
	struct arena *arena;
	struct drv_graph *graph;
	const struct build_options *options;
	struct build_step **steps;       /* what is wanted, and what must be built for it */
	struct set by_path;              /* path -> struct build_step * */
	size_t len, running, done, failed;
	char *work;                      /* a folder for all builds */
};

/* Who shows what happens. Either function may be NULL. */
struct build_watch {
	void (*event)(void *data, const struct build_step *step, const struct build_message *m);
	/* At least once a second while something runs, and after events. */
	void (*tick)(void *data, const struct build_schedule *s);
	void *data;
};

void build_schedule_free(struct build_schedule *s);

/*
 * What has to be done for the derivations. Those whose outputs are in the target are done from the beginning; what is
 * valid where the inputs are is copied, not built. With options->check all are built, and must be valid.
 */
int build_schedule_make(struct drv_graph *g, const struct build_options *o, const struct store_paths *wanted,
			struct build_schedule *ret, struct err *e);

/*
 * Does it. Negative: something failed; the message is that of the first failure, in which case each failure was an
 * event. -EINTR: SIGINT, SIGTERM or SIGHUP came, and all builds were ended.
 */
int build_schedule_run(struct build_schedule *s, const struct build_watch *w, struct err *e);
