/* Hooks: config.md "POSIX-platform Hooks". Used by OP_HOOKS, and by run/ for the kinds that are no part of the plan. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "oci_spec.h"

/*
 * Runs one hook: exactly its arguments and environment, ours where it has none; state_json on its standard input, no
 * other descriptor but its output. dir is its working directory, "/" where that is out of reach; NULL: ours. label
 * names it in messages: "prestart hook #0". Output is only shown, its last line, in the error.
 * -EIO: it ended badly; -ETIMEDOUT; or why it did not start.
 */
int hook_run(const struct oci_hook *hook, const char *state_json, const char *dir, const char *label, struct err *e);

/* Runs them in their order; stops at the first that fails, which the message calls "hook #1". */
int hook_run_all(const struct oci_hook *hooks, size_t len, const char *state_json, const char *dir, struct err *e);
