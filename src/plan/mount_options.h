/*
 * The mount options of the OCI specification (config.md, "Linux mount options"), as a table. What is not in it belongs
 * to the file system and is handed to fsconfig(2) as it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "plan/plan.h"

struct mount_options {
	struct mount_attrs attrs;
	bool bind, recursive;         /* "bind", "rbind" */
	bool remount;
	bool copy_up;
	bool idmap, idmap_recursive;  /* "idmap", "ridmap" */
	bool source_nofollow, dest_nofollow;
	const char *fs_only;          /* an option that only a new file system can take, NULL: none was given */
	char **fs_options;            /* NULL-terminated */
};

/* Later options override earlier ones, as with mount(8). 0, -EINVAL (an empty option) or -ENOMEM. */
int mount_options_parse(struct arena *a, char *const *options, size_t len, struct mount_options *ret, struct err *e);

/* All names in the table, sorted as the table is, NULL at the end: for `cloister features`. */
const char *const *mount_option_names(void);
