/*
 * What linux.resources becomes: writes to files of the container's cgroup. config-linux.md, "Control groups";
 * Documentation/admin-guide/cgroup-v2.rst. Private to plan/, one file per controller that has more than one file.
 */
#pragma once

#include "plan/plan.h"

struct limit {
	const char *where; /* below linux.resources: "memory.limit" */
	int index;         /* which element of it; -1: no array */
	struct op_cgroup_write write;
};

struct limits {
	struct plan *plan;
	const struct oci_resources *all;   /* all that hold */
	const struct oci_resources *asked; /* what of them is to be written: of `update` only what it was given */
	bool update;                       /* other limits are in force by now */
	enum plan_stage stage;             /* in which the cgroup is there */
	struct limit *items;
	size_t len;
	uint64_t fits; /* the memory in use must be less; 0: whatever it is */
};

/* One more; its value is printed into the plan's arena. The result is good until the next is added. */
struct op_cgroup_write *limit_add(struct limits *l, const char *where, const char *file, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same for an element of an array. */
struct op_cgroup_write *limit_add_element(struct limits *l, const char *where, size_t index, const char *file,
					  const char *value);

/*
 * They add what is asked for. -EINVAL: it contradicts itself; -ENOTSUP: version 2 has nothing like it. The message
 * begins with the path below linux.resources.
 */
int limit_memory(struct limits *l, struct err *e);   /* memory.c */
int limit_cpu(struct limits *l, struct err *e);      /* cpu.c */
int limit_block_io(struct limits *l, struct err *e); /* block_io.c */

/* cpu.c: the weight that a number of shares is; 0 for 0. */
uint64_t cpu_weight(uint64_t shares);
/* block_io.c: the weight for io.weight that a weight of 10 to 1000 is. */
unsigned io_weight(unsigned weight);
