/*
 * Credentials of the calling thread: groups, ids, capabilities, and the prctl(2) switches that guard them. Every
 * function returns 0 or -errno and gives no message: the caller knows what it was doing. See capabilities(7),
 * credentials(7).
 *
 * A set of capabilities is a 64-bit mask: bit N is capability number N.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct sys_caps {
	uint64_t effective;
	uint64_t permitted;
	uint64_t inheritable;
};

/* Replaces the supplementary groups; n may be 0. -EPERM where the user namespace denies setgroups. */
int sys_set_groups(const gid_t *gids, size_t n);
/* Sets real, effective and saved id. */
int sys_set_gid(gid_t gid);
int sys_set_uid(uid_t uid);

/* PR_SET_KEEPCAPS: whether the permitted set survives a change from uid 0 to another. Cleared by execve. */
int sys_keep_caps(bool keep);
/* PR_SET_DUMPABLE: whether others with the same uid may trace the process or open its files in /proc. */
int sys_set_dumpable(bool dumpable);
int sys_set_no_new_privs(void);

int sys_caps_get(struct sys_caps *ret);
int sys_caps_set(const struct sys_caps *caps);

/* The bounding set that is in force, and the number of capabilities that this kernel knows (NULL: not asked for). */
int sys_bounding_get(uint64_t *ret, unsigned *ret_known);
/* -EINVAL: the kernel does not know that capability. */
int sys_bounding_drop(unsigned cap);

int sys_ambient_clear(void);
int sys_ambient_raise(unsigned cap);
