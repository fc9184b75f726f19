/* The filter of system calls: config-linux.md "Seccomp". What libseccomp is to be told, in full, as plain data. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "oci_spec.h"

struct plan_seccomp_rule {
	const char *name;             /* of the system call: letters, digits and "_" only */
	enum oci_seccomp_action action;
	uint32_t errno_ret;           /* of the actions ERRNO and TRACE, else 0 */
	const struct oci_syscall_arg *args;   /* all must hold; no two with the same index */
	size_t args_len;
};

struct plan_seccomp {
	enum oci_seccomp_action default_action;
	uint32_t default_errno;
	const enum oci_seccomp_arch *archs;   /* besides the machine's own */
	size_t archs_len;
	unsigned flags;               /* SECCOMP_FILTER_FLAG_* of seccomp(2) */
	struct plan_seccomp_rule *rules;
	size_t rules_len;
	bool notify;                  /* an action is NOTIFY: there is an OP_SECCOMP_LISTENER */
	const char *metadata;         /* for the listener; NULL: none */
};

/* SECCOMP_FILTER_FLAG_* of seccomp(2); 0 for a flag that is not supported. */
unsigned plan_seccomp_flag(enum oci_seccomp_flag flag);

/*
 * All of it on one line, with a space in front: the default, then the rules, those of one action and condition
 * together. Two filters print the same only if they are the same, so the text also serves as the key of the
 * compiled filter.
 */
void plan_seccomp_print(const struct plan_seccomp *filter, struct str *out);
