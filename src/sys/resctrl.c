/* Why: like cgroups, it has a usual place, and may be mounted somewhere else. */
#include "sys/resctrl.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/path.h"

/* RDTGROUP_SUPER_MAGIC, which not every <linux/magic.h> has. */
#define RESCTRL_MAGIC 0x7655821

static int open_if_resctrl(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return sys_fs_type(fd) == RESCTRL_MAGIC ? take_fd(&fd) : -ENODEV;
}

int sys_resctrl_open(void)
{
	int fd = open_if_resctrl("/sys/fs/resctrl");
	struct mntent *entry;
	FILE *table;

	if (fd >= 0)
		return fd;
	table = setmntent("/proc/self/mounts", "re");
	if (!table)
		return -ENODEV;
	fd = -ENODEV;
	while (fd < 0 && (entry = getmntent(table)))
		if (strcmp(entry->mnt_type, "resctrl") == 0)
			fd = open_if_resctrl(entry->mnt_dir);
	endmntent(table);
	return fd < 0 ? -ENODEV : fd;
}
