/* What `exec` is to run. Private to run/. */
#pragma once

#include "oci_spec.h"
#include "run/run.h"

/* Puts it in place of the config's own process: from the file that the options name, or as they change the config's. */
int exec_process(struct arena *a, const struct run_exec_options *o, struct oci_spec *config, struct err *e);
