/*
 * What a container is now. The record says how far its commands have come; whether it still runs, only its first
 * process can tell.
 */
#pragma once

#include "base/err.h"
#include "oci_spec.h"

/* proc_fd: the procfs mount's root. A recorded container whose process is gone is stopped, whatever the record says. */
int state_status(int proc_fd, const struct oci_record *record, enum oci_status *ret, struct err *e);
