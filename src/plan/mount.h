/* What mount.c and lock.c share. Private to plan/. */
#pragma once

#include "plan/build.h"
#include "plan/mount_options.h"

struct mount_entry {
	const struct oci_mount *mount;
	size_t index;
	const char *dest;
	struct mount_options options;
	bool locked;
};

/* Those of the entries that stay behind when the locked ones are moved up: few, where the others may be thousands. */
struct mounts_unmoved {
	const struct mount_entry **items;
	size_t len;
};

/*
 * lock.c: sets m->locked, or adds m to the others. It takes the mounts in their order. -EINVAL for a store path that
 * cannot be locked.
 */
int mount_decide_lock(const struct build *b, struct mounts_unmoved *u, struct mount_entry *m, struct err *e);
/* lock.c: outer's operations for all that are locked. */
void mount_add_locked(struct build *b, const struct mount_entry *entries, size_t len);

/* mount.c: the operations that bind one mount's source. */
void mount_add_bind(struct build *b, const struct mount_entry *m, enum plan_stage stage);
