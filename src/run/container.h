/* One container while its creation is under way: what create, run and the new processes share. Private to run/. */
#pragma once

#include "apply/apply.h"
#include "plan/plan.h"
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
	bool start_over_sync;         /* `run` */
};

/* load.c: reads and checks the bundle, fills everything up to the plan. Touches nothing. */
int container_load(struct container *c, struct run_context *context, const struct run_create_options *options,
		   struct err *e);

/* launch.c: from the intent record to "created", with the lock held. On failure nothing is left. */
int container_launch(struct container *c, bool start_over_sync, struct err *e);
/* Ends what launch made: processes, cgroup, state directory. Used on failure; errors are only logged. */
void container_abort(struct container *c);
/* The OCI state as the hooks see it, in the arena. */
const char *container_state_json(struct container *c, enum oci_status status, pid_t pid);

/* config-linux.md, "The Container Process State", with the descriptor of a seccomp filter; in the arena, or NULL. */
const char *container_process_state_json(struct container *c, const char *metadata, pid_t pid);

/* init.c: the bodies of the two processes. They never return. */
_Noreturn void container_outer(struct container *c);
_Noreturn void container_init(struct container *c);
