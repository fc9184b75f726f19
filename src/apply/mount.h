/* What the files about mounts share. */
#pragma once

#include "apply/apply.h"

/* Sets attributes and propagation on a mount by its descriptor. */
int mount_set_attrs(int fd, const struct mount_attrs *attrs, struct err *e);
/* Attaches a mount onto dest_fd and explains a failure; dest is for messages. */
int mount_attach(int mount_fd, int dest_fd, const char *dest, struct err *e);
/* Whether the source or an option is too long for fsconfig(2). */
bool mount_is_long(const struct op_mount *m);
/* A detached mount for which it is, with attributes MOUNT_ATTR_*. The caller's mount namespace is its own. */
int mount_make_long(const struct op_mount *m, uint64_t attrs, struct err *e);
/* Fills the tmpfs at to_fd from the directory from_fd (both may be O_PATH): files, links, owners, modes, times. */
int mount_copy_up(int from_fd, int to_fd, struct err *e);
