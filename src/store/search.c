/* Why: see search.h. Reading is the cost, so a byte is looked at about once in 32: from the end of each window. */
#include "store/search.h"

#include <stdlib.h>
#include <string.h>

enum { TAIL = STORE_HASH_LEN - 1 };

struct candidate {
	const char *hash;  /* where it begins in the path */
	bool seen;
};

struct search {
	const struct store *store;
	struct candidate *candidates;  /* sorted by hash */
	size_t candidates_len;
	char seam[2 * TAIL];           /* the end of what came before, at its beginning; room for what comes next */
	size_t tail_len;
};

static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int r = memcmp(x->hash, y->hash, STORE_HASH_LEN);

	if (r == 0)
		r = strlen(x->hash) < strlen(y->hash) ? -1 : strlen(x->hash) > strlen(y->hash);
	return r;
}

static void sort(struct search *s)
{
	size_t kept = 0;

	if (s->candidates_len > 1)
		qsort(s->candidates, s->candidates_len, sizeof *s->candidates, compare);
	for (size_t i = 0; i < s->candidates_len; i++)
		if (kept == 0 || memcmp(s->candidates[i].hash, s->candidates[kept - 1].hash, STORE_HASH_LEN) != 0)
			s->candidates[kept++] = s->candidates[i];
	s->candidates_len = kept;
}

int search_open(struct arena *a, const struct store *s, const struct store_paths *candidates, struct search **ret,
		struct err *e)
{
	struct search *search = arena_alloc(a, sizeof *search);

	if (!search)
		return err_oom(e);
	search->store = s;
	search->candidates = arena_array(a, candidates->len + 1, sizeof *search->candidates);
	if (!search->candidates)
		return err_oom(e);
	for (size_t i = 0; i < candidates->len; i++)
		search->candidates[i].hash = candidates->items[i] + strlen(s->dir) + 1;
	search->candidates_len = candidates->len;
	sort(search);
	*ret = search;
	return 0;
}

static void mark(struct search *s, const char *hash)
{
	size_t low = 0, high = s->candidates_len;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int r = memcmp(hash, s->candidates[middle].hash, STORE_HASH_LEN);

		if (r == 0) {
			s->candidates[middle].seen = true;
			return;
		}
		if (r < 0)
			high = middle;
		else
			low = middle + 1;
	}
}

/* All hashes that lie whole in the bytes. */
static void search_bytes(struct search *s, const char *bytes, size_t len)
{
	size_t i = 0;

	while (len >= STORE_HASH_LEN && i <= len - STORE_HASH_LEN) {
		size_t n = STORE_HASH_LEN;

		/* No hash can hold a character outside the alphabet, so the next window begins behind the last such. */
		while (n > 0 && store_is_base32((unsigned char)bytes[i + n - 1]))
			n--;
		if (n > 0) {
			i += n;
			continue;
		}
		mark(s, bytes + i);
		i++;
	}
}

int search_add(void *data, const void *bytes, size_t len, struct err *e)
{
	struct search *s = data;
	size_t head = len < TAIL ? len : TAIL, all = s->tail_len + head, kept;

	(void)e;
	memcpy(s->seam + s->tail_len, bytes, head);
	search_bytes(s, s->seam, all);
	search_bytes(s, bytes, len);
	if (len >= TAIL) {
		memcpy(s->seam, (const char *)bytes + len - TAIL, TAIL);
		s->tail_len = TAIL;
		return 0;
	}
	kept = all < TAIL ? all : TAIL;
	memmove(s->seam, s->seam + all - kept, kept);
	s->tail_len = kept;
	return 0;
}

void search_break(struct search *s)
{
	s->tail_len = 0;
}

int search_take(struct search *s, struct arena *a, struct store_paths *ret, struct err *e)
{
	int r = 0;

	search_break(s);
	for (size_t i = 0; r == 0 && i < s->candidates_len; i++) {
		if (!s->candidates[i].seen)
			continue;
		s->candidates[i].seen = false;
		r = store_paths_add(a, ret, s->store, s->candidates[i].hash - strlen(s->store->dir) - 1, "scan", e);
	}
	return r;
}
