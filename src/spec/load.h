/* From a bundle directory to a checked config. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci_spec.h"

/*
 * Reads a config.json, which must be a regular file of at most 16 MiB, and checks it (spec_validate). path is below the
 * bundle, the directory bundle_fd, if it is not absolute. A host or domain name, a namespace's path, a mount's type or
 * source and a cgroup path that are "" become NULL. Everything lies in the arena. Returns 0 or -errno.
 */
int spec_load(struct arena *a, int bundle_fd, const char *path, struct oci_spec **ret, struct err *e);

/* The same for a process.json, as `exec --process` takes it, which may be a pipe; path is below dirfd, or AT_FDCWD. */
int spec_read_process(struct arena *a, int dirfd, const char *path, struct oci_process **ret, struct err *e);

/*
 * Both for a text that is in memory already and need not end in NUL, as fuzzers have it. Messages begin with `name`.
 */
int spec_parse(struct arena *a, const char *name, const char *json, size_t len, struct oci_spec **ret, struct err *e);
int spec_parse_process(struct arena *a, const char *name, const char *json, size_t len, struct oci_process **ret,
		       struct err *e);
