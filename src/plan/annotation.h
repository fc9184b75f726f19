/* The annotations of the config that are ours: run.cloister.NAME. Private to plan/. */
#pragma once

#include "base/err.h"
#include "oci_spec.h"

/* -EINVAL for one whose name begins like ours and that we do not know: it may be there to protect something. */
int plan_check_annotations(const struct oci_spec *spec, struct err *e);
/* NULL if it is not there. */
const char *plan_annotation(const struct oci_spec *spec, const char *key);
