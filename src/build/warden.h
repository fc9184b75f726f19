/* Somebody who cleans up after us if we are killed. */
#pragma once

#include <sys/types.h>

#include "base/err.h"

struct warden {
	pid_t pid;
	int fd;   /* when it is closed without a word, we are dead */
};

/*
 * Starts a process, in a session of its own and with none of our descriptors, that waits for our end. If it comes
 * before warden_dismiss, it ends what runs in the folder (build_run) and removes that.
 */
int warden_start(const char *cloister, const char *work, struct warden *ret, struct err *e);
void warden_dismiss(struct warden *w);
