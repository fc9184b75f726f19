/*
 * A growing string for text that is put together piece by piece. Failure is sticky, as with the arena: str_failed
 * once at the end is enough. Not for file contents with a known size.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *text;   /* NUL-terminated, owned; NULL while nothing was added */
	size_t len;   /* without the NUL; the text may hold NUL bytes itself */
	size_t room;
	bool failed;
};

#define STR_INIT ((struct str){ 0 })

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t len);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text so far; "" when nothing was added. Valid until the next addition. */
const char *str_text(const struct str *s);
void str_free(struct str *s);

/* Text helpers. */
bool str_has_prefix(const char *s, const char *prefix);
/* True if path is dir or lies below it, compared by component: "/a/b" is below "/a", "/ab" is not. No "..", no "//". */
bool path_is_below(const char *path, const char *dir);
/*
 * Names from outside may hold anything; a message stays one line, is UTF-8, and never drives a terminal: newlines and
 * tabs become blanks, other control characters (C0, DEL, C1, those that turn the direction of text) and bytes that
 * are no UTF-8 become "?". In place; the text never gets longer.
 */
void str_make_plain(char *text);
/* A whole decimal number without sign or blanks. Returns 0 or -EINVAL / -ERANGE. */
int parse_u64(const char *s, unsigned long long max, unsigned long long *ret);

#define _cleanup_str_ __attribute__((cleanup(str_free)))
