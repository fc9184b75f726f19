/*
 * What a container uses, as its cgroup counts it: cgroup-v2.rst, "Controllers" and psi.rst. What nothing counts here,
 * for want of a controller, is 0 or absent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* Stands for "max". */
#define STATS_NO_LIMIT UINT64_MAX

/* Shares of time in which tasks wait: percentages as the kernel writes them ("0.12"), and microseconds in all. */
struct stats_pressure {
	char avg10[16], avg60[16], avg300[16];
	uint64_t total;
};

struct stats_psi {
	bool there;
	struct stats_pressure some, full;
};

/* Bytes. */
struct stats_memory {
	uint64_t usage, max, limit;
	uint64_t failcnt; /* how often the limit was met */
};

struct stats_counter {
	const char *name;
	uint64_t value;
};

/* One line of io.stat. */
struct stats_device {
	uint64_t major, minor;
	uint64_t read_bytes, write_bytes, reads, writes;
};

struct stats_hugetlb {
	const char *page_size; /* "2MB" */
	uint64_t usage, failcnt;
};

struct stats_rdma {
	const char *device;
	uint64_t handles, objects;
};

struct cgroup_stats {
	uint64_t pids, pids_limit;                           /* limit 0: none */
	uint64_t cpu_total, cpu_user, cpu_kernel;            /* nanoseconds */
	uint64_t periods, throttled_periods, throttled_time; /* time: nanoseconds */
	const char *cpus, *mems;                             /* those that it may use: "0-3"; NULL: all */
	bool has_memory;
	struct stats_memory memory, swap; /* swap: with memory, as version 1 has it */
	uint64_t cache;
	struct stats_counter *raw; /* memory.stat */
	size_t raw_len;
	struct stats_device *devices;
	size_t devices_len;
	struct stats_hugetlb *hugetlb;
	size_t hugetlb_len;
	struct stats_rdma *rdma, *rdma_limits;
	size_t rdma_len, rdma_limits_len;
	struct stats_psi cpu_psi, memory_psi, io_psi;
};

/* fd: the cgroup. All data lies in the arena. */
int cgroup_read_stats(struct arena *a, int fd, struct cgroup_stats *ret, struct err *e);

/* A descriptor on which poll(2) says POLLPRI when there may have been an OOM kill; -ENOENT: nothing tells. */
int cgroup_watch_oom(int fd);
/* How many there were so far, out of that descriptor. -ENODEV: the cgroup is gone. */
int cgroup_count_oom(int watch, uint64_t *ret);
