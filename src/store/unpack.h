/*
 * From an archive to files as a store has them: mode 0444 or 0555, the time 1970-01-01 00:00:01, the caller's own, with
 * no other attribute. Nothing but new files is written.
 */
#pragma once

#include "store/sink.h"

struct unpack;

/*
 * Unpacks into dirfd/name, which must not exist. `shown` is its name for messages; dirfd and the strings must live as
 * long. Files have their final modes but for folders' write permission and time, which unpack_end gives.
 */
int unpack_open(int dirfd, const char *name, const char *shown, struct unpack **ret, struct err *e);
/* Takes the archive; `data` is the struct unpack. */
int unpack_add(void *data, const void *bytes, size_t len, struct err *e);
/* To be called at the end of the archive. */
int unpack_end(struct unpack *u, struct err *e);
/* Closes everything. What was written stays, also a part. */
void unpack_close(struct unpack *u);

static inline void unpack_closep(struct unpack **u)
{
	unpack_close(*u);
}
#define _cleanup_unpack_ __attribute__((cleanup(unpack_closep)))
