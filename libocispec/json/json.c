/*
 * Why: yajl is fast and has been attacked for years, but gives neither places nor types, and lets through what would
 * become a wrong path later. Here its callbacks become one stream of checked events.
 */
#include "libocispec/json/json.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <yajl/yajl_parse.h>

struct parser {
	yajl_handle yajl;
	const char *text;
	size_t len;
	size_t end;    /* of the last token */
	size_t depth;
	json_handler *handler;
	void *context;
	struct err *e;
	size_t error_at;
	int result;    /* of the handler, or of a check here */
};

static const char *const type_names[] = {
	[JSON_NULL] = "null",
	[JSON_BOOL] = "a boolean",
	[JSON_NUMBER] = "a number",
	[JSON_STRING] = "a string",
	[JSON_OBJECT] = "an object",
	[JSON_ARRAY] = "an array",
	[JSON_KEY] = "a key",
	[JSON_END] = "an end",
};

const char *json_type_name(enum json_type type)
{
	return type_names[type];
}

/* The bytes after the first of a UTF-8 sequence, and the least character it may encode; 0 for a wrong first byte. */
static size_t sequence_tail(unsigned char first, unsigned *ret_bits, unsigned *ret_least)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*ret_bits = first & 0x1f;
		*ret_least = 0x80;
		return 1;
	}
	if ((first & 0xf0) == 0xe0) {
		*ret_bits = first & 0x0f;
		*ret_least = 0x800;
		return 2;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*ret_bits = first & 0x07;
		*ret_least = 0x10000;
		return 3;
	}
	return 0;
}

/* Nearly all text is ASCII, eight bytes of which are seen at once. */
static const unsigned char *skip_ascii(const unsigned char *p, const unsigned char *end)
{
	uint64_t eight;

	for (; end - p >= 8; p += 8) {
		memcpy(&eight, p, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (p < end && *p < 0x80)
		p++;
	return p;
}

bool json_is_utf8(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		unsigned c, least;
		size_t tail;

		p = skip_ascii(p, end);
		if (p == end)
			return true;
		tail = sequence_tail(*p++, &c, &least);
		if (tail == 0 || (size_t)(end - p) < tail)
			return false;
		for (; tail > 0; tail--, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*p & 0x3f);
		}
		if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
	}
	return true;
}

static int hex4(const char *p, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p[i]))
			return -EINVAL;
		*ret = *ret << 4 | (unsigned)(isdigit((unsigned char)p[i]) ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	}
	return 0;
}

/* yajl turns half a surrogate pair into '?' or into bytes that are no UTF-8: looked for in the raw string instead. */
static bool has_half_surrogate(const char *raw, const char *end)
{
	unsigned c, low;

	for (const char *p = raw; p + 1 < end; p++) {
		if (*p != '\\')
			continue;
		if (*++p != 'u' || end - p < 5 || hex4(p + 1, &c) < 0)
			continue;
		p += 4;
		if (c < 0xd800 || c > 0xdfff)
			continue;
		if (c >= 0xdc00 || end - p < 7 || p[1] != '\\' || p[2] != 'u' || hex4(p + 3, &low) < 0 ||
		    low < 0xdc00 || low > 0xdfff)
			return true;
		p += 6;
	}
	return false;
}

static int check_string(const struct parser *p, const struct json_event *event)
{
	const char *raw = p->text + event->at + 1, *end = p->text + p->end - 1;

	if (memchr(event->text, '\0', event->len))
		return err_set(p->e, EINVAL, "a string holds a NUL character");
	if ((size_t)(end - raw) != event->len && has_half_surrogate(raw, end))
		return err_set(p->e, EINVAL, "a string holds half of a surrogate pair");
	if (!json_is_utf8(event->text, event->len))
		return err_set(p->e, EINVAL, "a string is not valid UTF-8");
	return 0;
}

static bool is_between_tokens(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == ',' || c == ':' || c == '\r';
}

/* Where the token that follows the last one begins. Half of a config may be white space. */
static size_t token_start(const struct parser *p)
{
	size_t at = p->end;

	while (at < p->len && is_between_tokens(p->text[at]))
		at++;
	return at;
}

static int emit(struct parser *p, struct json_event event)
{
	event.at = token_start(p);
	p->end = yajl_get_bytes_consumed(p->yajl);
	if (event.type == JSON_STRING || event.type == JSON_KEY)
		p->result = check_string(p, &event);
	else if (event.type == JSON_OBJECT || event.type == JSON_ARRAY)
		p->result = ++p->depth > JSON_DEPTH_MAX ?
			err_set(p->e, E2BIG, "objects and arrays are nested more than %d deep", JSON_DEPTH_MAX) : 0;
	else if (event.type == JSON_END)
		p->depth--;
	if (p->result == 0)
		p->result = p->handler(p->context, &event, p->e);
	p->error_at = event.at;
	return p->result == 0;
}

static int on_null(void *p)
{
	return emit(p, (struct json_event){ .type = JSON_NULL });
}

static int on_boolean(void *p, int value)
{
	return emit(p, (struct json_event){ .type = JSON_BOOL, .value = value });
}

static int on_number(void *p, const char *text, size_t len)
{
	return emit(p, (struct json_event){ .type = JSON_NUMBER, .text = text, .len = len });
}

static int on_string(void *p, const unsigned char *text, size_t len)
{
	return emit(p, (struct json_event){ .type = JSON_STRING, .text = (const char *)text, .len = len });
}

static int on_key(void *p, const unsigned char *text, size_t len)
{
	return emit(p, (struct json_event){ .type = JSON_KEY, .text = (const char *)text, .len = len });
}

static int on_object(void *p)
{
	return emit(p, (struct json_event){ .type = JSON_OBJECT });
}

static int on_array(void *p)
{
	return emit(p, (struct json_event){ .type = JSON_ARRAY });
}

static int on_end(void *p)
{
	return emit(p, (struct json_event){ .type = JSON_END });
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_object,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_array,
	.yajl_end_array = on_end,
};

/* Puts name, line and column of a place in front of the message. */
static int add_place(const struct parser *p, const char *name, size_t at)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && i < p->len; i++) {
		if (p->text[i] == '\n') {
			line++;
			column = 1;
		} else if ((p->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_prefix(p->e, "%s:%zu:%zu", name, line, column);
}

/* "lexical error: invalid char in json text.\n" -> "invalid char in json text" */
static int set_yajl_error(struct parser *p)
{
	unsigned char *all = yajl_get_error(p->yajl, 0, NULL, 0);
	const char *text = all ? (const char *)all : "unknown error", *colon = strstr(text, " error: ");
	size_t len;

	if (colon)
		text = colon + strlen(" error: ");
	len = strcspn(text, "\n");
	while (len > 0 && (text[len - 1] == '.' || text[len - 1] == ' '))
		len--;
	if (len == strlen("premature EOF") && strncmp(text, "premature EOF", len) == 0)
		err_set(p->e, EINVAL, "not valid JSON: the text ends too early");
	else
		err_set(p->e, EINVAL, "not valid JSON: %.*s", (int)len, text);
	if (all)
		yajl_free_error(p->yajl, all);
	return -EINVAL;
}

static int explain(struct parser *p, const char *name, yajl_status status)
{
	size_t consumed = yajl_get_bytes_consumed(p->yajl), at = token_start(p);

	if (status == yajl_status_client_canceled)
		return p->result == -ENOMEM ? p->result : add_place(p, name, p->error_at);
	set_yajl_error(p);
	/* The wrong byte lies in the next token, or before it if that is one comma or colon too many. */
	if (consumed > p->end && consumed <= at)
		at = consumed - 1;
	return add_place(p, name, at);
}

int json_parse(const char *name, const char *text, size_t len, json_handler *handler, void *context, struct err *e)
{
	struct parser p = { .text = text, .len = len, .handler = handler, .context = context, .e = e };
	yajl_status status;
	int r = 0;

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return err_set(e, EINVAL, "%s:1:1: the file begins with a byte order mark: save it as plain UTF-8",
			       name);
	if (token_start(&p) == len)
		return err_set(e, EINVAL, "%s:1:1: the file is empty, a JSON text was expected", name);
	p.yajl = yajl_alloc(&callbacks, NULL, &p);
	if (!p.yajl)
		return err_oom(e);
	/* Strings are checked here, and better. */
	yajl_config(p.yajl, yajl_dont_validate_strings, 1);
	status = yajl_parse(p.yajl, (const unsigned char *)text, len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(p.yajl);
	if (status != yajl_status_ok)
		r = explain(&p, name, status);
	yajl_free(p.yajl);
	return r;
}
