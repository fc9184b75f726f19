/*
 * Derivations as JSON, as `nix derivation show` prints them and `nix derivation add` takes them.
 *
 *   version 3   {PATH: {"name", "outputs", "inputSrcs", "inputDrvs", "system", "builder", "args", "env"}}, whole
 *               paths, hashes in base 16; Nix 2.20 to 2.32
 *   version 4   {"version": 4, "derivations": {NAME: {..., "inputs": {"srcs", "drvs"}, ..., "version": 4}}}, base
 *               names, hashes as sha256-BASE64; since Nix 2.33
 *
 * Both may have "structuredAttrs", which in a .drv file is the variable __json. (Nix manual, "Derivation JSON Format".)
 */
#pragma once

#include "derivation/derivation.h"

struct drv_shown {
	char *path;             /* of its file; NULL: the text is one derivation, and does not say */
	struct derivation drv;
};

/*
 * Reads such a document, or a single derivation out of one. What is accepted keeps the rules of derivation.h.
 * -EINVAL with the place (FILE:LINE:COLUMN for wrong JSON, else the derivation and its member).
 */
int drv_show_read(struct arena *a, const struct store *s, const char *file, const char *text, size_t len,
		  struct drv_shown **ret, size_t *ret_len, struct err *e);

/* Adds the document, as one line, byte for byte as Nix prints it. -EINVAL: a string is not UTF-8; -ENOMEM. */
int drv_show_write(struct arena *a, const struct store *s, const struct drv_shown *list, size_t len, int version,
		   struct str *out, struct err *e);
