/* Which device nodes the container may make, read and write: config-linux.md "Allowed Device list". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The bits of one access, as the kernel's filter has them (BPF_DEVCG_ACC_*). */
enum { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_ALL = 7 };

struct plan_device_rule {
	bool allow;
	char type;                    /* 'c', 'b', or 'a' for both */
	int64_t major, minor;         /* -1: all */
	unsigned access;
};

/* For each kind of access the last rule that speaks of the device and of it decides; where none does, it is denied. */
struct plan_device_filter {
	struct plan_device_rule *rules;
	size_t len;
};

/* All rules on one line, a space in front of each: "-a *:* rwm +c 1:3 rw". */
void plan_device_filter_print(const struct plan_device_filter *filter, struct str *out);
