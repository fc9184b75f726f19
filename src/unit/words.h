/*
 * Values of unit files as words: quotes and C escapes (systemd.syntax(7), "Quoting").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

enum unit_word_rules {
	UNIT_WORD_QUOTES = 1 << 0,   /* "..." and '...' hold blanks; the quotes themselves go */
	UNIT_WORD_ESCAPES = 1 << 1,  /* C escapes: \n, \x41, \101, \u00e9, \s for a blank; any other stays as it is */
};

/*
 * The next word, or NULL at the end. *text is moved behind it. separators: of words, such as " \t". A quote may stand
 * in the middle of a word too. Without escapes a backslash makes the next character an ordinary one. *ret_quoted (may
 * be NULL): there were quotes, so that ; and ";" can be told apart. -EINVAL without context: a quote has no end.
 */
int unit_next_word(struct arena *a, const char **text, const char *separators, unsigned rules, char **ret,
		   bool *ret_quoted, struct err *e);

/* All words, NULL-terminated. */
int unit_split(struct arena *a, const char *text, const char *separators, unsigned rules, char ***ret, size_t *ret_len,
	       struct err *e);
