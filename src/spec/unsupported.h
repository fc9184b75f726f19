/*
 * What this version reads but does not apply. It is refused, never ignored: a config that asks for a limit or a label
 * must not run without it. Applying something means to remove its row in unsupported.c.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "oci_spec.h"

/* What depends on how and where the runtime was called. */
struct spec_support {
	bool systemd_cgroup;  /* --systemd-cgroup was given */
};

/*
 * Device rules are nothing to refuse where the kernel makes no device nodes usable anyway: in a user namespace other
 * than the initial one, the caller's or the container's own.
 * Returns 0, or -ENOTSUP: "linux.resources.rdma: is not supported by this version".
 */
int spec_check_supported(const struct oci_spec *s, const struct spec_support *have, struct err *e);

/* False if a property is refused wherever it is asked for: what `features` says. path: "linux.resources.rdma". */
bool spec_applies(const char *path);
