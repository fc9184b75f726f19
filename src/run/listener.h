/*
 * exec with a filter that asks (SCMP_ACT_NOTIFY). Who answers is told the process's id, which the process itself does
 * not know once it is in a pid namespace: so it sends the filter's descriptor to the runtime, which passes it on.
 */
#pragma once

#include "apply/apply.h"

struct listener {
	int agent;                    /* connected to the one who answers; -1: the filter asks nobody */
	int pair[2];                  /* [0] the runtime's end */
};

/* What the process sends to the runtime along with the descriptor: no descriptor travels on nothing. */
#define LISTENER_TEXT "fd"
#define LISTENER_INIT ((struct listener){ -1, { -1, -1 } })

/* After STAGE_RUNTIME: where that has connected to somebody, the process gets our end of a pair instead. */
int listener_prepare(struct listener *l, struct apply *ctx, struct err *e);
/* In the process that is made: what only the runtime needs. */
void listener_close(struct listener *l);
/* Waits for the descriptor. *ret is -1 if there comes none: the process has ended, or the filter asks nobody. */
int listener_receive(struct listener *l, int *ret, struct err *e);
/* Passes it on with the container process state, and hangs up. */
int listener_send(struct listener *l, int fd, const char *state_json, struct err *e);
