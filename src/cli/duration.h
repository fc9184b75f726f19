/* Times as Go's time.ParseDuration reads them: "5s", "1m30s", "1.5h", "250ms". */
#pragma once

#include <stdint.h>

/* In milliseconds, rounded up, so that a short time is not none. -EINVAL: it is none, 0, or longer than 49 days. */
int duration_parse(const char *text, unsigned *ret_ms);
