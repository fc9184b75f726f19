/* exportReferencesGraph: what a builder is told about paths among its inputs. */
#pragma once

#include "derivation/derivation.h"
#include "derivation/json_tree.h"
#include "derivation/machine.h"

/*
 * The closure of some store paths (or of what lies below them) among the machine's paths: indices into m->paths,
 * sorted.
 * -EINVAL: a path is not among them.
 */
int export_closure(struct arena *a, const struct store *s, const struct drv_machine *m, const struct drv_words *roots,
		   size_t **ret, size_t *ret_len, struct err *e);
/* For each: path, an empty line for the deriver, the number of references, the references. */
void export_text(const struct drv_machine *m, const size_t *closure, size_t len, struct str *out);
/* For each an object: path, references, narHash, narSize, closureSize. NULL: no memory. */
struct json_tree *export_json(struct arena *a, const struct store *s, const struct drv_machine *m,
			      const size_t *closure, size_t len);
