/* The config that `cloister spec` writes: a shell in rootfs/, with its own namespaces and hardly a capability. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "oci_spec.h"

/*
 * As root. It passes spec_validate. NULL: out of memory. Everything lies in the arena; the strings and lists of the
 * defaults themselves are constants, so a caller replaces them and never writes into them.
 */
struct oci_spec *spec_default(struct arena *a);

/* For a user who is not root: a user namespace in which 0 is that user, and the host's network. */
struct oci_spec *spec_default_rootless(struct arena *a, uid_t uid, gid_t gid);
