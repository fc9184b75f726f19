/* Why: ps(1) has options without end, and one of them may choose processes too; so it shows all, and we choose. */
#include "cli/ps_filter.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The number of the column whose title is PID, from 0. -1: there is none. */
static int find_column(const char *line, size_t len)
{
	int column = 0;

	for (const char *p = line, *end = line + len; p < end; column++) {
		size_t n;

		while (p < end && *p == ' ')
			p++;
		for (n = 0; p + n < end && p[n] != ' '; n++)
			;
		if (n == 3 && strncmp(p, "PID", 3) == 0)
			return column;
		p += n;
	}
	return -1;
}

/* The number in a column of a line; 0 if there is none. */
static pid_t number_in(const char *line, size_t len, int column)
{
	const char *p = line, *end = line + len;

	for (int i = 0;; i++) {
		while (p < end && *p == ' ')
			p++;
		if (i == column)
			return p < end ? (pid_t)strtol(p, NULL, 10) : 0;
		while (p < end && *p != ' ')
			p++;
		if (p == end)
			return 0;
	}
}

static bool contains(const pid_t *pids, size_t len, pid_t pid)
{
	for (size_t i = 0; i < len; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int cli_ps_filter(struct str *out, const char *text, const pid_t *pids, size_t len, struct err *e)
{
	size_t n = strcspn(text, "\n");
	int column = find_column(text, n);

	if (column < 0)
		return err_set(e, EINVAL, "the output of ps has no column PID: choose options for ps that show it");
	str_addn(out, text, n);
	str_addc(out, '\n');
	for (const char *line = text + n + (text[n] == '\n'); *line; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (!contains(pids, len, number_in(line, n, column)))
			continue;
		str_addn(out, line, n);
		str_addc(out, '\n');
	}
	return 0;
}
