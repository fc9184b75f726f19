/*
 * The mount API by descriptors: open_tree(2), move_mount(2), fsopen(2), mount_setattr(2). Every function returns a
 * descriptor (close-on-exec, the caller's) or 0, else -errno, and gives no message.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A detached copy of the mount at path, with all below it if recursive. Its flags stay as they were. */
int sys_clone_tree(int dirfd, const char *path, bool recursive, bool nofollow);
/* The same for what fd refers to. */
int sys_clone_tree_fd(int fd, bool recursive);
/* Attaches a detached mount onto what to_fd refers to. */
int sys_attach(int mount_fd, int to_fd);
/* Attaches onto one component below a directory, which is not followed if it is a symlink. */
int sys_attach_at(int mount_fd, int dirfd, const char *name);
/* Unmounts what mount_fd is the root of, lazily. The working directory is cwd_fd afterwards. */
int sys_detach(int mount_fd, int cwd_fd);

/* set, clear: MOUNT_ATTR_*; propagation: MS_PRIVATE and so on, 0: leave. */
int sys_mount_setattr(int fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation);

/* The ids of files on the mount, which was never attached, are mapped as the user namespace has it. */
int sys_mount_idmap(int fd, bool recursive, int userns_fd);

/* A new file system context, its options, and the detached mount of it with attributes MOUNT_ATTR_*. */
int sys_fs_open(const char *fstype);
/* value NULL: a flag. */
int sys_fs_set(int fs, const char *name, const char *value);
int sys_fs_create(int fs);
int sys_fs_mount(int fs, uint64_t attrs);
/* The kernel's own words about the last failure on this context; "" if it has none. */
void sys_fs_message(int fs, char *buf, size_t size);

/*
 * A detached mount by mount(2), for options that fsconfig(2) does not take: comma-separated in data. For a moment it
 * covers /proc in the caller's mount namespace, which must be its own.
 */
int sys_mount_aside(const char *fstype, const char *source, const char *data);

/* The SELinux context of the root of a mount. */
int sys_set_label(int mount_fd, const char *label);

/* The working directory becomes "/"; the old root is detached, with nothing of it propagated to the host. */
int sys_pivot_to_cwd(void);
