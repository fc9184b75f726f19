/* Names of resource limits: getrlimit(2), config.md "rlimits". */
#pragma once

/* "RLIMIT_NOFILE" -> RLIMIT_NOFILE; -1: unknown. */
int spec_rlimit_number(const char *name);
