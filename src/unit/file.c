/*
 * Why: a unit is read as systemd reads it, down to where a comment may stand; a reader that is nearly the same would
 * confine nearly what was meant.
 */
#include "unit/file.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "libocispec/json/json.h"

#define BLANKS " \t\n\r"

struct parser {
	struct arena *arena;
	const char *file;
	const char *section;       /* NULL before the first one */
	struct unit_lines *lines;
	unsigned line;             /* of what is read now */
	unsigned first;            /* of the logical line that it belongs to */
};

static char *strip(char *text)
{
	size_t len;

	text += strspn(text, BLANKS);
	len = strlen(text);
	while (len > 0 && strchr(BLANKS, text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int parse_section(struct parser *p, char *text, struct err *e)
{
	size_t len = strlen(text);

	if (text[len - 1] != ']')
		return err_set(e, EINVAL, "%s:%u: the section's name has no ']' at its end", p->file, p->first);
	text[len - 1] = '\0';
	if (len == 2)
		return err_set(e, EINVAL, "%s:%u: the section has no name", p->file, p->first);
	p->section = text + 1;
	return 0;
}

static int parse_assignment(struct parser *p, char *text, struct err *e)
{
	char *value = strchr(text, '=');
	struct unit_line *line;

	if (!value)
		return err_set(e, EINVAL, "%s:%u: neither a section nor an assignment: '=' is missing", p->file,
			       p->first);
	if (value == text)
		return err_set(e, EINVAL, "%s:%u: there is no name before '='", p->file, p->first);
	if (!p->section)
		return err_set(e, EINVAL, "%s:%u: an assignment before the first section", p->file, p->first);
	if (p->lines->len == UNIT_LINES_MAX)
		return err_set(e, E2BIG, "%s:%u: the unit has more than %d assignments", p->file, p->first,
			       UNIT_LINES_MAX);
	*value++ = '\0';
	line = arena_push(p->arena, &p->lines->items, &p->lines->len, sizeof *line);
	if (!line)
		return err_oom(e);
	*line = (struct unit_line){
		.section = p->section, .key = strip(text), .value = strip(value), .file = p->file, .line = p->first,
	};
	return 0;
}

static int parse_logical_line(struct parser *p, char *text, struct err *e)
{
	text = strip(text);
	if (!*text)
		return 0;
	return *text == '[' ? parse_section(p, text, e) : parse_assignment(p, text, e);
}

/* A backslash at the end that is not itself escaped. */
static bool goes_on(const char *text)
{
	bool escaped = false;

	for (; *text; text++)
		escaped = !escaped && *text == '\\';
	return escaped;
}

/* "#" and ";", also between the lines of a continued one, which goes on behind them. */
static bool is_comment(const char *text)
{
	text += strspn(text, BLANKS);
	return *text == '#' || *text == ';';
}

static int join(struct parser *p, struct str *joined, const char *text, size_t len, struct err *e)
{
	if (joined->len + len > UNIT_LINE_MAX)
		return err_set(e, E2BIG, "%s:%u: the line is longer than %d bytes", p->file, p->first, UNIT_LINE_MAX);
	str_addn(joined, text, len);
	return joined->failed ? err_oom(e) : 0;
}

static int take_line(struct parser *p, struct str *joined, char *text, struct err *e)
{
	char *whole;
	int r;

	if (is_comment(text))
		return 0;
	if (!joined->len)
		p->first = p->line;
	r = join(p, joined, text, strlen(text), e);
	if (r < 0)
		return r;
	/* Each backslash becomes a blank. */
	if (goes_on(text)) {
		joined->text[joined->len - 1] = ' ';
		return 0;
	}
	whole = arena_strndup(p->arena, str_text(joined), joined->len);
	joined->len = 0;
	if (joined->text)
		joined->text[0] = '\0';
	return whole ? parse_logical_line(p, whole, e) : err_oom(e);
}

static int take_all(struct parser *p, struct str *joined, char *text, struct err *e)
{
	/* A mark of the byte order, as some editors write it. */
	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (*text) {
		char *end = text + strcspn(text, "\n");
		bool last = !*end;
		int r;

		*end = '\0';
		p->line++;
		r = take_line(p, joined, text, e);
		if (r < 0)
			return r;
		text = last ? end : end + 1;
	}
	/* A backslash at the very end of the file has nothing to go on with. */
	if (joined->len > 0) {
		char *whole = arena_strndup(p->arena, joined->text, joined->len);

		return whole ? parse_logical_line(p, whole, e) : err_oom(e);
	}
	return 0;
}

int unit_file_parse(struct arena *a, const char *file, const char *text, size_t len, struct unit_lines *io,
		    struct err *e)
{
	_cleanup_str_ struct str joined = STR_INIT;
	struct parser p = { .arena = a, .file = file, .lines = io };
	char *copy;

	if (len > UNIT_FILE_MAX)
		return err_set(e, E2BIG, "%s: the file is larger than %d bytes", file, UNIT_FILE_MAX);
	for (size_t i = 0, line = 1; i < len; i++) {
		line += text[i] == '\n';
		if (!text[i])
			return err_set(e, EINVAL, "%s:%zu: a NUL byte: this is no unit file", file, line);
	}
	if (!json_is_utf8(text, len))
		return err_set(e, EINVAL, "%s: the file is not UTF-8", file);
	copy = arena_strndup(a, text, len);
	return copy ? take_all(&p, &joined, copy, e) : err_oom(e);
}
