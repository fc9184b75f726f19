/*
 * Why: from the moment when the filter is loaded, any call of this thread may wait for the answer of somebody who does
 * not have the descriptor yet. So another thread, to which the filter does not apply, sends it; this one makes no call
 * at all until that is done, and so it cannot sleep. The other one ends of its own accord, or at the exec.
 *
 * Where there can be no other thread, another process with the same descriptors does it.
 */
#include "sys/notify.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/socket.h"

/* Room for the frames of a sanitizer, too. */
enum { STACK_BYTES = 256 * 1024, NOT_YET = -1000000 };

struct relay {
	const char *text;
	int sock;
	_Atomic int fd;               /* from seccomp(2): a descriptor, or -errno */
	_Atomic bool done;
	int sent;
};

/* In memory that the two share. */
struct sys_messenger {
	struct relay relay;
};

static void send_when_known(struct relay *r, void (*wait)(void))
{
	int fd;

	while ((fd = atomic_load(&r->fd)) == NOT_YET)
		wait();
	if (fd >= 0)
		r->sent = sys_socket_send_fd(r->sock, r->text, fd);
	close_fd(&fd);
	close_fd(&r->sock);
	/* The last look at what is the other one's. */
	atomic_store(&r->done, true);
}

static void yield(void)
{
	sched_yield();
}

static void *send_listener(void *data)
{
	send_when_known(data, yield);
	return NULL;
}

/* It may be a while: its maker has yet to enter the container. Nobody can wake it from behind a filter. */
static void doze(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 200 * 1000 }, NULL);
}

int sys_messenger_start(const char *text, struct sys_messenger **ret)
{
	pid_t maker = getpid();
	struct sys_messenger *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long pid;

	if (m == MAP_FAILED)
		return -errno;
	m->relay = (struct relay){ .text = text, .sock = -1, .fd = NOT_YET };
#ifdef __s390x__
	pid = syscall(SYS_clone, 0, CLONE_FILES | SIGCHLD, NULL, NULL, 0);
#else
	pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, NULL, 0);
#endif
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == maker)
			send_when_known(&m->relay, doze);
		_exit(0);
	}
	*ret = m;
	return 0;
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
	struct relay own = { .text = l->text, .sock = l->sock, .fd = NOT_YET };
	struct relay *r = l->messenger ? &l->messenger->relay : &own;
	long fd;
	int n = l->messenger ? 0 : start_thread(r);

	if (n < 0)
		return n;
	r->sock = l->sock;
	l->sock = -1;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, program);
	if (fd < 0)
		fd = -errno;
	atomic_store(&r->fd, (int)fd);
	while (!atomic_load(&r->done))
		;
	*ret_sent = r->sent;
	return fd < 0 ? (int)fd : 0;
}

int sys_socket_alive(int sock)
{
	struct pollfd p = { .fd = sock };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) ? -EPIPE : 0;
}
