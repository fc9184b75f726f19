/* Namespaces and what belongs to one of them. 0 or -errno, without a message. */
#pragma once

#include <stdint.h>

/* flags: CLONE_NEW*. */
int sys_unshare(uint64_t flags);
/* type: the CLONE_NEW* that fd must be, -EINVAL if it is another. */
int sys_setns(int fd, uint64_t type);

/* Brings the loopback interface of the network namespace up. */
int sys_loopback_up(void);
int sys_set_hostname(const char *name);
int sys_set_domainname(const char *name);
/*
 * A new session keyring of that name, so that the caller's keys stay outside (session-keyring(7)). -EDQUOT: the user
 * has too many, and still has them two seconds later.
 */
int sys_new_session_keyring(const char *name);
