/* The container's unit, where systemd makes its cgroup. Private to run/. */
#pragma once

#include "apply/unit.h"
#include "oci_spec.h"
#include "run/run.h"

/* The unit that the record names; false: none, the cgroup is our own. */
bool systemd_unit(const struct oci_record *record, struct unit *ret);
/* Removes what the record names: the cgroup with all that is in it, and the unit. */
int systemd_destroy_cgroup(const char *state_root, const struct oci_record *record, struct err *e);
