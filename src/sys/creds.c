/*
 * Why: the C library has no calls for capability sets, and its setresuid and setgroups signal all threads to follow
 * suit. A runtime has one thread, and drops its privileges at a moment when it wants exactly the call that it
 * wrote.
 */
#include "sys/creds.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/result.h"

int sys_set_groups(const gid_t *gids, size_t n)
{
	return sys_result(syscall(SYS_setgroups, n, n ? gids : NULL));
}

int sys_set_gid(gid_t gid)
{
	return sys_result(syscall(SYS_setresgid, gid, gid, gid));
}

int sys_set_uid(uid_t uid)
{
	return sys_result(syscall(SYS_setresuid, uid, uid, uid));
}

int sys_keep_caps(bool keep)
{
	return sys_result(prctl(PR_SET_KEEPCAPS, keep ? 1L : 0L, 0L, 0L, 0L));
}

int sys_set_dumpable(bool dumpable)
{
	return sys_result(prctl(PR_SET_DUMPABLE, dumpable ? 1L : 0L, 0L, 0L, 0L));
}

int sys_set_no_new_privs(void)
{
	return sys_result(prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L));
}

int sys_caps_get(struct sys_caps *ret)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	int r;

	r = sys_result(syscall(SYS_capget, &header, data));
	if (r < 0)
		return r;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int sys_caps_set(const struct sys_caps *caps)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(caps->effective >> (32 * i));
		data[i].permitted = (uint32_t)(caps->permitted >> (32 * i));
		data[i].inheritable = (uint32_t)(caps->inheritable >> (32 * i));
	}
	return sys_result(syscall(SYS_capset, &header, data));
}

int sys_bounding_get(uint64_t *ret, unsigned *ret_known)
{
	unsigned cap;

	*ret = 0;
	for (cap = 0; cap < 64; cap++) {
		int n = prctl(PR_CAPBSET_READ, (unsigned long)cap, 0L, 0L, 0L);

		if (n < 0 && errno == EINVAL)
			break;
		if (n < 0)
			return -errno;
		if (n)
			*ret |= UINT64_C(1) << cap;
	}
	if (ret_known)
		*ret_known = cap;
	return 0;
}

int sys_bounding_drop(unsigned cap)
{
	return sys_result(prctl(PR_CAPBSET_DROP, (unsigned long)cap, 0L, 0L, 0L));
}

int sys_ambient_clear(void)
{
	return sys_result(prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_CLEAR_ALL, 0L, 0L, 0L));
}

int sys_ambient_raise(unsigned cap)
{
	return sys_result(prctl(PR_CAP_AMBIENT, (unsigned long)PR_CAP_AMBIENT_RAISE, (unsigned long)cap, 0L, 0L));
}
