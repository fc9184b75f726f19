/* Why: ownership without bookkeeping. See arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 32 * 1024 };

struct chunk {
	struct chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

struct arena {
	struct chunk *head;
	bool failed;
};

struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

static void *fail(struct arena *a)
{
	a->failed = true;
	return NULL;
}

static struct chunk *add_chunk(struct arena *a, size_t size)
{
	size_t want = size > CHUNK ? size : CHUNK;
	struct chunk *c = malloc(sizeof *c + want);

	if (!c)
		return fail(a);
	c->used = 0;
	c->size = want;
	/* A large object gets a chunk of its own behind the current one, whose room stays in use. */
	if (a->head && size > CHUNK / 2) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	return c;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct chunk *c = a->head;
	void *p;

	if (size > SIZE_MAX / 2)
		return fail(a);
	size = size ? (size + align - 1) & ~(align - 1) : align;
	if (!c || c->size - c->used < size) {
		c = add_chunk(a, size);
		if (!c)
			return NULL;
	}
	p = c->data + c->used;
	c->used += size;
	/* Here and not with the whole chunk: a page that nobody asks for is never touched, and costs nothing. */
	return memset(p, 0, size);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return fail(a);
	return arena_alloc(a, total);
}

void *arena_push(struct arena *a, void *items, size_t *len, size_t size)
{
	/* The room of an array is derived from its length: 0, then powers of two from 4 on. */
	char **array = items, *grown = *array;
	size_t n = *len;

	if (n == 0 || (n >= 4 && (n & (n - 1)) == 0)) {
		grown = arena_array(a, n ? 2 * n : 4, size);
		if (!grown)
			return NULL;
		if (n)
			memcpy(grown, *array, n * size);
		*array = grown;
	}
	*len = n + 1;
	return grown + n * size;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX)
		return fail(a);
	p = arena_alloc(a, n + 1);
	if (p)
		memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p = NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		p = arena_alloc(a, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p ? p : fail(a);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

bool arena_failed(const struct arena *a)
{
	return a->failed;
}
