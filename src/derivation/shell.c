/* Why: the builder sources this file, so a value that gets out of its quotes would run. */
#include "derivation/shell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_variable(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' ||
		      (p > name && *p >= '0' && *p <= '9')))
			return false;
	return *name;
}

static void quote(const char *text, struct str *out)
{
	str_addc(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, *text);
	str_addc(out, '\'');
}

/*
 * A whole number, as C's int: how Nix writes it, which looks at it as a float first. False: it has a fraction.
 */
static bool whole(const char *text, int *ret)
{
	float f = strtof(text, NULL);

	if (!isfinite(f) || ceilf(f) != f)
		return false;
	if (strpbrk(text, ".eE"))
		*ret = fabsf(f) < 2147483648.0f ? (int)f : (int)0x80000000;
	else
		*ret = (int)(unsigned)(*text == '-' ? (unsigned long long)strtoll(text, NULL, 10)
						    : strtoull(text, NULL, 10));
	return true;
}

static bool is_simple(const struct json_tree *t)
{
	int ignored;

	if (t->type == JSON_NUMBER)
		return whole(t->text, &ignored);
	return t->type == JSON_STRING || t->type == JSON_BOOL || t->type == JSON_NULL;
}

static void write_simple(const struct json_tree *t, struct str *out)
{
	int number;

	if (t->type == JSON_STRING)
		quote(t->text, out);
	else if (t->type == JSON_NUMBER && whole(t->text, &number))
		str_addf(out, "%d", number);
	else if (t->type == JSON_NULL)
		str_add(out, "''");
	else if (t->type == JSON_BOOL && t->value)
		str_add(out, "1");
}

static void write_member(const struct json_tree *t, struct str *out)
{
	for (size_t i = 0; i < t->len; i++)
		if (!is_simple(t->items[i]))
			return;
	if (t->type != JSON_OBJECT && t->type != JSON_ARRAY) {
		if (!is_simple(t))
			return;
		str_addf(out, "declare %s=", t->name);
		write_simple(t, out);
		str_addc(out, '\n');
		return;
	}
	str_addf(out, "declare -%c %s=(", t->type == JSON_ARRAY ? 'a' : 'A', t->name);
	for (size_t i = 0; i < t->len; i++) {
		if (t->type == JSON_OBJECT) {
			str_addc(out, '[');
			quote(t->items[i]->name, out);
			str_add(out, "]=");
		}
		write_simple(t->items[i], out);
		str_addc(out, ' ');
	}
	str_add(out, ")\n");
}

void shell_write(const struct json_tree *attrs, struct str *out)
{
	for (size_t i = 0; i < attrs->len; i++)
		if (is_variable(attrs->items[i]->name))
			write_member(attrs->items[i], out);
}
