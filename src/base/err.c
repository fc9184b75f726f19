/* Why: one error type for the whole code base, see err.h. */
#include "base/err.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

const char *err_name(int num)
{
	static char buf[128];

	snprintf(buf, sizeof buf, "%s", strerror(num));
	if (isupper((unsigned char)buf[0]) && !isupper((unsigned char)buf[1]))
		buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

enum { WHOLE_MAX = 8 * ERR_TEXT_MAX, END_MAX = 256 };

/* What is too long loses its middle: a name is cut, and the reason behind it stays. */
static void set_text(struct err *e, int num, char *whole)
{
	size_t len;

	e->num = num;
	str_make_plain(whole);
	len = strlen(whole);
	if (len < sizeof e->text) {
		strcpy(e->text, whole);
		return;
	}
	size_t begin = sizeof e->text - END_MAX - strlen("...") - 1;

	memcpy(e->text, whole, begin);
	strcpy(e->text + begin, "...");
	strcat(e->text, whole + len - END_MAX);
	/* The cuts may have gone through a letter. */
	str_make_plain(e->text);
}

/* What does not fit into `whole` at all is cut at the end, and the reason comes after it. */
__attribute__((format(printf, 3, 0)))
static void format(char *whole, size_t size, const char *fmt, va_list ap, const char *after)
{
	size_t room = size - strlen(after);

	vsnprintf(whole, room, fmt, ap);
	strcat(whole, after);
}

int err_set(struct err *e, int num, const char *fmt, ...)
{
	char whole[WHOLE_MAX];
	va_list ap;

	va_start(ap, fmt);
	format(whole, sizeof whole, fmt, ap, "");
	va_end(ap);
	set_text(e, num, whole);
	return -num;
}

int err_sys(struct err *e, int num, const char *fmt, ...)
{
	char whole[WHOLE_MAX], reason[160];
	va_list ap;

	snprintf(reason, sizeof reason, ": %s", err_name(num));
	va_start(ap, fmt);
	format(whole, sizeof whole, fmt, ap, reason);
	va_end(ap);
	set_text(e, num, whole);
	return -num;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char whole[WHOLE_MAX], old[ERR_TEXT_MAX + 2];
	va_list ap;

	snprintf(old, sizeof old, ": %s", e->text);
	va_start(ap, fmt);
	format(whole, sizeof whole, fmt, ap, old);
	va_end(ap);
	set_text(e, e->num, whole);
	return -e->num;
}

int err_oom(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}
