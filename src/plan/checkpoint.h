/*
 * What criu is asked to do with a container. Pure, like all of plan/: what must be known of the host comes as facts.
 *
 * A checkpoint's directory has criu's images and descriptors.json, an array with the names of the first process's
 * standard streams: runtimes have that file in common, so that each can restore what another has made.
 */
#pragma once

#include "plan/criu.h"
#include "plan/plan.h"

#define CHECKPOINT_DESCRIPTORS "descriptors.json"

/* The command line of `checkpoint` and `restore`. */
struct checkpoint_options {
	const char *image_path;       /* the checkpoint's directory */
	const char *work_path;        /* where criu writes its log; NULL: the same */
	const char *parent_path;      /* of an earlier pre-dump, relative to image_path; NULL: none */
	const char *page_server;      /* ADDRESS:PORT; NULL: none */
	const char *cgroups_mode;     /* NULL: ignore */
	const char *lsm_profile;      /* TYPE:NAME; NULL: as it was */
	const char *const *empty_ns;
	size_t empty_ns_len;
	bool leave_running, pre_dump, tcp_established, ext_unix_sk, shell_job, file_locks, auto_dedup;
};

/* One of the standard streams of the container's first process. */
struct checkpoint_stream {
	const char *name;             /* "pipe:[1234]": where its link in /proc leads */
	int mount_id;
	uint64_t inode;
	bool file;                    /* a file or a device, and no terminal */
};

struct checkpoint_facts {
	pid_t pid;
	const char *rootfs;
	const char *mounts;           /* /proc/PID/mountinfo of the first process */
	const char *host_mounts;      /* and of the caller */
	uint64_t net_inode, pid_inode;        /* of its namespaces */
	struct checkpoint_stream streams[3];
};

/* Descriptors that criu has while it restores. */
enum { CRIU_FD_STREAMS = 10, CRIU_FD_NET = 13, CRIU_FD_PID = 14 };

/*
 * Adds everything but the directories. spec is what state/ has saved, with the annotations. ret_names are for
 * descriptors.json. -ENOTSUP: criu could not restore what the container has, or not as safe as it was.
 */
int checkpoint_plan_dump(struct arena *a, const struct oci_spec *spec, const struct checkpoint_options *o,
			 const struct checkpoint_facts *f, struct criu_request *ret, const char *ret_names[static 3],
			 struct err *e);

/* A path in the container, and where it comes from on the host. */
struct checkpoint_mount {
	const char *dest, *source;    /* source: NULL for what criu has in its images, a directory then */
	bool mask;                    /* only where there is such a file */
	bool read_only;
};

/* What a container was to be when it was created. */
struct checkpoint_wanted {
	struct checkpoint_mount *mounts;
	size_t len;
	bool no_new_privs, filter;    /* of seccomp */
};

/*
 * Takes that from a plan for create; what remains of the plan is the container's cgroup. -ENOTSUP for what a restore
 * could not bring back.
 */
int checkpoint_reduce(struct plan *p, struct checkpoint_wanted *ret, struct err *e);

/* names: as checkpoint_plan_dump gave them. Destinations of mounts are as they are found in the root file system. */
int checkpoint_plan_restore(struct arena *a, const struct oci_spec *spec, const struct checkpoint_options *o,
			    const struct checkpoint_wanted *w, char *const names[static 3], const char *rootfs,
			    struct criu_request *ret, struct err *e);

/*
 * Whether what is restored is as it was to be, by /proc/PID/status and mountinfo, before it runs: older versions of
 * criu leave something out. -ENOTSUP with a message if not.
 */
int checkpoint_check(struct arena *a, const struct checkpoint_wanted *w, const char *status, const char *mountinfo,
		     struct err *e);

/* The path of a joined network or pid namespace, which criu gets as CRIU_FD_NET or CRIU_FD_PID; NULL: none. */
const char *checkpoint_joined(const struct oci_spec *spec, enum oci_namespace_type type);
