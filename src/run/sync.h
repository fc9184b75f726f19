/*
 * What the processes of one `create` say to each other, over one pair of sequenced-packet sockets: the runtime has one
 * end, outer and init share the other. The conversation:
 *
 *     outer, init   CALL stage        "run this stage on my behalf": what the runtime cannot know to be due
 *     runtime       DONE              a stage has been run; id maps come without being asked for, FOR_INIT from outer
 *                                     where outer made the user namespace
 *     outer         INIT pid          init exists; outer ends
 *     init          READY             everything up to "created" is done
 *     runtime       RELEASE           the state is durable: init may now outlive the runtime. `run` sends it as soon
 *                                     as the record names init, so that init need not wait for it
 *     starter       START             over init's listening socket; `run` needs none, RELEASE starts it
 *     any of them   ERROR             the last message, with the error; the sender ends
 *
 * After that the end of the connection means that the program runs: both ends close at the exec. A runtime that dies
 * before RELEASE closes its end, and then outer and init end too.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

enum sync_type {
	SYNC_CALL = 1,
	SYNC_DONE,
	SYNC_INIT,
	SYNC_READY,
	SYNC_RELEASE,
	SYNC_START,
	SYNC_ERROR,
};

struct sync_message {
	enum sync_type type;
	int value;                    /* CALL: the stage; INIT: the pid */
	struct err err;               /* ERROR only */
};

/* Both ends close-on-exec. 0 or -errno. */
int sync_pair(int ret[static 2]);

/* -EPIPE: the other side is gone. */
int sync_send(int fd, enum sync_type type, int value);
int sync_send_error(int fd, const struct err *e);

/*
 * 1: a message; 0: the other side is gone, having read all that it was sent; -ECONNRESET: gone without having read it;
 * or another -errno. Anything that is not a whole message is -EBADMSG.
 */
int sync_recv(int fd, struct sync_message *ret);

/*
 * Waits for one message that must be of that type. -ECONNRESET with a message if the other side is gone, the sent error
 * for ERROR.
 */
int sync_expect(int fd, enum sync_type type, struct err *e);
