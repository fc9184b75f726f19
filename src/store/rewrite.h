/*
 * Replacing one text by another of the same length in a stream, as is done to the hash of a content-addressed output,
 * which is known only after the output is built. A text may lie across the pieces of the stream.
 */
#pragma once

#include <stdint.h>

#include "store/sink.h"

enum { REWRITE_MAX = 64 };

struct rewrite {
	const char *from, *to;   /* len bytes each */
	size_t len;
	struct sink next;
	/* Told of each place, in order; may be NULL. */
	int (*found)(void *data, uint64_t offset, struct err *e);
	void *found_data;

	/* its own */
	unsigned char kept[REWRITE_MAX];
	size_t kept_len;
	uint64_t offset;         /* of kept[0] in the stream */
};

/* Takes bytes (`data` is the struct rewrite) and gives on what can hold no part of the text any more. */
int rewrite_add(void *data, const void *bytes, size_t len, struct err *e);
/* Gives on the rest. */
int rewrite_end(struct rewrite *w, struct err *e);
