/* Processes: clone3(2), pidfds, waiting. -errno without a message. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct sys_clone {
	uint64_t flags;               /* CLONE_NEW*, CLONE_PARENT */
	int cgroup_fd;                /* the child starts in this cgroup; -1: in the caller's */
};

/* fork(2) with flags: 0 in the child; in the parent the pid, and *ret_pidfd (close-on-exec). */
pid_t sys_clone(const struct sys_clone *c, int *ret_pidfd);

/*
 * A plain child of the caller's parent: 0 in it, its pid in the caller, which is also written to *ret_pid. By clone(2),
 * the older call, which filters of system calls allow more often than clone3(2).
 */
pid_t sys_fork_sibling(pid_t *ret_pid);
/* A new session, led by the caller. */
int sys_new_session(void);

int sys_pidfd_open(pid_t pid);
/* -ESRCH: it is dead (a zombie counts as alive). */
int sys_pidfd_kill(int pidfd, int signal);
/* Waits for our child. Returns its status as waitpid(2) gives it, or -errno. */
int sys_wait(pid_t pid);

/* Whether the caller dies when its parent does (PR_SET_PDEATHSIG); lost when credentials change. */
int sys_die_with_parent(bool die);
int sys_set_name(const char *name);
/* What was freed goes back to the kernel, as far as the C library can do that. */
void sys_trim_heap(void);
/* Orphaned grandchildren become our children (PR_SET_CHILD_SUBREAPER). */
int sys_set_subreaper(void);
