/* The container's group in the resctrl file system, after it was made. */
#pragma once

#include "base/err.h"

/* Removes a group that was made for a container, with what is below it. path: below resctrl. 0 if it is gone. */
int rdt_destroy(const char *path, struct err *e);
