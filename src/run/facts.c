/* Why: plan/ is pure, so what it must know of the host is read here, once. */
#include "run/facts.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/cgroup.h"
#include "sys/creds.h"
#include "sys/path.h"

/* PROC_USER_INIT_INO of the kernel: the inode number that the first user namespace has on every boot. */
enum { INITIAL_USERNS_INODE = 0xEFFFFFFDu };

static int read_text(struct arena *a, int proc_fd, const char *path, char **ret, struct err *e)
{
	_cleanup_close_ int fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "open /proc/%s", path);
	return io_read_fd(a, fd, path, 64 * 1024, ret, NULL, e);
}

/* As libapparmor and libselinux find it out. Where /sys is not to be seen, neither can be used. */
static bool has_apparmor(void)
{
	_cleanup_close_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
	char answer;

	return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

static bool has_selinux(void)
{
	_cleanup_close_ int fd = open("/sys/fs/selinux", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && sys_fs_type(fd) == SELINUX_MAGIC;
}

int facts_read(struct arena *a, int proc_fd, struct plan_facts *ret, struct err *e)
{
	struct plan_facts f = {
		.euid = geteuid(), .egid = getegid(), .apparmor = has_apparmor(), .selinux = has_selinux(),
	};
	struct sys_caps caps;
	struct stat st;
	char *text;
	int r;

	r = sys_caps_get(&caps);
	if (r < 0)
		return err_sys(e, -r, "read the caller's capabilities");
	f.privileged = caps.effective & (UINT64_C(1) << CAP_SYS_ADMIN);
	if (fstatat(proc_fd, "self/ns/user", &st, 0) < 0)
		return err_sys(e, errno, "look at /proc/self/ns/user (does this kernel have user namespaces?)");
	f.initial_userns = st.st_ino == INITIAL_USERNS_INODE;
	r = read_text(a, proc_fd, "self/setgroups", &text, e);
	if (r < 0)
		return r;
	f.setgroups_denied = strncmp(text, "deny", 4) == 0;
	r = read_text(a, proc_fd, "sys/kernel/cap_last_cap", &text, e);
	if (r < 0)
		return r;
	f.last_cap = (unsigned)strtoul(text, NULL, 10);
	r = sys_bounding_get(f.last_cap, &f.bounding);
	if (r < 0)
		return err_sys(e, -r, "read the capability bounding set");
	r = sys_cgroup_own(a, proc_fd, &f.own_cgroup, e);
	if (r < 0)
		return r;
	*ret = f;
	return 0;
}
