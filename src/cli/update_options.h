/* What `update` reads from its options, apart from the command, so that it can be tested. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "oci_spec.h"

/* As given, NULL where not. */
struct update_options {
	const char *resources;
	const char *memory, *reservation, *swap, *kernel, *kernel_tcp;
	const char *shares, *quota, *period, *burst, *idle, *rt_period, *rt_runtime, *cpus, *mems;
	const char *pids, *blkio_weight;
	const char *l3_cache, *mem_bw;        /* of linux.intelRdt, which the resources do not include */
};

/* Bytes, as "64M" or 1.5g; -1. The option's name is for the message of -EINVAL. */
int update_parse_size(const char *option, const char *text, int64_t *ret, struct err *e);

int update_read_options(struct arena *a, const struct update_options *o, struct oci_resources *ret, struct err *e);
