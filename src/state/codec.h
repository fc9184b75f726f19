/*
 * The record of a container as bytes, and as the state that the OCI runtime specification lets others see (runtime.md,
 * "State"). Pure: no file is touched here.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "oci_spec.h"

/* Written into every record. A record of another version is refused: what it means is not known. */
#define STATE_RECORD_VERSION 1

/* Where a record is kept; also what it is called in messages. */
#define STATE_FILE_RECORD "state.json"

/* Adds the record as JSON. -EINVAL: it holds a text that JSON cannot carry, which is one that is not UTF-8. */
int state_encode(struct str *out, const struct oci_record *record, struct err *e);

/* Reads a record; what it says is consistent then: a created or running container has a pid and its start time. */
int state_decode(struct arena *a, const char *json, size_t len, struct oci_record **ret, struct err *e);

/*
 * What a hook reads on standard input and what `state` prints. The strings stay the record's own. A stopped container
 * has the pid 0, as runc shows it. `status` comes from state_status, or is what the hook is to see.
 */
void state_describe(const struct oci_record *record, enum oci_status status, struct oci_state *ret);
