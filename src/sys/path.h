/* Paths that stay where they should: openat2(2) and name checks. -errno without a message. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * path below root_fd as a process sees it whose root that is: ".." and symlinks stay inside, magic links are refused
 * (I3). flags are those of open(2). Returns a descriptor (close-on-exec).
 */
int sys_open_in_root(int root_fd, const char *path, int flags);
/* The same, and no component may be a symlink: -ELOOP. */
int sys_open_in_root_nofollow(int root_fd, const char *path, int flags);
/* path below dir_fd on the same mount, without symlinks or "..": for files in /proc and cgroup trees (I4). */
int sys_open_beneath(int dir_fd, const char *path, int flags);

/* The f_type of statfs(2) of what fd refers to, or -errno. */
long sys_fs_type(int fd);
/* Opens a directory and checks that it is the root of a procfs. */
int sys_open_proc(const char *path);
/* True if fd is the root of its mount. */
bool sys_is_mount_root(int fd);
/*
 * The directory where a file system of that type and magic number is mounted: one of the usual places (ended by NULL),
 * else what the mount table says, which a thousand store paths make long. Returns a descriptor (close-on-exec) or
 * -ENODEV.
 */
int sys_open_mounted(const char *fstype, long magic, const char *const *usual);
