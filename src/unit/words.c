/* Why: see words.h. The escapes are C's and "\s", since a blank is what most often has to be escaped here. */
#include "unit/words.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `digits` digits of a base, a power of two; the whole number or -1. */
static int64_t read_number(const char *s, unsigned digits, unsigned base)
{
	int64_t n = 0;

	for (unsigned i = 0; i < digits; i++) {
		int digit = hex_value(s[i]);

		if (digit < 0 || (unsigned)digit >= base)
			return -1;
		n = n * base + digit;
	}
	return n;
}

/* RFC 3629; false: no such letter. */
static bool add_letter(struct str *out, uint32_t c)
{
	if (c < 0x80) {
		str_addc(out, (char)c);
	} else if (c < 0x800) {
		str_addc(out, (char)(0xc0 | c >> 6));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000 && (c < 0xd800 || c > 0xdfff)) {
		str_addc(out, (char)(0xe0 | c >> 12));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c >= 0x10000 && c < 0x110000) {
		str_addc(out, (char)(0xf0 | c >> 18));
		str_addc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		str_addc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		return false;
	}
	return true;
}

struct numeric {
	char letter;           /* behind the backslash; '\0': the number begins there */
	unsigned digits, base;
	bool letter_of_unicode;
};

/* How many characters behind the backslash are the escape; 0: it is none. NUL can be in no value. */
static size_t add_number(struct str *out, const char *s)
{
	static const struct numeric kinds[] = {
		{ 'x', 2, 16, false }, { 'u', 4, 16, true }, { 'U', 8, 16, true }, { '\0', 3, 8, false },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct numeric *k = &kinds[i];
		size_t prefix = k->letter != '\0';
		int64_t n;

		if (prefix && *s != k->letter)
			continue;
		n = read_number(s + prefix, k->digits, k->base);
		if (n <= 0 || (!k->letter_of_unicode && n > 255))
			return 0;
		if (!k->letter_of_unicode)
			str_addc(out, (char)n);
		else if (!add_letter(out, (uint32_t)n))
			return 0;
		return prefix + k->digits;
	}
	return 0;
}

/* At a backslash: returns how many characters were dealt with. What is no escape stays as it is, backslash and all. */
static size_t add_escape(struct str *out, const char *text)
{
	static const char letters[] = "abfnrtv\\\"'s", meanings[] = "\a\b\f\n\r\t\v\\\"' ";
	const char *letter = text[1] ? strchr(letters, text[1]) : NULL;
	size_t len;

	if (letter) {
		str_addc(out, meanings[letter - letters]);
		return 2;
	}
	len = add_number(out, text + 1);
	if (!len)
		str_addc(out, '\\');
	return 1 + len;
}

/* The same where there are no escapes: it only takes the meaning from a quote, a blank or another backslash. */
static size_t add_literally(struct str *out, const char *text)
{
	str_addc(out, text[1] ? text[1] : '\\');
	return text[1] ? 2 : 1;
}

int unit_next_word(struct arena *a, const char **text, const char *separators, unsigned rules, char **ret,
		   bool *ret_quoted, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;
	const char *s = *text + strspn(*text, separators);
	bool quoted = false;
	char quote = '\0';

	*ret = NULL;
	if (!*s) {
		*text = s;
		return 0;
	}
	while (*s && (quote || !strchr(separators, *s))) {
		if (*s == '\\') {
			s += rules & UNIT_WORD_ESCAPES ? add_escape(&out, s) : add_literally(&out, s);
			continue;
		}
		if ((rules & UNIT_WORD_QUOTES) && (quote ? *s == quote : *s == '"' || *s == '\'')) {
			quote = quote ? '\0' : *s;
			quoted = true;
		} else {
			str_addc(&out, *s);
		}
		s++;
	}
	if (quote)
		return err_set(e, EINVAL, "a quote (%c) has no end", quote);
	*text = s;
	if (ret_quoted)
		*ret_quoted = quoted;
	*ret = out.failed ? NULL : arena_strndup(a, str_text(&out), out.len);
	return *ret ? 0 : err_oom(e);
}

int unit_split(struct arena *a, const char *text, const char *separators, unsigned rules, char ***ret, size_t *ret_len,
	       struct err *e)
{
	char **words = NULL, **slot, *word;
	size_t len = 0;

	for (;;) {
		int r = unit_next_word(a, &text, separators, rules, &word, NULL, e);

		if (r < 0)
			return r;
		slot = arena_push(a, &words, &len, sizeof *words);
		if (!slot)
			return err_oom(e);
		*slot = word;
		if (!word)
			break;
	}
	*ret = words;
	*ret_len = len - 1;
	return 0;
}
