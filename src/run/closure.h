/* The facts about the closure that a config's annotation names. */
#pragma once

#include "plan/closure.h"
#include "run/run.h"

/* NULL if the config names none. The annotation is checked whether or not it is there. */
int closure_read(struct run_context *c, const struct oci_spec *spec, const struct plan_closure **ret, struct err *e);
