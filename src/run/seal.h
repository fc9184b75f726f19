/* Keeping the runtime's own binary out of reach (I7). */
#pragma once

#include "base/err.h"

/*
 * If the caller could write to this program's file, a container with the caller's ids could too, through
 * /proc/PID/exe (CVE-2019-5736). The program then starts itself again from a read-only place: a detached read-only
 * mount of its file, or a sealed copy in memory where mounting is not allowed. Returns 0 when that is done or not
 * needed. To be called before anything else is done: it does not return where it starts the program again.
 */
int seal_binary(struct err *e);
