/* The container's root, and paths below it: descriptors only (I3). Messages name the path as the container sees it. */
#pragma once

#include "apply/apply.h"

/* O_PATH of an existing path. -ENOENT and -ENOTDIR come without a message: for some callers they are no error. */
int rootfs_open(struct apply *ctx, const char *path, bool nofollow);
/* O_PATH of a mount point, made if it is missing: a directory, or an empty file. Parents are made as well. */
int rootfs_mount_point(struct apply *ctx, const char *path, bool directory, bool nofollow, int *ret, struct err *e);
/* The same for a file whose parent rootfs_parent finds; its last component is never followed. */
int rootfs_file_point(struct apply *ctx, const char *path, int *ret, struct err *e);
/* The same for a directory, which no symlink may lead to: -ELOOP without a message. */
int rootfs_plain_mount_point(struct apply *ctx, const char *path, int *ret, struct err *e);
/*
 * The directory that holds `path`, made if missing; *ret_name is the last component. The descriptor is the context's,
 * which keeps it for the next path in the same directory: /dev has a dozen of them.
 */
int rootfs_parent(struct apply *ctx, const char *path, int *ret_fd, const char **ret_name, struct err *e);

/* What was mounted on "/" is the root from now on. */
int rootfs_replace(struct apply *ctx, int root_fd, struct err *e);
