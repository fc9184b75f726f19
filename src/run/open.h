/* An existing container, opened by its id: what start, kill and delete begin with. Private to run/. */
#pragma once

#include "oci_spec.h"
#include "run/run.h"
#include "state/store.h"

struct opened {
	struct state_dir dir;         /* locked; the caller closes it (state_close) */
	struct oci_record *record;
	enum oci_status status;
};

/* -ENOENT: unknown; -ENODATA: its creation was interrupted before there was a record. */
int container_open(struct run_context *c, const char *id, struct opened *ret, struct err *e);
/* 1 if it is paused, 0 if not: only its cgroup can tell. What waits for init must ask first. */
int container_paused(struct run_context *c, const struct opened *o, struct err *e);
/* What hooks get on standard input. NULL: out of memory. */
const char *container_describe(struct run_context *c, const struct opened *o, enum oci_status status);
/* A pidfd of init that is certain to be init's (its start time was checked after opening). -ESRCH: it has ended. */
int container_pidfd(struct run_context *c, const struct opened *o, struct err *e);
/* The poststop hooks: each failure is a warning. */
void container_poststop(struct run_context *c, const struct opened *o);
/* Kills what is left of it, runs poststop hooks, removes cgroup and state. The directory is closed when it succeeds. */
int container_destroy(struct run_context *c, struct opened *o, struct err *e);
