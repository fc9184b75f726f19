/* What `cloister features` prints: features.md and features-linux.md of the OCI runtime-spec. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci_spec.h"

/* What only those know who implement it; each list from the table that does the work. */
struct spec_implemented {
	const char *const *mount_options;
	size_t mount_options_len;
	const char *const *capabilities;
	size_t capabilities_len;
	const enum oci_seccomp_arch *seccomp_archs;
	size_t seccomp_archs_len;
	const enum oci_seccomp_flag *seccomp_flags;  /* that can be set with this libseccomp */
	size_t seccomp_flags_len;
	const char *libseccomp_version;              /* NULL: not said */
};

/* The lists are used as they are, so they must live as long as the result. -ENOMEM is the only failure. */
int spec_features(struct arena *a, const struct spec_implemented *have, struct oci_features **ret, struct err *e);
