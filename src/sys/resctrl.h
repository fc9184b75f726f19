/* The resctrl file system: Documentation/arch/x86/resctrl.rst. -errno without a message. */
#pragma once

/* A descriptor of its root (close-on-exec, the caller's). -ENODEV: it is not mounted. */
int sys_resctrl_open(void);
