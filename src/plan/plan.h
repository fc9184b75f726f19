/*
 * The plan: an ordered, printable list of operations, each tagged by who runs it. It is built without touching the
 * kernel, from the checked config and from host facts passed in as data; apply/ has one function per operation.
 *
 * The processes that take part, and the order of their stages:
 *
 *   runtime   the command (`create`, `run`). RUNTIME operations come first, before any other process exists.
 *   outer     only where the plan has OUTER operations: joins namespaces given by path; makes the outer user and mount
 *             namespace in which read-only binds are assembled, so that the kernel locks them for everything below;
 *             makes a time namespace whose clocks are set.
 *             It makes init with CLONE_PARENT, so that init is the runtime's child, and ends.
 *   init      the container's first process: INIT operations; CREATED ones when it has closed what leads to the host,
 *             so that it may look at the container's files; then it waits; START operations after `start`, the last
 *             of which is the exec.
 *   The stages FOR_OUTER, FOR_INIT, DEVICES and HOOKS are run on behalf of a process that waits for them (OP_CALL): by
 *   the runtime, but for FOR_INIT, which the parent of init's user namespace runs (outer if it made one). READY is what
 *   the runtime does on init before init may start.
 *
 * Ownership: everything a plan points to lives in the arena it was built with, or in the config.
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

struct plan_seccomp;
struct plan_device_filter;
struct plan_closure;
struct closure_path;

enum plan_stage {
	STAGE_RUNTIME,
	STAGE_OUTER,
	STAGE_FOR_OUTER,
	STAGE_INIT,
	STAGE_FOR_INIT,
	STAGE_DEVICES,
	STAGE_HOOKS,
	STAGE_CREATED,
	STAGE_READY,
	STAGE_START,
	STAGE_COUNT
};

enum op_type {
	/* who we are and where: namespaces, ids, cgroup */
	OP_CGROUP,           /* cgroup */
	OP_UNIT,             /* unit: systemd makes it, around the process for which the stage runs */
	OP_UNIT_SET,         /* unit: systemd changes these properties */
	OP_CGROUP_CONTROLLERS,    /* text: they must be there in the container's cgroup, and are given to it */
	OP_CGROUP_FITS,      /* fits: fails unless the memory in use there is less */
	OP_CGROUP_WRITE,     /* cgroup_write */
	OP_DEVICE_FILTER,    /* device_filter */
	OP_USERNS,           /* userns: a user namespace that only serves to map the ids of mounts */
	OP_RDT_GROUP,        /* rdt */
	OP_RDT_SCHEMATA,     /* rdt: the lines go to the group, all or none */
	OP_RDT_TASK,         /* rdt: the process for which the stage runs joins it */
	OP_OPEN_TREE,        /* open_tree */
	OP_SECCOMP_BUILD,    /* seccomp */
	OP_SECCOMP_LISTENER, /* text: the socket of the one who answers what the filter asks */
	OP_JOIN,             /* join */
	OP_UNSHARE,          /* unshare */
	OP_ENTER,   /* enter: joins namespaces of the container's first process, by its pidfd; untraceable from here */
	OP_ID_MAP,  /* id_map */
	OP_SET_IDS, /* set_ids */
	OP_OOM_SCORE,    /* oom_score */
	OP_KEYRING,      /* text: the name of the session keyring */
	OP_NET_DEVICE,   /* net_device */
	OP_LOOPBACK,     /* - */
	OP_HOSTNAME,     /* text */
	OP_DOMAINNAME,   /* text */
	OP_SYSCTL,       /* sysctl */
	OP_TIME_OFFSETS, /* time_offsets: of the time namespace that children will be in */
	/* the file system */
	OP_PROPAGATION,   /* propagation, of "/" and all below */
	OP_ROOTFS,        /* rootfs */
	OP_STORE,         /* store: begins a group */
	OP_GROUP_BEGIN,   /* group */
	OP_GROUP_END,     /* group */
	OP_BIND,          /* bind */
	OP_MOUNT,         /* mount */
	OP_CGROUP_MOUNT,  /* mount: the cgroup's own view where there is no cgroup namespace */
	OP_REMOUNT,       /* remount */
	OP_DEVICE_NODE,   /* device: made aside, where the container cannot make it itself */
	OP_DEVICE,        /* device */
	OP_DEVICES_END,   /* -: what was made aside has been bound */
	OP_SYMLINK,       /* symlink */
	OP_DIRECTORY,     /* text: made if it is missing and can be made */
	OP_MASK,          /* mask: every path, where it exists */
	OP_READONLY,      /* mask: every path, where it exists */
	OP_CONSOLE,       /* console */
	OP_HOOKS,         /* hooks */
	OP_CALL,          /* call: asks the process that serves that stage to run it, and waits */
	OP_ROOT_READONLY, /* - */
	OP_PIVOT,         /* propagation of the new root, 0: as it is */
	/* the process */
	OP_LABEL,         /* label */
	OP_UMASK,         /* mode */
	OP_RLIMIT,        /* rlimit */
	OP_PERSONALITY,   /* personality */
	OP_CPU_AFFINITY,  /* cpus */
	OP_SCHEDULER,     /* scheduler */
	OP_IO_PRIORITY,   /* io_priority */
	OP_MEMORY_POLICY, /* memory_policy */
	OP_USER,          /* user */
	OP_CAPABILITIES,  /* capabilities */
	OP_BOUNDING,      /* capabilities */
	OP_NO_NEW_PRIVS,  /* - */
	OP_CWD,           /* text */
	OP_SECCOMP,       /* seccomp */
	OP_CLOSE_FDS,     /* preserve: how many descriptors from 3 on stay open */
	OP_STREAMS,       /* user: who gets the standard streams, to be able to open them again by name */
	OP_HOME,          /* user: adds HOME, as the container's /etc/passwd has it, to the environment */
	OP_LOOK_EXEC,     /* exec: an error if args[0] is nowhere, while it can still be said to `create` */
	OP_LISTEN_PID,    /* -: adds LISTEN_PID, of the program itself, to the environment */
	OP_FIND_EXEC,     /* exec: looks args[0] up, so that the last step is one execve(2) and nothing else */
	OP_FORK,          /* -: goes on in a new process, the first that is inside a joined pid namespace */
	OP_SESSION,       /* session */
	OP_EXEC,          /* exec */
	OP_COUNT
};

/* Attributes of one mount, in the bits of mount_setattr(2). */
struct mount_attrs {
	uint64_t set, clear;          /* of this mount */
	uint64_t rec_set, rec_clear;  /* of this mount and all below it: "rro" and friends */
	uint64_t propagation;         /* MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE; 0: leave */
	bool propagation_rec;
};

struct op_cgroup {
	const char *path;             /* below the cgroup2 mount, begins with "/" */
	bool required;                /* the config asked for it; else made only if the caller may */
};

/* A unit of systemd's, whose cgroup is the container's. */
struct plan_unit {
	const char *name;             /* "cloister-ID.scope", or that of a slice */
	const char *slice;            /* in which it lies */
	bool user;                    /* it belongs to the user's manager, not to the system's */
	const char **words;           /* its properties: each a name, a D-Bus signature, a value as for busctl(1) */
	size_t words_len;
};

/* A value for a file of the container's cgroup. */
struct op_cgroup_write {
	const char *file, *value;
	const char *else_file, *else_value;   /* instead, where there is no such file; NULL: none */
	bool if_there; /* it lifts a limit: where there is no such file, or no cgroup, there is none either */
};

enum rdt_make {
	RDT_MAKE_OWN,                 /* the container's, which is removed with it */
	RDT_MAKE_OR_COMPARE,          /* made if it is missing, and stays; one that exists must be as it is wanted */
	RDT_MUST_EXIST,
};

/* A group of the resctrl file system. */
struct op_rdt {
	const char *group;            /* relative to the root of resctrl, which is "." */
	enum rdt_make make;
	const char **lines;           /* for its schemata, in this order */
	size_t lines_len;
	const char *monitor;          /* its monitoring group, relative to the root; NULL: none */
};

struct plan_id_map {
	const struct oci_id_mapping *ranges;
	size_t len;
};

/* Kept under a slot: an existing one by its path, else a new one with these maps. */
struct op_userns {
	const char *path;             /* NULL: a new one */
	struct plan_id_map uids, gids;
	size_t slot;
};

/*
 * A mount source that only the caller may reach, or whose ids only the caller may map: cloned before user namespaces
 * are entered, kept under a slot.
 */
struct op_open_tree {
	const char *path;
	size_t slot;
	bool recursive, nofollow;
	uint64_t propagation; /* of it and all below: MS_PRIVATE, or MS_SLAVE and then MS_SHARED, or one */
	const struct op_userns *idmap;        /* NULL: ids as they are */
	bool idmap_recursive;
};

struct plan_join {
	enum oci_namespace_type type;
	uint64_t flag;                /* its CLONE_NEW* */
	const char *path;
};

/* All joined namespaces at once: which must come before the user namespace only the kernel can tell. */
struct op_join {
	const struct plan_join *items;
	size_t len;
};

struct op_unshare {
	uint64_t flags;               /* CLONE_NEW* */
};

enum id_map_how {
	ID_MAP_SELF,    /* one id, written by the process itself; needs no privilege but denies setgroups */
	ID_MAP_DIRECT,  /* written by a privileged process from the parent namespace */
	ID_MAP_HELPERS, /* newuidmap(1) and newgidmap(1), which check /etc/subuid and /etc/subgid */
};

struct op_id_map {
	struct plan_id_map uids, gids;
	enum id_map_how how;
};

struct op_set_ids {
	uid_t uid;
	gid_t gid;
};

/* A device of the runtime's network namespace goes to that of the process for which the stage runs. */
struct op_net_device {
	const char *name, *new_name;  /* new_name: "%d" in it stands for a number that the kernel chooses */
};

struct op_sysctl {
	const char *key;              /* with slashes: "net/ipv4/ip_forward" */
	const char *value;
};

struct op_rootfs {
	const char *path;             /* absolute, on the host; NULL: the working directory, where outer left it */
	size_t slot;                  /* PLAN_NO_SLOT: by path */
	bool slave;     /* what the host mounts below it appears in it, as the config wants; else private */
	bool open_only; /* outer: mounts go below the directory as it is; it becomes the working directory */
};

#define PLAN_NO_SLOT SIZE_MAX

/* Binds between BEGIN and END lie directly below `dir`, which is made a mount of its own; END sets attrs on all. */
struct op_group {
	const char *dir;              /* in the container */
	struct mount_attrs attrs;     /* END only */
};

/* A directory of mount points for store paths, over what the root file system has there; links lie in it themselves. */
struct op_store {
	const char *dir;              /* in the container */
	const struct closure_path *paths;     /* directly below dir */
	size_t len;
	const char *label;            /* SELinux context of the directory; NULL: none */
};

struct op_bind {
	const char *source;           /* absolute, on the host */
	const char *dest;             /* absolute, in the container, no ".." */
	size_t slot;                  /* PLAN_NO_SLOT: by path */
	struct mount_attrs attrs;
	bool recursive;
	bool source_nofollow, dest_nofollow;
	bool in_group;                /* dest is directly below the open group's directory */
};

struct op_mount {
	const char *fstype, *source, *dest;
	char **options;               /* NULL-terminated "name" or "name=value", for fsconfig(2) */
	struct mount_attrs attrs;
	bool copy_up;                 /* tmpcopyup: fill the tmpfs from what lay below */
	bool dest_nofollow;
	const char *label;            /* SELinux context that its root gets afterwards; NULL: none */
	/* OP_CGROUP_MOUNT without cgroup namespace: bind this cgroup, "": the process's own; NULL: fresh cgroup2 */
	const char *cgroup_path;
};

struct op_remount {
	const char *dest;
	struct mount_attrs attrs;
};

struct op_device {
	const char *path;             /* in the container */
	mode_t mode;                  /* type and permission bits */
	unsigned major, minor;
	uid_t uid;
	gid_t gid;
	const char *bind_from;        /* not NULL: bind this host device, which must have the same type and numbers */
	const char *node;             /* not NULL: bind what OP_DEVICE_NODE has made under this name */
};

struct op_symlink {
	const char *target, *path;
	bool if_target;               /* only if the target exists on the host: /proc/kcore */
};

struct op_mask {
	char **paths;
	size_t len;
	const char *label;            /* SELinux context of what covers directories; NULL: none */
};

struct op_console {
	unsigned rows, columns;       /* 0: leave */
	uid_t uid;                    /* the terminal's owner, in the container; its group is the devpts' business */
	bool bind_console;            /* /dev/console becomes the terminal */
	bool session_later;           /* OP_SESSION makes it the controlling terminal */
	bool plain_lines;             /* a newline stays one: what comes out goes into a file */
};

enum hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
};

struct op_hooks {
	enum hook_kind kind;
	const struct oci_hook *hooks;
	size_t len;
};

/* What a security module is told about the process: written to a file of its own in /proc. */
struct op_label {
	const char *file;             /* "attr/exec" */
	const char *text;
};

struct op_rlimit {
	int resource;                 /* RLIMIT_* */
	uint64_t soft, hard;
	const char *name;
};

#define PLAN_CPUS 8192                /* as many processors as a kernel can have */

struct op_cpu_affinity {
	const char *list;             /* as the config has it; "": all that the cgroup allows */
	uint64_t cpus[PLAN_CPUS / 64];
};

struct op_scheduler {
	const struct oci_scheduler *config;
	uint32_t policy;              /* SCHED_* */
	uint64_t flags;               /* SCHED_FLAG_* */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;   /* nanoseconds */
};

struct op_io_priority {
	enum oci_io_priority_class class;     /* with the kernel's numbers */
	unsigned level;               /* 0 is the highest, 7 the lowest */
};

#define PLAN_NODES 1024               /* as many memory nodes as a kernel can have */

struct op_memory_policy {
	const struct oci_memory_policy *config;
	int mode;                     /* MPOL_* with its flags */
	bool has_nodes;
	uint64_t nodes[PLAN_NODES / 64];
};

struct op_user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;
	size_t groups_len;
	bool set_groups;              /* false where setgroups is denied and no groups are asked for */
};

struct op_capabilities {
	uint64_t bounding, permitted, effective, inheritable, ambient;   /* one bit per capability, capabilities(7) */
};

struct op_session {
	bool terminal;                /* standard input becomes its controlling terminal */
};

struct op_exec {
	char **args;
	char **env;
	const char *cwd;              /* OP_LOOK_EXEC: where relative names begin */
	const char *path;             /* "PATH=..." where run.cloister.path has changed it, to be shown; else NULL */
};

struct op {
	enum op_type type;
	enum plan_stage stage;
	const char *where;            /* the JSON path it comes from, for messages: "mounts"; NULL: by default */
	int index;                    /* "mounts[3]": which element of it; -1: no array */
	union {
		struct op_cgroup cgroup;
		struct plan_unit *unit;
		struct op_cgroup_write cgroup_write;
		uint64_t fits;                /* bytes */
		struct plan_device_filter *device_filter;
		struct op_rdt *rdt;
		struct op_userns *userns;
		struct op_open_tree open_tree;
		struct plan_seccomp *seccomp;
		struct op_join join;
		struct op_unshare unshare;
		uint64_t enter;               /* CLONE_NEW* */
		struct op_id_map id_map;
		struct op_set_ids set_ids;
		int oom_score;
		const char *text;
		struct op_net_device net_device;
		struct op_sysctl sysctl;
		const struct oci_time_offsets *time_offsets;
		uint64_t propagation;
		struct op_rootfs rootfs;
		struct op_store store;
		struct op_group group;
		struct op_bind bind;
		struct op_mount mount;
		struct op_remount remount;
		struct op_device device;
		struct op_symlink symlink;
		struct op_mask mask;
		struct op_console console;
		struct op_hooks hooks;
		enum plan_stage call;
		struct op_label label;
		mode_t mode;
		struct op_rlimit rlimit;
		unsigned long personality;
		struct op_cpu_affinity *cpus;
		struct op_scheduler scheduler;
		struct op_io_priority io_priority;
		struct op_memory_policy *memory_policy;
		struct op_user user;
		struct op_capabilities capabilities;
		unsigned preserve;
		struct op_session session;
		struct op_exec exec;
	};
};

/* What the host is, as plain data: run/facts.c reads it from the kernel, tests write it down. */
struct plan_facts {
	uid_t euid;
	gid_t egid;
	bool privileged;              /* CAP_SYS_ADMIN in the caller's user namespace */
	bool initial_userns;          /* and that is the initial one, where device nodes can be made */
	bool setgroups_denied;        /* /proc/self/setgroups says "deny" */
	const char *bundle;           /* absolute, symlinks resolved */
	const char *own_cgroup;       /* the caller's cgroup below the cgroup2 mount; NULL: no cgroup2 on this host */
	/* lists like "cpu memory"; NULL: not asked, since there are no limits */
	const char *controllers;      /* that the root of the cgroup2 mount has */
	const char *v1_controllers;   /* that version 1 has taken */
	uint64_t bounding;            /* the caller's capability bounding set */
	unsigned last_cap;            /* the highest capability the kernel knows */
	const struct plan_closure *closure;   /* what run.cloister.closure names; NULL: nothing */
	bool apparmor, selinux;       /* enabled */
	/* only for `exec`; setgroups_denied is then about the container's user namespace */
	uint64_t entered; /* CLONE_NEW* of the namespaces in which its first process is, and the caller is not */
	bool root_mapped;             /* ids 0 exist in its user namespace */
};

/* Who makes the container's cgroup. */
enum plan_cgroup_manager {
	CGROUP_MANAGER_CGROUPFS,      /* we do, below the cgroup2 mount */
	CGROUP_MANAGER_SYSTEMD,       /* systemd, as a unit */
	CGROUP_MANAGER_DISABLED,      /* nobody: it stays in the caller's, and there can be no limits */
};

/* What the command line adds to the config. */
struct plan_options {
	const char *id;
	unsigned preserve_fds;
	unsigned listen_fds;          /* so many of them are LISTEN_FDS (sd_listen_fds(3)) */
	const char *listen_names;     /* LISTEN_FDNAMES; NULL: none */
	bool new_keyring;
	enum plan_cgroup_manager cgroup_manager;
};

struct plan {
	struct arena *arena;
	struct op *ops;
	size_t len;
	bool exec;                    /* of plan_build_exec: OUTER and START are run by one process */
	bool has_outer;               /* there are OUTER operations */
	bool outer_userns;            /* outer makes a user namespace: it writes init's maps */
	uint64_t outer_flags;         /* CLONE_NEW* for the clone3(2) of outer, where it joins nothing first */
	uint64_t init_flags;          /* CLONE_NEW* for the clone3(2) of init */
	size_t slots;                 /* of OP_OPEN_TREE and OP_USERNS */
	const char *cgroup_path;      /* NULL: none, or systemd decides */
	struct plan_unit *unit;       /* that systemd is to make; NULL: none */
	const char *rdt_path;         /* the resctrl group that is removed with the container; NULL: none */
	struct op scratch;            /* what plan_add hands out when memory is used up */
	bool failed;
};

/*
 * Builds the plan for `create`. The config must have passed spec_validate. 0 or -errno:
 * -EINVAL for what contradicts itself, -EPERM for what these facts do not allow, -ENOMEM.
 */
int plan_build(struct arena *a, const struct oci_spec *spec, const struct plan_facts *facts,
	       const struct plan_options *options, struct plan *ret, struct err *e);

/*
 * Builds the plan for `exec`: spec is what state/ has saved, with the process to run in it. It fails as plan_build
 * does. Only RUNTIME, OUTER and START have operations.
 */
int plan_build_exec(struct arena *a, const struct oci_spec *spec, const struct plan_facts *facts,
		    const struct plan_options *options, struct plan *ret, struct err *e);

/* What `update` is to change, and all limits as they are to be then; every asked for value is in both. */
struct plan_update {
	const struct oci_resources *asked, *all;
	const char *cgroup_path;              /* NULL: the container has none of its own */
	const char *id;
	const struct oci_intel_rdt *rdt;      /* what is to change of the resctrl group; NULL: nothing */
};

/* Builds the plan for `update`: RUNTIME alone, on a cgroup that is there. It fails as plan_build does. */
int plan_build_update(struct arena *a, const struct plan_update *update, const struct plan_facts *facts,
		      struct plan *ret, struct err *e);

/* Adds a zeroed operation; never NULL (out of memory is remembered in the plan and reported by plan_build). */
struct op *plan_add(struct plan *p, enum plan_stage stage, enum op_type type, const char *where);
/* The same for element `index` of the array `where`. There may be thousands, so their names are not spelt out. */
struct op *plan_add_element(struct plan *p, enum plan_stage stage, enum op_type type, const char *where, size_t index);
/* True if the container gets a cgroup, by whomever. */
static inline bool plan_has_cgroup(const struct plan *p)
{
	return p->cgroup_path || p->unit;
}

/* True if a process waits for that stage (OP_CALL). */
bool plan_calls(const struct plan *p, enum plan_stage stage);
/* printf into the plan's arena; "" when memory is used up (also remembered). */
const char *plan_text(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One line per operation, grouped by stage; stable, for people and for golden files. */
void plan_print_op(const struct op *op, struct str *out);   /* without the newline */
void plan_print(const struct plan *p, struct str *out);

const char *plan_stage_name(enum plan_stage stage);
const char *plan_op_name(enum op_type type);
