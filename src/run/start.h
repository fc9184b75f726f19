/* The two halves of start, which `run` uses as well. Private to run/. */
#pragma once

#include "run/open.h"

/* Waits until the program runs (0) or init says why it does not. fd: a connection to init, which has been told. */
int start_hear(int fd, struct err *e);
int start_run_hooks(struct run_context *c, struct opened *o, struct err *e);
