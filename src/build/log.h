/* Where the output of a builder is written. */
#pragma once

#include "build/options.h"

/*
 * Creates the log file of a derivation, with its folders: DIR/HASH-NAME.drv.log, or where `nix log` and `guix build
 * --log-file` look: STATE/log/nix/drvs/HA/SH-NAME.drv. *ret_file: its path.
 */
int build_log_open(struct arena *a, const struct build_options *o, const char *drv, int *ret_fd, char **ret_file,
		   struct err *e);
