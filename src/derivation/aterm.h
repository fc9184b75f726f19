/*
 * The text of a .drv file: Derive(OUTPUTS,INPUTS,SOURCES,SYSTEM,BUILDER,ARGS,ENV), an ATerm of lists, tuples and
 * strings; or DrvWithVersion("xp-dyn-drv",OUTPUTS,...), in which inputs may be outputs of inputs.
 *
 * Only the one way in which Nix and Guix write a derivation is read: what is read is written again byte for byte.
 */
#pragma once

#include "derivation/derivation.h"

/*
 * file: for messages; name: the derivation's. -EINVAL: "FILE: byte N: expected ..., found ...", counted from 0; -E2BIG:
 * past a limit.
 */
int aterm_read(struct arena *a, const struct store *s, const char *file, const char *name, const char *text, size_t len,
	       struct derivation *ret, struct err *e);

/* Adds the text. Failure is that of the string (out->failed). */
void aterm_write(const struct derivation *d, struct str *out);

/* Pieces of it, for who writes something like a derivation in order to hash it. */
void aterm_write_string(struct str *out, const char *text);
void aterm_write_words(struct str *out, char *const *words, size_t len);
