/* What `events` prints: runc's types/events.go is the form, one line each. */
#pragma once

#include "apply/stats.h"
#include "base/str.h"

/* Both add the whole line. What runc has only for version 1 of cgroups, or never fills, is left out. */
void events_add_stats(struct str *out, const char *id, const struct cgroup_stats *s);
void events_add_oom(struct str *out, const char *id);
