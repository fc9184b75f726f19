/*
 * The container's cgroup after it was made: OP_CGROUP made it and wrote its owner on it. A cgroup that bears
 * another name, or none, is somebody else's: nothing in it is ever killed, whatever the record of a container says.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Whose cgroup it is: ids are unique within a state root only. */
struct cgroup_owner {
	const char *state_root;
	const char *id;
};

/* Marks a cgroup as the owner's. -EBUSY: it is another's. */
int cgroup_claim(int fd, const char *path, const struct cgroup_owner *owner, struct err *e);

/* True if there are processes in it, and it is the owner's. */
bool cgroup_holds_any(const char *path, const struct cgroup_owner *owner);
/*
 * Sends a signal to every process in the cgroup and below it; they cannot fork away meanwhile. SIGKILL reaches all
 * of them at once. 0 also if there is none: engines send signals to all after the first process has died.
 */
int cgroup_signal(const char *path, const struct cgroup_owner *owner, int signal, struct err *e);

/* Kills what is left in it and removes it, with all below. 0 also if it is gone already, or not the owner's. */
int cgroup_destroy(const char *path, const struct cgroup_owner *owner, struct err *e);

/*
 * Stops every process in it, or lets them go on; returns when all have stopped. -ENOENT: there is none, or it is
 * not the owner's.
 */
int cgroup_freeze(const char *path, const struct cgroup_owner *owner, bool freeze, struct err *e);
/*
 * 1: it is frozen, or about to be; 0: it is not, or there is none. all: the cgroup2 mount, for who asks about many; -1:
 * it is looked for.
 */
int cgroup_is_frozen(int all, const char *path, const struct cgroup_owner *owner, struct err *e);

/*
 * A descriptor for CLONE_INTO_CGROUP: of the cgroup itself, or of one below it, which must exist. -ENOENT as above.
 */
int cgroup_enter(const char *path, const struct cgroup_owner *owner, const char *below, int *ret_fd, struct err *e);

/* Calls visit for each process in it and below; stops when it returns other than 0. -ENOENT as above. */
int cgroup_each_pid(const char *path, const struct cgroup_owner *owner, int (*visit)(pid_t pid, void *data), void *data,
		    struct err *e);
