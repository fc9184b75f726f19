/* Why: see sync.h. */
#include "run/sync.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/str.h"

int sync_pair(int ret[static 2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}

static int send_all(int fd, const struct sync_message *m, size_t len)
{
	ssize_t n;

	do
		n = send(fd, m, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int sync_send(int fd, enum sync_type type, int value)
{
	struct sync_message m = { .type = type, .value = value };

	return send_all(fd, &m, offsetof(struct sync_message, err));
}

/*
 * By write(2), since the container's own filter of system calls may be in force: there is hardly one that forbids that.
 * A signal for a closed connection makes no difference to a process that has nothing more to say.
 */
int sync_send_error(int fd, const struct err *e)
{
	struct sync_message m = { .type = SYNC_ERROR, .err = *e };
	ssize_t n;

	do
		n = write(fd, &m, sizeof m);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static ssize_t receive(int fd, struct sync_message *ret)
{
	ssize_t n;

	do
		n = recv(fd, ret, sizeof *ret, 0);
	while (n < 0 && errno == EINTR);
	return n;
}

int sync_recv(int fd, struct sync_message *ret)
{
	ssize_t n = receive(fd, ret);
	bool reset = n < 0 && errno == ECONNRESET;

	/* The other side has ended without reading all. It is said once, and its last words come after it. */
	if (reset)
		n = receive(fd, ret);
	if (n < 0)
		return -errno;
	if (n == 0)
		return reset ? -ECONNRESET : 0;
	if ((size_t)n != (ret->type == SYNC_ERROR ? sizeof *ret : offsetof(struct sync_message, err)))
		return -EBADMSG;
	if (ret->type == SYNC_ERROR) {
		/*
		 * Who sent it may be in a hostile container's hands: it is shown to people, and its number is taken
		 * for one.
		 */
		ret->err.text[sizeof ret->err.text - 1] = '\0';
		str_make_plain(ret->err.text);
		if (ret->err.num <= 0)
			ret->err.num = EIO;
	}
	return 1;
}

int sync_expect(int fd, enum sync_type type, struct err *e)
{
	struct sync_message m;
	int r = sync_recv(fd, &m);

	if (r < 0 && r != -ECONNRESET)
		return err_sys(e, -r, "read from the other process");
	if (r <= 0)
		return err_set(e, ECONNRESET, "the other process ended unexpectedly");
	if (m.type == SYNC_ERROR) {
		*e = m.err;
		return -(e->num ? e->num : EIO);
	}
	if (m.type != type)
		return err_set(e, EBADMSG, "unexpected message %d from the other process", (int)m.type);
	return 0;
}
