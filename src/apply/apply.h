/*
 * The other half of plan/: one function per operation, under the same file name as its planner. An apply function runs
 * in the process that the operation's stage names; it reports the object and the remedy, never prints, and leaves
 * cleaning up to the death of its process (mounts, namespaces) or to run/ (what the state directory has recorded).
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "plan/plan.h"

struct seccomp_program;
struct sys_messenger;

/* What the operations of one container share. Set up by run/ before the first clone, inherited by fork. */
struct apply {
	struct arena *arena;
	const struct plan *plan;
	const char *id;
	const char *bundle;           /* absolute */
	const char *state_root;       /* the directory that holds all containers' state */
	int proc_fd;                  /* the host's /proc, checked to be procfs (I4) */
	int root_fd;                  /* the container's root, O_PATH; -1 until OP_ROOTFS */
	int dir_fd;                   /* the directory that rootfs_parent opened last, and its path; else -1 */
	const char *dir;
	int group_fd;                 /* the directory of the open group, else -1 */
	int *slots;                   /* what OP_OPEN_TREE and OP_USERNS have opened */
	const char *cgroup_path;      /* of cgroup_fd; NULL: none, or it was there before (`update`) */
	int cgroup_fd;                /* the container's cgroup, for CLONE_INTO_CGROUP; -1: none */
	bool unit_asked;              /* systemd was asked for plan->unit, so there may be one */
	const char *systemd_helper;   /* the program that speaks to systemd; NULL: not needed */
	int console_fd;               /* connected console socket; -1: none */
	bool setgroups_denied;        /* in the user namespace that OP_JOIN has joined */
	bool rdt_made;                /* what plan->rdt_path names is there, and is ours */
	int listener_fd;              /* connected to the one whom the seccomp filter asks; -1: none */
	int nodes_fd;                 /* what OP_DEVICE_NODE makes, detached until the first is bound; else -1 */
	bool nodes_attached;
	int mask_fd;                  /* an empty read-only tmpfs that masks directories, made on first use; else -1 */
	int enter_fd;                 /* pidfd of the process whose namespaces OP_ENTER joins; -1: none */
	pid_t target;                 /* FOR_OUTER, FOR_INIT, HOOKS: the process on whose behalf the stage runs */
	struct seccomp_program *seccomp;  /* made by OP_SECCOMP_BUILD */
	/* who sends the filter's descriptor where there can be no thread; else NULL */
	struct sys_messenger *messenger;
	char **exec_env;              /* made by OP_HOME, OP_LISTEN_PID; NULL: the environment of OP_EXEC as it is */
	const char *exec_path;        /* found by OP_FIND_EXEC */
	const char *exec_problem;     /* why the kernel will not run it, as far as OP_FIND_EXEC can see; else NULL */

	/* What a hook gets on standard input: the OCI state, "creating" or "created" by its kind. Filled by run/. */
	const char *(*state_json)(struct apply *ctx, enum hook_kind kind);
	/* What the listener of a filter gets: the container process state, in the arena. Filled by run/. */
	const char *(*process_state)(struct apply *ctx, const char *metadata);
	/* OP_CALL: asks the process that serves a stage to run it on our behalf, and waits. Filled by run/. */
	int (*call)(struct apply *ctx, enum plan_stage stage, struct err *e);
	/* OP_FORK: returns in the child only. Filled by run/. */
	int (*fork)(struct apply *ctx, struct err *e);
	void *run;                    /* run/'s own data for these */
};

typedef int apply_function(struct apply *ctx, const struct op *op, struct err *e);

/* Runs all operations of a stage in their order. Stops at the first error, with op->where in front of its text. */
int apply_stage(struct apply *ctx, enum plan_stage stage, struct err *e);

/* exec.c: the program's environment, as far as it is known by now. */
char **exec_environment(const struct apply *ctx);

/* namespace.c, enter.c, idmap.c, procfs.c */
apply_function apply_join, apply_unshare, apply_enter, apply_id_map, apply_userns, apply_set_ids, apply_oom_score,
	apply_keyring, apply_loopback, apply_hostname, apply_domainname, apply_sysctl, apply_time_offsets;
/* rdt.c */
apply_function apply_rdt_group, apply_rdt_schemata, apply_rdt_task;
/* resources.c */
apply_function apply_cgroup_controllers, apply_cgroup_fits, apply_cgroup_write;
/* unit.c */
apply_function apply_unit, apply_unit_set;
/* netdev.c */
apply_function apply_net_device;
/* mount.c, rootfs.c, device.c, mask.c */
apply_function apply_open_tree, apply_propagation, apply_rootfs, apply_group_begin, apply_group_end, apply_bind,
	apply_mount, apply_cgroup_mount, apply_remount, apply_device_node, apply_device, apply_devices_end,
	apply_symlink, apply_directory, apply_mask,
	apply_readonly, apply_root_readonly, apply_pivot;
/* store.c */
apply_function apply_store;
/* cgroup.c, device_filter.c, hook.c, console.c, seccomp.c */
apply_function apply_cgroup, apply_device_filter, apply_hooks, apply_console, apply_session, apply_seccomp_build,
	apply_seccomp_listener, apply_seccomp;
/* process.c */
apply_function apply_umask, apply_rlimit, apply_personality, apply_user, apply_capabilities, apply_bounding,
	apply_no_new_privs, apply_cwd, apply_close_fds, apply_streams, apply_home, apply_listen_pid, apply_look_exec,
	apply_find_exec, apply_exec;
/* label.c */
apply_function apply_label;
/* schedule.c */
apply_function apply_cpu_affinity, apply_scheduler, apply_io_priority, apply_memory_policy;
