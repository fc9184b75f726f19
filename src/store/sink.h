/*
 * Where bytes go. Sinks are chained: an archive is read once, and on its way it is hashed, searched for references,
 * rewritten and unpacked.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct sink {
	/* Takes all the bytes, or fails with a message. */
	int (*add)(void *data, const void *bytes, size_t len, struct err *e);
	void *data;
};

static inline int sink_add(const struct sink *s, const void *bytes, size_t len, struct err *e)
{
	return s->add(s->data, bytes, len, e);
}
