/*
 * The annotations run.cloister.closure and run.cloister.path: store paths for a container of any engine. Whoever sets
 * an annotation need not be trusted: what it says is data, and is checked here before anything is done with it.
 */
#pragma once

#include "plan/plan.h"

enum closure_kind { CLOSURE_DIRECTORY, CLOSURE_FILE, CLOSURE_LINK };

struct closure_path {
	const char *path;             /* /nix/store/HASH-NAME, as the container sees it */
	enum closure_kind kind;
	const char *target;           /* of a link */
};

/* What is to be mounted, as the host has it: sorted, each path once. */
struct plan_closure {
	const char *root;             /* of a relocated store: its files are in ROOT/nix/store; "" if it is not */
	struct closure_path *paths;
	size_t len;
};

enum { CLOSURE_TEXT_MAX = 64 * 1024 };   /* bytes that the annotation may have */

/*
 * What the annotation names, NULL-terminated: absolute paths; *ret is NULL if it is not there. Words are separated by
 * blanks and commas. -EINVAL with a message for what can be no path, also for a run.cloister.path that is unknown.
 */
int plan_closure_words(struct arena *a, const struct oci_spec *spec, char ***ret, struct err *e);

/*
 * The helper's answer, one path a line, is data, too. The paths lie in text, which is changed; all are directories so
 * far. -EBADMSG if it is not sorted, or holds anything but paths directly below a known store.
 */
int plan_closure_parse(struct arena *a, char *text, struct plan_closure *ret, struct err *e);
