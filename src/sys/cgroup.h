/*
 * The cgroup2 file system, by descriptors. A cgroup's path begins with "/", the root of the cgroup2 mount. cgroups(7),
 * Documentation/admin-guide/cgroup-v2.rst. -errno without a message, unless there is an `e`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* The caller's own cgroup, in the arena; NULL where no cgroup2 is mounted, or it lies outside of what is mounted. */
int sys_cgroup_own(struct arena *a, int proc_fd, const char **ret, struct err *e);

/* The cgroup of another process, as it is seen from ours; NULL: in none of version 2. */
int sys_cgroup_of(struct arena *a, int proc_fd, pid_t pid, const char **ret, struct err *e);

/* A cgroup that exists. Returns a descriptor of its directory (close-on-exec), -ENODEV without cgroup2. */
int sys_cgroup_open(const char *path);
/* The same for one below a cgroup; nothing in path leads out of it. */
int sys_cgroup_open_below(int fd, const char *path);
/* The same as the first, made where it is missing, with its parents. *ret_made: the cgroup itself was made now. */
int sys_cgroup_make(const char *path, bool *ret_made);

/* A note on a cgroup, which stays as long as it does, for what owns it. -EEXIST: there is one. */
int sys_cgroup_mark(int fd, const char *text);
/* -ENODATA: there is no note. */
int sys_cgroup_read_mark(int fd, char *buf, size_t size);

/* True if the caller may move processes into it. */
bool sys_cgroup_may_enter(int fd);
/* Writes a whole value to a file of a cgroup, or reads one. */
int sys_cgroup_write(int fd, const char *file, const char *value);
int sys_cgroup_read(int fd, const char *file, char *buf, size_t size);
/* 1 or 0, as such a file says it, of the cgroup `path` below the cgroup2 mount. */
int sys_cgroup_read_flag(int mount, const char *path, const char *file);

/* 1 if there is a process in it or below it, 0 if not. */
int sys_cgroup_populated(int fd);
/* Waits until there is none. -ETIMEDOUT. */
int sys_cgroup_wait_empty(int fd, int timeout_ms);

/* Waits until all processes in it and below it are frozen, or none is any more. -ETIMEDOUT. */
int sys_cgroup_wait_frozen(int fd, bool frozen, int timeout_ms);

/* Calls visit for each process in the cgroup and below; stops when it returns other than 0, and returns that. */
int sys_cgroup_each_pid(int fd, int (*visit)(pid_t pid, void *data), void *data);

/*
 * Removes an empty cgroup; recursive: with those below it. So are parents that sys_cgroup_make has made and that
 * are empty now. 0 also if there is none. -EBUSY: it is not empty.
 */
int sys_cgroup_remove(const char *path, bool recursive);
