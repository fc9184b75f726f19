/* The two halves of start, which `run` uses as well. Private to run/. */
#pragma once

#include "run/open.h"

/* Sends START and waits until the program runs (0) or says why it does not. fd: a connection to init. */
int start_and_hear(int fd, struct err *e);
/* The record says "running", then the poststart hooks. */
int start_finish(struct run_context *c, struct opened *o, struct err *e);
