/*
 * What plan_build is made of: one builder per subject. Private to plan/. Every builder gets the same context, adds its
 * operations in the order in which they must run within their stage, and fails as plan_build does.
 */
#pragma once

#include "plan/plan.h"

struct build {
	struct plan *plan;
	const struct oci_spec *spec;
	const struct plan_facts *facts;
	const struct plan_options *options;
	uint64_t new_ns;              /* CLONE_NEW* of the namespaces that the config wants new */
	uint64_t joined_ns;           /* CLONE_NEW* of the namespaces it joins by path */
	bool lock;                    /* there is an outer level, below which mounts are locked */
	bool lock_binds;              /* annotation run.cloister.lock: so are the config's own read-only binds */
	const char *store; /* annotation run.cloister.store: what must be locked; NULL: every read-only bind */
	bool container_root_mapped;   /* id 0 exists in the container */
	bool sources_by_slot;         /* bind sources are opened before user namespaces are entered */
	bool setgroups_denied;        /* in the container's user namespace */
	struct plan_id_map uids, gids;    /* of a new user namespace, as configured or by default */
	bool dev_readonly;            /* /dev becomes read-only once it is complete */
	bool exec;                    /* the plan is for `exec` */
	enum plan_stage cgroup_stage; /* in which the cgroup is made, and all is done that needs it */
};

/* namespace.c: whether the map has an id of the container, and which one it is outside. */
bool plan_maps_id(const struct plan_id_map *map, uint32_t container_id, uint32_t *ret_host);
int plan_namespaces(struct build *b, struct err *e);      /* namespace.c: fills new_ns .. setgroups_denied too */
int plan_rdt(struct build *b, struct err *e);             /* rdt.c */
int plan_rdt_join(struct build *b, struct err *e);        /* rdt.c: of exec, before it enters anything */
int plan_rdt_update(struct plan *p, const char *id, const struct oci_intel_rdt *r, struct err *e);   /* rdt.c */
int plan_net_devices(struct build *b, struct err *e);     /* netdev.c */
int plan_cgroup(struct build *b, struct err *e);          /* cgroup.c */
int plan_unit(struct build *b, struct err *e);            /* unit.c: systemd's, in place of plan_cgroup */
int plan_unit_properties(struct build *b, struct err *e); /* unit.c: after the resources */
int plan_unit_call(struct build *b, struct err *e);       /* unit.c: last */
int plan_resources(struct build *b, struct err *e);       /* resources.c: after the cgroup */
int plan_device_filter(struct build *b, struct err *e);   /* device_filter.c: after the namespaces are known */
int plan_mounts(struct build *b, struct err *e);          /* mount.c */
/* mount.c: absolute and without ".", "..", "//"; relative ones are relative to "/" (config.md, "Mounts"). */
const char *plan_clean_path(struct plan *p, const char *path);
int plan_devices(struct build *b, struct err *e);         /* device.c */
int plan_check_labels(const struct build *b, struct err *e);   /* label.c: whether the host can have them */
void plan_key_label(struct build *b, enum plan_stage stage);   /* label.c: before OP_KEYRING */
void plan_labels(struct build *b, enum plan_stage stage);      /* label.c: of the process, from its exec on */
void plan_label_mount(struct build *b, struct op_mount *m);    /* label.c */
const char *plan_mount_label(const struct build *b);           /* label.c: NULL: none */
int plan_masks(struct build *b, struct err *e);           /* mask.c: masked and readonly paths */
int plan_process(struct build *b, struct err *e);         /* process.c: the START operations */
/* env.c: each name once, with its last value, and no empty HOME; NULL-terminated, never NULL. */
char **plan_env(struct build *b, char *const *env, size_t len);
void plan_priorities(struct build *b);                    /* schedule.c: scheduler and I/O priority */
int plan_memory_policy(struct build *b, struct err *e);   /* schedule.c */
/* schedule.c: both parts of execCPUAffinity, in RUNTIME and OUTER */
int plan_cpu_affinity(struct build *b, struct err *e);
int plan_closure_lock(struct build *b, struct err *e);    /* closure.c: sets b->lock where the store paths need it */
void plan_closure(struct build *b);                       /* closure.c: before the config's mounts */
/* closure.c: whether the config's mount leaves the store paths alone */
int plan_closure_meets(const struct build *b, size_t index, const char *dest, struct err *e);
/* closure.c: changes PATH of the environment as run.cloister.path asks for */
int plan_closure_env(struct build *b, struct op_exec *exec, struct err *e);
int plan_seccomp(struct build *b, struct err *e);         /* seccomp.c: SECCOMP_BUILD in RUNTIME */
