/* Why: see str.h. */
#include "base/str.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct str *s, size_t more)
{
	size_t need, room;
	char *p;

	if (s->failed)
		return false;
	/* Nothing is that large; and below it neither the sum nor the doubling overflows. */
	if (more >= SIZE_MAX / 2 - s->len) {
		s->failed = true;
		return false;
	}
	need = s->len + more + 1;
	if (need <= s->room)
		return true;
	room = s->room ? s->room : 128;
	while (room < need)
		room *= 2;
	p = realloc(s->text, room);
	if (!p) {
		s->failed = true;
		return false;
	}
	s->text = p;
	s->room = room;
	return true;
}

void str_addn(struct str *s, const void *bytes, size_t len)
{
	if (!make_room(s, len))
		return;
	if (len)
		memcpy(s->text + s->len, bytes, len);
	s->len += len;
	s->text[s->len] = '\0';
}

void str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		s->failed = true;
		return;
	}
	if (!make_room(s, (size_t)n))
		return;
	va_start(ap, fmt);
	vsnprintf(s->text + s->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	s->len += (size_t)n;
}

const char *str_text(const struct str *s)
{
	return s->text ? s->text : "";
}

void str_free(struct str *s)
{
	int saved = errno;

	free(s->text);
	*s = STR_INIT;
	errno = saved;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 0 && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* One letter: its bytes, or 0 if they are no UTF-8 (RFC 3629: nothing overlong, no surrogates). */
static size_t decode_utf8(const unsigned char *s, unsigned *ret)
{
	static const struct {
		unsigned char mask, lead;
		unsigned least;
	} forms[] = { { 0x80, 0, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

	for (size_t more = 0; more < sizeof forms / sizeof *forms; more++) {
		if ((s[0] & forms[more].mask) != forms[more].lead)
			continue;
		unsigned letter = s[0] & (unsigned char)~forms[more].mask;
		for (size_t i = 1; i <= more; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			letter = letter << 6 | (s[i] & 0x3f);
		}
		if (letter < forms[more].least || letter > 0x10ffff || (letter >= 0xd800 && letter <= 0xdfff))
			return 0;
		*ret = letter;
		return more + 1;
	}
	return 0;
}

static bool is_control(unsigned letter)
{
	return letter < 0x20 || (letter >= 0x7f && letter <= 0x9f) || (letter >= 0x2028 && letter <= 0x202e) ||
	       (letter >= 0x2066 && letter <= 0x2069);
}

void str_make_plain(char *text)
{
	unsigned char *from = (unsigned char *)text, *to = from;

	while (*from) {
		unsigned letter = 0;
		size_t n = decode_utf8(from, &letter);

		if (n > 0 && !is_control(letter)) {
			memmove(to, from, n);
			to += n;
		} else {
			*to++ = letter == '\n' || letter == '\t' ? ' ' : '?';
		}
		from += n > 0 ? n : 1;
	}
	*to = '\0';
}

int parse_u64(const char *s, unsigned long long max, unsigned long long *ret)
{
	unsigned long long n;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}
