/* The lines of ps(1) that are about some processes. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* Adds the heading and the lines whose column PID holds one of the pids. -EINVAL: there is no such column. */
int cli_ps_filter(struct str *out, const char *text, const pid_t *pids, size_t len, struct err *e);
