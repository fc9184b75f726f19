/* One container while its creation is under way: what create, run and the new processes share. Private to run/. */
#pragma once

#include "apply/apply.h"
#include "plan/plan.h"
#include "run/open.h"
#include "run/run.h"
#include "state/store.h"

struct container {
	struct run_context *context;
	const struct run_create_options *options;
	const char *bundle;           /* absolute */
	struct oci_spec *spec;
	struct plan_facts facts;
	struct plan plan;
	struct apply apply;
	struct oci_record record;
	struct state_dir dir;         /* locked */
	int sync[2];                  /* [0] the runtime's end, [1] that of outer and init */
	int start_socket;             /* where init waits for `start`; -1: `run` starts it over sync */
	int console[2];               /* run with a terminal: where the terminal arrives; else -1 */
	int outer_pidfd, init_pidfd;
	pid_t runtime_pid, outer_pid, init_pid;
	uint64_t soft_files;          /* the caller's RLIMIT_NOFILE, if it was raised for the plan's slots; else 0 */
	bool foreign_children;        /* there were children before ours: not to be waited for */
	bool start_over_sync;         /* `run` */
	bool released;                /* init may outlive the runtime: the record names it */
};

/* load.c: reads and checks the bundle, fills everything up to the plan. Touches nothing. */
int container_load(struct container *c, struct run_context *context, const struct run_create_options *options,
		   struct err *e);

/* launch.c: sockets, console and the RUNTIME operations. */
int container_prepare(struct container *c, struct err *e);
/* launch.c: from the intent record to "created", with the lock held. On failure nothing is left. */
int container_launch(struct container *c, bool start_over_sync, struct err *e);
/* Ends what launch made: processes, cgroup, state directory. Used on failure; errors are only logged. */
void container_abort(struct container *c);

/*
 * foreground.c: what comes after the program runs, or not (r < 0): unless it is detached, waits for its end, and then
 * removes the container. The lock is given up meanwhile.
 */
int container_follow(struct container *c, struct opened *o, int r, int *ret_status, struct err *e);

/* serve.c: runs a stage for a process that waits for it, if the plan has one that does. */
int container_serve_stage(struct container *c, enum plan_stage stage, pid_t target, struct err *e);
/* Init exists: what is due at once is done, its id maps and for `run` its release. */
int container_adopt(struct container *c, pid_t pid, struct err *e);
/* Serves the processes until init is ready. What one of them says it failed of is the error. */
int container_serve(struct container *c, struct err *e);
/* Makes the record name init, and lets it go. -ESRCH, -EPIPE: it has ended. */
int container_release(struct container *c, struct err *e);

/* record.c: the intent record. */
int container_fill_record(struct container *c, struct err *e);
/* The OCI state as the hooks see it, in the arena. */
const char *container_state_json(struct container *c, enum oci_status status, pid_t pid);

/* config-linux.md, "The Container Process State", with the descriptor of a seccomp filter; in the arena, or NULL. */
const char *container_process_state_json(struct container *c, const char *metadata, pid_t pid);
/* The same, of another process than the container's first one. */
const char *process_state_json(struct arena *a, struct oci_state *state, const char *metadata, pid_t pid);

/* init.c: the bodies of the two processes. They never return. */
_Noreturn void container_outer(struct container *c);
_Noreturn void container_init(struct container *c);
