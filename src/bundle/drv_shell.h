/* The program in a derivation's sandbox: that the builder is there, or what to run in its stead. */
#pragma once

#include "bundle/drv_request.h"

/* That the program exists that r->args names, in the closure or at a place. `drv` is for messages. */
int drv_shell_check_builder(struct arena *a, const char *drv, const struct recipe *r, struct err *e);

/* --shell: sets r->args to the command, or to a shell: the closure's bash, else /bin/sh of the sandbox. */
int drv_shell_set(struct arena *a, const struct drv_request *q, struct recipe *r, struct err *e);
