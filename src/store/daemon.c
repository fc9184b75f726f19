/*
 * Why: on a multi-user installation only the daemon may write to gcroots.
 *
 * The protocol: all numbers are 64 bits, little-endian; a string is its length, its bytes, and zeros up to a multiple
 * of 8. After a greeting with versions the client sends an operation; the daemon answers with log messages, then "last"
 * and the result, or with an error.
 */
#include "store/daemon.h"

#include <endian.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

#define VERSION(major, minor) ((uint64_t)(major) << 8 | (minor))

enum {
	GREETING_CLIENT = 0x6e697863,
	GREETING_DAEMON = 0x6478696f,
	OP_ADD_INDIRECT_ROOT = 12,
	MESSAGE_LAST = 0x616c7473,
	MESSAGE_ERROR = 0x63787470,
	MESSAGE_LOG = 0x6f6c6d67,
	TEXT_MAX = 64 * 1024,
	MESSAGES_MAX = 1000,
	TIMEOUT_S = 30,  /* a collector that is running makes the daemon wait, but not for ever */
};

struct conversation {
	int fd;
	const char *socket;
	struct err *e;
};

static int lost(struct conversation *c, int num)
{
	return err_sys(c->e, num, "talk to the daemon at %s", c->socket);
}

static int send_number(struct conversation *c, uint64_t n)
{
	uint64_t wire = htole64(n);
	ssize_t r = send(c->fd, &wire, sizeof wire, MSG_NOSIGNAL);

	return r == sizeof wire ? 0 : lost(c, r < 0 ? errno : EIO);
}

static int send_text(struct conversation *c, const char *text)
{
	char padded[4096 + 8] = { 0 };
	size_t len = strlen(text), whole = (len + 7) & ~(size_t)7;
	ssize_t r;

	if (len > 4096)
		return lost(c, ENAMETOOLONG);
	memcpy(padded, text, len);
	if (send_number(c, len) < 0)
		return -c->e->num;
	r = send(c->fd, padded, whole, MSG_NOSIGNAL);
	return r == (ssize_t)whole ? 0 : lost(c, r < 0 ? errno : EIO);
}

static int receive(struct conversation *c, void *buf, size_t len)
{
	ssize_t n = io_read_full(c->fd, buf, len);

	if (n == -EAGAIN)
		return lost(c, ETIMEDOUT);
	if (n < 0)
		return lost(c, (int)-n);
	return (size_t)n == len ? 0 : lost(c, ECONNRESET);
}

static int receive_number(struct conversation *c, uint64_t *ret)
{
	uint64_t wire = 0;
	int r = receive(c, &wire, sizeof wire);

	*ret = le64toh(wire);
	return r;
}

/* ret has room for 256 bytes and takes what fits. */
static int receive_text(struct conversation *c, char ret[static 256])
{
	char buf[8];
	uint64_t len = 0;
	int r = receive_number(c, &len);

	if (r == 0 && len > TEXT_MAX)
		r = lost(c, EMSGSIZE);
	for (uint64_t i = 0; r == 0 && i < len; i += sizeof buf) {
		r = receive(c, buf, sizeof buf);
		for (uint64_t n = i; n < i + sizeof buf && n < 255; n++)
			ret[n] = n < len ? buf[n - i] : '\0';
	}
	ret[len < 255 ? len : 255] = '\0';
	return r;
}

/* Up to "last", after which the result follows. */
static int skip_messages(struct conversation *c)
{
	char text[256] = "";
	uint64_t kind, status;

	for (int i = 0; i < MESSAGES_MAX; i++) {
		if (receive_number(c, &kind) < 0)
			return -c->e->num;
		if (kind == MESSAGE_LAST)
			return 0;
		if (kind != MESSAGE_ERROR && kind != MESSAGE_LOG)
			break;
		if (receive_text(c, text) < 0)
			return -c->e->num;
		if (kind == MESSAGE_ERROR) {
			receive_number(c, &status);
			return err_set(c->e, EPERM, "the daemon at %s refused the GC root: %s", c->socket, text);
		}
	}
	return lost(c, EPROTO);
}

static int greet(struct conversation *c)
{
	uint64_t magic = 0, version = 0;

	if (send_number(c, GREETING_CLIENT) < 0 || receive_number(c, &magic) < 0 || receive_number(c, &version) < 0)
		return -c->e->num;
	if (magic != GREETING_DAEMON)
		return err_set(c->e, EPROTO, "what listens at %s is not a store daemon", c->socket);
	if (version >> 8 != 1 || version < VERSION(1, 14))
		return err_set(c->e, EPROTO,
			       "the daemon at %s speaks protocol %" PRIu64 ".%" PRIu64 ", not 1.14 or later", c->socket,
			       version >> 8, version & 0xff);
	/* Two things of old: a processor to run on, and whether to keep disk space in reserve. */
	if (send_number(c, VERSION(1, 18)) < 0 || send_number(c, 0) < 0 || send_number(c, 0) < 0)
		return -c->e->num;
	return skip_messages(c);
}

static int connect_daemon(struct conversation *c)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = TIMEOUT_S };

	if (strlen(c->socket) >= sizeof address.sun_path)
		return lost(c, ENAMETOOLONG);
	memcpy(address.sun_path, c->socket, strlen(c->socket) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return lost(c, errno);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
	return connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 ? lost(c, errno) : 0;
}

int daemon_add_indirect_root(const struct store *s, const char *link, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct conversation c = { .fd = -1, .e = e };
	uint64_t done = 0;
	int r;

	if (!a || !(c.socket = arena_printf(a, "%s/daemon-socket/socket", s->state_dir)))
		return err_oom(e);
	r = connect_daemon(&c);
	if (r == 0)
		r = greet(&c);
	if (r == 0)
		r = send_number(&c, OP_ADD_INDIRECT_ROOT);
	if (r == 0)
		r = send_text(&c, link);
	if (r == 0)
		r = skip_messages(&c);
	if (r == 0)
		r = receive_number(&c, &done);
	if (r == 0 && done != 1)
		r = lost(&c, EPROTO);
	close_fd(&c.fd);
	return r;
}
