/*
 * The text of a unit file: sections of assignments (systemd.syntax(7)). What an assignment means is not known here.
 *
 * Where systemd warns about a line and goes on without it, this is an error: half a confinement is none.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

struct unit_line {
	const char *section;  /* "Service" */
	const char *key;      /* "ExecStart" */
	const char *value;    /* joined from its lines, without blanks at either end; "" takes back what was before */
	const char *file;     /* for messages */
	unsigned line;        /* in the file, from 1; that of the first one if it goes on */
};

struct unit_lines {
	struct unit_line *items;
	size_t len;
};

/* Hard limits: systemd's own for a line; of a file and of all lines, ours. */
enum { UNIT_LINE_MAX = 1024 * 1024, UNIT_FILE_MAX = 4 * 1024 * 1024, UNIT_LINES_MAX = 100 * 1000 };

/*
 * Appends the assignments of a text. Everything is in the arena; `file` must live as long. -EINVAL, "FILE:LINE: ...":
 * not a unit file, not UTF-8; -E2BIG: past a limit.
 */
int unit_file_parse(struct arena *a, const char *file, const char *text, size_t len, struct unit_lines *io,
		    struct err *e);
