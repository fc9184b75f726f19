/* Network devices: rtnetlink(7). -errno without a message. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* What is kept of an address when its device goes to another namespace. */
struct sys_address {
	uint8_t family, prefix_len;   /* AF_INET or AF_INET6 */
	uint8_t len;                  /* of each of the following, in bytes: 4 or 16 */
	uint8_t has_local, has_address, has_broadcast;
	uint8_t local[16], address[16], broadcast[16];
	uint32_t flags;               /* IFA_F_* that one may ask for */
	uint32_t metric;              /* of the route that belongs to it; 0: the kernel's choice */
};

/* A socket in that network namespace; -1: in the caller's. The descriptor (close-on-exec, the caller's). */
int sys_netdev_open(int netns_fd);
/* The index of a device by its name. -ENODEV. */
int sys_netdev_index(int sock, const char *name);
/* `wanted` if no device there has it, else one that none has. */
int sys_netdev_free_index(int sock, int wanted);
/* The addresses that were given for good and are good everywhere (IFA_F_PERMANENT, RT_SCOPE_UNIVERSE), in the arena. */
int sys_netdev_addresses(int sock, int index, struct arena *a, struct sys_address **ret, size_t *ret_len);

struct sys_netdev_move {
	int index;                    /* in the socket's namespace */
	int netns_fd;                 /* where it goes ... */
	const char *name;             /* ... with this name, in which the kernel puts a number for "%d" ... */
	int new_index;                /* ... and this index */
};

int sys_netdev_move(int sock, const struct sys_netdev_move *m);
int sys_netdev_add_address(int sock, int index, const struct sys_address *address);
int sys_netdev_up(int sock, int index);
