/* Why: like cgroups, it has a usual place, and may be mounted somewhere else. */
#include "sys/resctrl.h"


#include "base/cleanup.h"
#include "sys/path.h"

/* RDTGROUP_SUPER_MAGIC, which not every <linux/magic.h> has. */
#define RESCTRL_MAGIC 0x7655821

int sys_resctrl_open(void)
{
	static const char *const usual[] = { "/sys/fs/resctrl", NULL };

	return sys_open_mounted("resctrl", RESCTRL_MAGIC, usual);
}
