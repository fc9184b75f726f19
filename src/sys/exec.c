/*
 * Why: the last steps before execve(2) must be the plain system calls. The C library would add its own behaviour to
 * some of them (getcwd hides unreachable directories, sigaction refuses its own signals) and has no function for
 * others.
 */
#include "sys/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/result.h"

int sys_set_rlimit(int resource, uint64_t soft, uint64_t hard)
{
	/* The kernel's struct rlimit64, on every architecture; RLIM_INFINITY there is UINT64_MAX. */
	struct { uint64_t soft, hard; } limit = { soft, hard };

	return sys_result(syscall(SYS_prlimit64, 0, resource, &limit, NULL));
}

int sys_set_personality(unsigned long domain)
{
	return sys_result(personality(domain));
}

mode_t sys_umask(mode_t mask)
{
	return umask(mask);
}

int sys_chdir(const char *path)
{
	return sys_result(chdir(path));
}

int sys_getcwd(char *buf, size_t size)
{
	return sys_result(syscall(SYS_getcwd, buf, size));
}

int sys_cloexec_from(unsigned first)
{
	return sys_result(syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC));
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int sys_close_all_but(unsigned first, int *keep, size_t n)
{
	qsort(keep, n, sizeof *keep, compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 0 || (unsigned)keep[i] < first)
			continue;
		if ((unsigned)keep[i] > first && syscall(SYS_close_range, first, keep[i] - 1, 0) < 0)
			return -errno;
		first = (unsigned)keep[i] + 1;
	}
	return sys_result(syscall(SYS_close_range, first, ~0U, 0));
}

int sys_set_cloexec(int fd, bool cloexec)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return -errno;
	return sys_result(fcntl(fd, F_SETFD, cloexec ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC));
}

int sys_fill_standard_streams(void)
{
	struct err ignored;

	return io_fill_standard_streams(&ignored);
}

int sys_give_streams(uid_t uid, gid_t gid)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISFIFO(st.st_mode) && !S_ISREG(st.st_mode) && !S_ISSOCK(st.st_mode))
			continue;
		if (st.st_uid == uid && st.st_gid == gid)
			continue;
		if (fchown(fd, uid, gid) < 0 && errno != EINVAL && errno != EPERM && errno != EROFS)
			return -errno;
	}
	return 0;
}

int sys_reset_signals(void)
{
	/*
	 * The kernel's own struct, all zero: SIG_DFL. The C library hides two signals that it uses itself, which a
	 * caller may have left ignored (make does, through posix_spawn).
	 */
	const struct { unsigned long handler, flags, restorer, mask; } defaults = { 0 };
	sigset_t none;

	/* EINVAL: SIGKILL and SIGSTOP, which have no other disposition. */
	for (int sig = 1; sig < NSIG; sig++)
		if (syscall(SYS_rt_sigaction, sig, &defaults, NULL, sizeof defaults.mask) < 0 && errno != EINVAL)
			return -errno;
	sigemptyset(&none);
	return sys_result(sigprocmask(SIG_SETMASK, &none, NULL));
}

int sys_can_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return sys_result(faccessat(AT_FDCWD, path, X_OK, AT_EACCESS));
}

ssize_t sys_read_head(const char *path, void *buf, size_t size)
{
	/* O_NONBLOCK: a fifo must not hold us up. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return io_read_full(fd, buf, size);
}

int sys_seccomp_load(const struct sock_filter *filter, size_t n, unsigned flags)
{
	struct sock_fprog program = { .len = (unsigned short)n, .filter = (struct sock_filter *)filter };
	long r;

	if (n == 0 || n > BPF_MAXINSNS)
		return -EINVAL;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (r > 0)
		return -ESRCH; /* TSYNC: the number of the thread that could not follow */
	return sys_result(r);
}

int sys_execve(const char *path, char *const *argv, char *const *envp)
{
	return sys_result(execve(path, argv, envp));
}
