/*
 * Why: from the moment when the filter is loaded, any call of this thread may wait for the answer of somebody who does
 * not have the descriptor yet. So another thread, to which the filter does not apply, sends it; this one makes no call
 * at all until that is done, and so it cannot sleep. The other one ends of its own accord, or at the exec.
 */
#include "sys/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/socket.h"

/* Room for the frames of a sanitizer, too. */
enum { STACK_BYTES = 256 * 1024, NOT_YET = -1000000 };

struct relay {
	struct sys_listener *listener;
	_Atomic int fd;               /* from seccomp(2): a descriptor, or -errno */
	_Atomic bool done;
	int sent;
};

static void *send_listener(void *data)
{
	struct relay *r = data;
	int fd;

	while ((fd = atomic_load(&r->fd)) == NOT_YET)
		sched_yield();
	if (fd >= 0)
		r->sent = sys_socket_send_fd(r->listener->sock, r->listener->text, fd);
	close_fd(&fd);
	close_fd(&r->listener->sock);
	/* The last look at what is on the other thread's stack. */
	atomic_store(&r->done, true);
	return NULL;
}

static int start_thread(struct relay *r)
{
	pthread_attr_t attr;
	pthread_t thread;
	int n = pthread_attr_init(&attr);

	if (n == 0)
		n = pthread_attr_setstacksize(&attr, STACK_BYTES);
	if (n == 0)
		n = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (n == 0)
		n = pthread_create(&thread, &attr, send_listener, r);
	return -n;
}

int sys_seccomp_load_notify(const struct sock_fprog *program, unsigned flags, struct sys_listener *l, int *ret_sent)
{
	struct relay r = { .listener = l, .fd = NOT_YET };
	long fd;
	int n = start_thread(&r);

	if (n < 0)
		return n;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	if (fd < 0)
		fd = -errno;
	atomic_store(&r.fd, (int)fd);
	while (!atomic_load(&r.done))
		;
	*ret_sent = r.sent;
	return fd < 0 ? (int)fd : 0;
}

int sys_socket_alive(int sock)
{
	struct pollfd p = { .fd = sock };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) ? -EPIPE : 0;
}
