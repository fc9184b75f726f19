/* Signal names for `kill`. */
#pragma once

#include "base/err.h"

/* TERM, SIGTERM, sigterm, RTMIN+3, RTMAX-1 or a number from 0 to SIGRTMAX. */
int cli_parse_signal(const char *text, int *ret, struct err *e);
