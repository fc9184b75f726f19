/* Why: see rewrite.h. */
#include "store/rewrite.h"

#include <string.h>

enum { PIECE = 64 * 1024 };

/* Replaces in a buffer that may be written; matches do not overlap. Gives on all but the last `keep` bytes. */
static int replace(struct rewrite *w, unsigned char *buffer, size_t len, size_t keep, struct err *e)
{
	unsigned char *p = buffer, *end = buffer + len;
	size_t done;
	int r = 0;

	while (r == 0 && (p = memmem(p, (size_t)(end - p), w->from, w->len))) {
		memcpy(p, w->to, w->len);
		if (w->found)
			r = w->found(w->found_data, w->offset + (uint64_t)(p - buffer), e);
		p += w->len;
	}
	done = len > keep ? len - keep : 0;
	if (r == 0 && done)
		r = sink_add(&w->next, buffer, done, e);
	memcpy(w->kept, buffer + done, len - done);
	w->kept_len = len - done;
	w->offset += done;
	return r;
}

int rewrite_add(void *data, const void *bytes, size_t len, struct err *e)
{
	struct rewrite *w = data;
	const unsigned char *p = bytes;
	int r = 0;

	while (r == 0 && len > 0) {
		unsigned char buffer[REWRITE_MAX + PIECE];
		size_t n = len < PIECE ? len : PIECE, before = w->kept_len;

		memcpy(buffer, w->kept, before);
		memcpy(buffer + before, p, n);
		r = replace(w, buffer, before + n, w->len - 1, e);
		p += n;
		len -= n;
	}
	return r;
}

int rewrite_end(struct rewrite *w, struct err *e)
{
	size_t len = w->kept_len;

	w->kept_len = 0;
	w->offset += len;
	return len ? sink_add(&w->next, w->kept, len, e) : 0;
}
