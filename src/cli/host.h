/* What commands need from the machine: the default state root, procfs, and who owns a container. */
#pragma once

#include "cli/cli.h"
#include "oci_spec.h"

/*
 * The container's state as `state` and `list` show it, with rootfs, creation time and owner. Takes no lock, so it never
 * waits for another command. -ENOENT: no such container; -ENODATA: there is no record yet, see state_read.
 */
int cli_describe(struct cli *c, const char *root, const char *id, struct oci_state *ret, struct err *e);

struct state_dir;

/* The same for many: dir, STATE_DIR_INIT at first and the caller's to close, keeps the state root open. */
int cli_describe_next(struct cli *c, const char *root, struct state_dir *dir, const char *id, struct oci_state *ret,
		      struct err *e);
