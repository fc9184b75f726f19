/* A filter of system calls that asks somebody: seccomp_unotify(2). */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

struct sys_messenger;

/* Who is asked. */
struct sys_listener {
	int sock;                     /* a connected stream socket; closed when all is sent, or nothing can be */
	const char *text;             /* what is sent along with the descriptor */
	struct sys_messenger *messenger;      /* who sends it; NULL: a thread that is made for it */
};

/*
 * Loads the filter into the calling thread, and sends the descriptor by which its questions are answered. Nothing of
 * that needs a call that the filter may ask about. Returns 0 or -errno; *ret_sent is 0 or the -errno of the sending,
 * of which the kernel does not know: the filter is in force then, and each question is answered with ENOSYS.
 */
int sys_seccomp_load_notify(const struct sock_fprog *program, unsigned flags, struct sys_listener *l, int *ret_sent);
/*
 * For a process whose children will be in another pid namespace by the time when it loads the filter: it cannot have
 * threads then. The messenger is a child that it makes before, that shares all its descriptors, and waits. It ends when
 * all is sent, or with its maker.
 */
int sys_messenger_start(const char *text, struct sys_messenger **ret);
/* 0 while the other end is there, -EPIPE when it is not. */
int sys_socket_alive(int sock);
