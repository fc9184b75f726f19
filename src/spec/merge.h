/* What `update` makes of the resources that a container has. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci_spec.h"

/*
 * The resources `have` (NULL: none), changed as `asked` says: what is absent, 0 or empty there stays as it is, but for
 * pids.limit, cpu.idle and cpu.burst, where 0 means something. Devices, huge pages and files that both name are
 * replaced one by one. Device rules stay: `asked->devices` is not looked at. Shares memory with both. -ENOMEM is the
 * only failure.
 */
int spec_merge_resources(struct arena *a, const struct oci_resources *have, const struct oci_resources *asked,
			 struct oci_resources **ret, struct err *e);

/*
 * The group of resctrl `have`, with other schemata (NULL: as they are). -EINVAL: `have` is NULL, or a schema is none;
 * the message begins with the option's name.
 */
int spec_merge_rdt(struct arena *a, const struct oci_intel_rdt *have, const char *l3_cache, const char *mem_bw,
		   struct oci_intel_rdt **ret, struct err *e);
