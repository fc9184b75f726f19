/*
 * The life of a container: create, start, kill, delete, and run, which is all of them in one. The commands of cli/ call
 * these; every function returns 0 or -errno with a message, and leaves nothing behind when it fails (R1).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "oci_spec.h"
#include "plan/plan.h"

/* What all commands share; filled by cli/. */
struct run_context {
	struct arena *arena;
	const char *root;             /* the state directory of all containers */
	int proc_fd;                  /* /proc, checked to be procfs */
	enum plan_cgroup_manager cgroup_manager;
	const char *store;            /* the root of a relocated store, for run.cloister.closure; NULL: the machine's */
	unsigned inherited_fds;       /* how many descriptors from 3 on, without a gap, the caller passed in */
};

struct run_create_options {
	const char *id;
	const char *bundle;           /* NULL: the working directory */
	const char *config;           /* below the bundle, if not absolute; NULL: config.json */
	const char *pid_file;         /* NULL: none */
	const char *console_socket;   /* NULL: none */
	unsigned preserve_fds;
	unsigned listen_fds;          /* so many of them came with LISTEN_FDS */
	const char *listen_names;     /* LISTEN_FDNAMES; NULL: none */
	bool no_new_keyring;
	bool detach;                  /* run only: do not wait for the process */
	bool keep;                    /* run only: leave the container when it has ended */
	bool no_subreaper;            /* run only */
};

struct run_exec_options {
	const char *id;
	const char *process;          /* a process.json; NULL: what follows says what to run */
	char *const *args;
	size_t args_len;
	const char *cwd;              /* NULL: the container's */
	const char *const *env, *const *caps;     /* added to the container's */
	size_t env_len, caps_len;
	const uint32_t *gids;
	size_t gids_len;
	bool has_uid, has_gid;
	uint32_t uid, gid;
	const char *apparmor, *label;
	bool no_new_privs;

	const char *pid_file, *console_socket;    /* NULL: none */
	const char *cgroup;           /* below the container's; NULL: the container's itself */
	unsigned preserve_fds;
	bool tty, detach, ignore_paused;
};

struct run_update_options {
	const char *id;
	const struct oci_resources *asked;    /* what is absent or 0 there stays (spec/merge.h) */
	const char *l3_cache, *mem_bw;        /* schemata of its group of resctrl; NULL: they stay */
};

struct cgroup_stats;

struct run_events_options {
	const char *id;
	unsigned interval_ms;         /* between two reports of what it uses */
	bool once;                    /* one report at once, and no more */
	/*
	 * stats: what it uses now (apply/stats.h); NULL: something was killed for want of memory. Failure ends the
	 * watch.
	 */
	int (*report)(void *data, const struct cgroup_stats *stats, struct err *e);
	void *data;
};

int run_create(struct run_context *c, const struct run_create_options *o, struct err *e);
int run_start(struct run_context *c, const char *id, struct err *e);
/* *ret_status: the process's exit status, 128 + N for signal N; 0 with detach. */
int run_run(struct run_context *c, const struct run_create_options *o, int *ret_status, struct err *e);
/* *ret_status as for run_run. The lock of the container is held only until the process is in it. */
int run_exec(struct run_context *c, const struct run_exec_options *o, int *ret_status, struct err *e);
/* all: every process in the container's cgroup, not only the first. */
int run_kill(struct run_context *c, const char *id, int signal, bool all, struct err *e);
/* force: kills it first, whatever state it is in; an unknown id is then no error. */
int run_delete(struct run_context *c, const char *id, bool force, struct err *e);
/* The pids of its processes, as the caller sees them, in the arena; none where it has stopped. */
int run_ps(struct run_context *c, const char *id, pid_t **ret, size_t *ret_len, struct err *e);
/* Stops all its processes where they are, and lets them go on. */
int run_pause(struct run_context *c, const char *id, struct err *e);
int run_resume(struct run_context *c, const char *id, struct err *e);
/* Changes its limits, all or none. */
int run_update(struct run_context *c, const struct run_update_options *o, struct err *e);
/* Reports until the container's first process has ended. Holds no lock meanwhile. */
int run_events(struct run_context *c, const struct run_events_options *o, struct err *e);
/* 1 if a container of that record and status is paused, 0 if not. Takes no lock. cgroups: the cgroup2 mount, or -1. */
int run_is_paused(const char *root, int cgroups, const struct oci_record *record, enum oci_status status,
		  struct err *e);
struct checkpoint_options;

/* The container's processes become files; unless they are to go on, it is removed. */
int run_checkpoint(struct run_context *c, const char *id, const struct checkpoint_options *o, struct err *e);
/* A container from such files and its bundle. *ret_status as for run_run. */
int run_restore(struct run_context *c, const struct run_create_options *o, const struct checkpoint_options *checkpoint,
		int *ret_status, struct err *e);
/* What create would do, as text; touches nothing. */
int run_plan(struct run_context *c, const struct run_create_options *o, struct str *out, struct err *e);
