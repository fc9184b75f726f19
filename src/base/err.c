/* Why: one error type for the whole code base, see err.h. */
#include "base/err.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A name from outside may hold control characters: an error stays one line and never drives a terminal. */
static void make_one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = *s == '\n' || *s == '\t' ? ' ' : '?';
}

const char *err_name(int num)
{
	static char buf[128];

	snprintf(buf, sizeof buf, "%s", strerror(num));
	if (isupper((unsigned char)buf[0]) && !isupper((unsigned char)buf[1]))
		buf[0] = (char)tolower((unsigned char)buf[0]);
	return buf;
}

static void set_text(struct err *e, int num, const char *fmt, va_list ap)
{
	e->num = num;
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	make_one_line(e->text);
}

int err_set(struct err *e, int num, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_text(e, num, fmt, ap);
	va_end(ap);
	return -num;
}

int err_sys(struct err *e, int num, const char *fmt, ...)
{
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	set_text(e, num, fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof e->text - len, ": %s", err_name(num));
	return -num;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[ERR_TEXT_MAX];
	size_t len;
	va_list ap;

	memcpy(old, e->text, sizeof old);
	va_start(ap, fmt);
	set_text(e, e->num, fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof e->text - len, ": %s", old);
	return -e->num;
}

int err_oom(struct err *e)
{
	return err_set(e, ENOMEM, "out of memory");
}
