/* Why: see namespace.h. */
#include "sys/namespace.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { KEYRING_POLL_MS = 10, KEYRING_WAIT_MS = 2000 };

int sys_unshare(uint64_t flags)
{
	return unshare((int)flags) < 0 ? -errno : 0;
}

int sys_setns(int fd, uint64_t type)
{
	return setns(fd, (int)type) < 0 ? -errno : 0;
}

int sys_loopback_up(void)
{
	_cleanup_close_ int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	/* A kernel without IPv4 has the interface all the same. */
	if (s < 0)
		s = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0 || ioctl(s, SIOCSIFFLAGS, &ifr) < 0)
		return -errno;
	return 0;
}

int sys_set_hostname(const char *name)
{
	return sethostname(name, strlen(name)) < 0 ? -errno : 0;
}

int sys_set_domainname(const char *name)
{
	return setdomainname(name, strlen(name)) < 0 ? -errno : 0;
}

/* A keyring counts until the kernel has tidied up behind its last process: who starts many must wait for that. */
int sys_new_session_keyring(const char *name)
{
	for (int waited = 0;; waited += KEYRING_POLL_MS) {
		if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0)
			return 0;
		if (errno != EDQUOT || waited >= KEYRING_WAIT_MS)
			return -errno;
		usleep(KEYRING_POLL_MS * 1000);
	}
}
