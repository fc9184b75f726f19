/*
 * One arena per command holds all its data; nothing in it is freed singly. Allocation failure is sticky: the arena
 * remembers it (arena_failed), so that a builder may check once at its end instead of at every step.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A new, empty arena, or NULL. The caller ends it with arena_free; everything in it dies with it. */
struct arena *arena_new(void);
void arena_free(struct arena *a);

/* Memory of that size, zeroed and aligned for any type; NULL when there is none, then arena_failed says so. */
void *arena_alloc(struct arena *a, size_t size);
/* The same for n objects of a size; a product that overflows is a failure. */
void *arena_array(struct arena *a, size_t n, size_t size);

/*
 * Makes room for one more element in an array of *len elements that lives in the arena: the growing doubles, the old
 * copy stays behind. *items may be NULL with *len 0. Returns the new last element, zeroed, with *len counted up, or
 * NULL. The array must only ever be grown through this function. `items` is the address of the array pointer.
 */
void *arena_push(struct arena *a, void *items, size_t *len, size_t size);

char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

bool arena_failed(const struct arena *a);

static inline void arena_freep(struct arena **a)
{
	arena_free(*a);
}
#define _cleanup_arena_ __attribute__((cleanup(arena_freep)))
