/* The filter of device accesses as a program for the kernel: BPF_PROG_TYPE_CGROUP_DEVICE, struct bpf_cgroup_dev_ctx. */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>

#include "base/arena.h"
#include "plan/device_filter.h"

/*
 * The program in the arena, *ret_len instructions; NULL when memory is used up. It returns 1 for an access that is
 * allowed and 0 for one that is not.
 */
struct bpf_insn *device_filter_compile(struct arena *a, const struct plan_device_filter *filter, size_t *ret_len);
