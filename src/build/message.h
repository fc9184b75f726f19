/* What a process that builds tells the one that started it: one message a packet, by value. */
#pragma once

#include "base/err.h"

enum build_event {
	BUILD_WAITS,       /* another process makes the same path */
	BUILD_PREPARES,
	BUILD_RUNS,        /* text: the log file */
	BUILD_LINE,        /* text: a line of the builder's output */
	BUILD_COLLECTS,
	BUILD_OUTPUT,      /* text: NAME PATH, of each output, before BUILD_BUILT, BUILD_THERE or BUILD_SAME */
	BUILD_DIFFERENCE,  /* text: how two builds differ */
	BUILD_KEPT,        /* text: the build directory */
	/* the last of a process */
	BUILD_BUILT,
	BUILD_THERE,       /* another process has built it meanwhile */
	BUILD_SAME,        /* built again, with the same result */
	BUILD_FAILED,      /* text: the error; num: its number */
};

struct build_message {
	enum build_event event;
	int num;
	char text[ERR_TEXT_MAX];
};
