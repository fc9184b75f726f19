/*
 * Every rule of OCI runtime-spec 1.3 (config.md, config-linux.md) about a config that can be checked without asking
 * the kernel. Where the specification says SHOULD or leaves room, what runc refuses is refused.
 *
 * All return 0, or -EINVAL with a message that begins with the JSON path: "process.cwd: ...".
 */
#pragma once

#include "base/err.h"
#include "oci_spec.h"

/*
 * The whole config. `process` may be absent, since only `start` needs it. A capability that is not known is logged as
 * a warning, as config.md asks for.
 */
int spec_validate(const struct oci_spec *s, struct err *e);

/* A process.json alone: paths in messages begin at the process ("cwd: ..."). */
int spec_validate_process(const struct oci_process *p, struct err *e);

/* linux.resources, and what `update --resources` reads: paths begin at the resources ("cpu.idle: ..."). */
int spec_validate_resources(const struct oci_resources *r, struct err *e);

/*
 * A container id: runc's rule, letters, digits and "_+-." only, not "." or "..", at most 1024 bytes. An id becomes a
 * file name and part of a cgroup path, so this comes before any use.
 */
int spec_check_id(const char *id, struct err *e);
