/*
 * Properties of units: of each its name, its D-Bus signature, and its value as busctl(1) takes it: an array begins with
 * the number of its elements.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "base/err.h"

/* The words that are left. */
struct words {
	char **next;
};

/* NULL: there is none. */
const char *words_next(struct words *w);

/* Adds all words that are left to the message, as "(sv)" each. -EINVAL: a value is not of its type. */
int properties_append(sd_bus_message *m, struct words *w, struct err *e);
