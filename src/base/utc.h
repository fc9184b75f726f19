/* Points in time as text: RFC 3339 in UTC, as runtime.md's states and the engines' logs have them. */
#pragma once

#include <stdbool.h>
#include <time.h>

enum { UTC_TEXT_MAX = 48 };

/* "2026-11-24T15:00:00Z", with nanoseconds "2026-11-24T15:00:00.000000005Z". Any time of 64 bits fits. */
void utc_text(const struct timespec *t, bool nanoseconds, char ret[UTC_TEXT_MAX]);
