/*
 * A service with all that belongs to it: its unit file and the drop-ins, in the order in which systemd applies them
 * (systemd.unit(5), "Unit File Load Path").
 */
#pragma once

#include <stdbool.h>

#include "unit/file.h"

struct unit {
	const char *name;           /* "web@one.service"; of an alias the name that it stands for */
	const char *prefix;         /* "web" */
	const char *instance;       /* "one"; NULL: not an instance */
	const char *path;           /* the unit file */
	char **drop_ins;            /* their files, as they are applied; NULL-terminated */
	size_t drop_ins_len;
	struct unit_lines lines;    /* of all of them */
};

/* systemd's own, from the one that wins to the one that loses; NULL-terminated. */
extern const char *const unit_system_dirs[];

/*
 * Loads a service by its name, from the first of the directories that has it; or, if `wanted` has a slash, from that
 * file, and then only with drop-ins that lie beside it. dirs: NULL-terminated, as unit_system_dirs.
 *
 * -EINVAL: not the name of a service, a template without an instance, masked, or not a unit file; -ENOENT.
 */
int unit_load(struct arena *a, const char *wanted, const char *const *dirs, struct unit *ret, struct err *e);

/* "web", "one" of "web@one.service". false: not a service's name. *ret_instance: NULL without "@"; "" of a template. */
bool unit_split_name(struct arena *a, const char *name, const char **ret_prefix, const char **ret_instance);
