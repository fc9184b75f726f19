/* The annotations of the config that are ours: run.cloister.NAME. Private to plan/. */
#pragma once

#include "oci_spec.h"

/* NULL if it is not there. */
const char *plan_annotation(const struct oci_spec *spec, const char *key);
