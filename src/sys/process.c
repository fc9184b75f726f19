/* Why: see process.h. */
#include "sys/process.h"

#include <errno.h>
#include <linux/sched.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t sys_clone(const struct sys_clone *c, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = c->flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* With CLONE_PARENT the signal is the one that the caller itself sends to its parent (clone(2)). */
		.exit_signal = c->flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (c->cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)c->cgroup_fd;
	}
	long pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0)
		return -errno;
	*ret_pidfd = pidfd;
	return (pid_t)pid;
}

pid_t sys_fork_sibling(pid_t *ret_pid)
{
	unsigned long flags = CLONE_PARENT | CLONE_PARENT_SETTID | SIGCHLD;
#ifdef __s390x__
	long pid = syscall(SYS_clone, 0, flags, ret_pid, NULL, 0);
#else
	long pid = syscall(SYS_clone, flags, 0, ret_pid, NULL, 0);
#endif

	return pid < 0 ? -errno : (pid_t)pid;
}

int sys_new_session(void)
{
	return setsid() < 0 ? -errno : 0;
}

int sys_pidfd_open(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	/*
	 * EINVAL: there is no such process, but a session or process group that still bears its number (before
	 * Linux 6.9).
	 */
	return fd < 0 ? errno == EINVAL ? -ESRCH : -errno : (int)fd;
}

int sys_pidfd_kill(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

int sys_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

int sys_die_with_parent(bool die)
{
	return prctl(PR_SET_PDEATHSIG, die ? SIGKILL : 0) < 0 ? -errno : 0;
}

int sys_set_name(const char *name)
{
	return prctl(PR_SET_NAME, name) < 0 ? -errno : 0;
}

int sys_set_subreaper(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ? -errno : 0;
}

void sys_trim_heap(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
