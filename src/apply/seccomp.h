/* The compiled filter of system calls, on its way from OP_SECCOMP_BUILD in the runtime to OP_SECCOMP in init. */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "plan/seccomp.h"

struct seccomp_program {
	struct sock_filter *filter;   /* in the arena */
	size_t len;                   /* instructions */
};

/* Compiles it with libseccomp. What is no system call of this machine is left out. */
int seccomp_compile(struct arena *a, const struct plan_seccomp *filter, struct seccomp_program *ret, struct err *e);

/*
 * The same from the cache in the directory `state_root`/.seccomp-cache, or into it. Only files of the caller's own that
 * nobody else can write are read; anything wrong with the cache costs time, never correctness.
 */
int seccomp_compile_cached(struct arena *a, const char *state_root, const struct plan_seccomp *filter,
			   struct seccomp_program *ret, struct err *e);

/* For `cloister features`: what this libseccomp can do. The version lies in the arena; NULL: not known. */
bool seccomp_knows_arch(enum oci_seccomp_arch arch);
char *seccomp_library_version(struct arena *a);
