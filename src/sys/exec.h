/*
 * What a process changes about itself on its way to execve(2): limits, execution domain, working directory,
 * descriptors, signals, the filter of its system calls. Every function returns 0 or -errno and gives no message.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* resource: RLIMIT_*. A limit of UINT64_MAX is "unlimited". */
int sys_set_rlimit(int resource, uint64_t soft, uint64_t hard);
/* domain: PER_LINUX, PER_LINUX32. */
int sys_set_personality(unsigned long domain);
mode_t sys_umask(mode_t mask);

int sys_chdir(const char *path);
/*
 * The working directory as the kernel names it, so that "(unreachable)/..." for a directory outside the root is seen;
 * getcwd(3) hides that. size holds the NUL.
 */
int sys_getcwd(char *buf, size_t size);

/* Every descriptor >= first becomes close-on-exec. */
int sys_cloexec_from(unsigned first);
/* Closes all descriptors from `first` on but those in `keep`, which may hold -1 and is sorted by it. */
int sys_close_all_but(unsigned first, int *keep, size_t n);
/* -EBADF if it is not open. */
int sys_set_cloexec(int fd, bool cloexec);
/* Opens /dev/null of the current root in place of each of 0, 1 and 2 that is closed. */
int sys_fill_standard_streams(void);

/*
 * Gives those of 0, 1 and 2 that are files, pipes or sockets to a user. What cannot be given away (ids that are not
 * mapped here, a read-only file system) stays as it is.
 */
int sys_give_streams(uid_t uid, gid_t gid);

/* Default dispositions for all signals, none blocked. */
int sys_reset_signals(void);

/* 0 if path is a regular file that the caller may execute; a directory is -EACCES, as it is to execve(2). */
int sys_can_execute(const char *path);
/* The first bytes of a regular file. Returns their count or -errno. */
ssize_t sys_read_head(const char *path, void *buf, size_t size);

/* flags: SECCOMP_FILTER_FLAG_*. Needs no_new_privs or CAP_SYS_ADMIN: -EACCES without. Cannot be undone. */
int sys_seccomp_load(const struct sock_filter *filter, size_t n, unsigned flags);

/* Returns only on failure. */
int sys_execve(const char *path, char *const *argv, char *const *envp);
