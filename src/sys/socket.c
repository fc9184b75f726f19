/*
 * Why: engines put their console sockets below container directories whose paths often do not fit into the 108 bytes of
 * sun_path. The socket is then named through a descriptor of its directory.
 */
#include "sys/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;

	if (strlen(path) >= sizeof address.sun_path)
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	while (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		if (errno != EINTR)
			return -errno;
	return take_fd(&fd);
}

int sys_socket_connect(const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_close_ int dir = -1;
	_cleanup_free_ char *parent = NULL;
	char shorter[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (*path == 0)
		return -ENOENT;
	if (strlen(path) < sizeof shorter)
		return connect_to(path);
	if (!slash)
		return -ENAMETOOLONG;
	parent = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!parent)
		return -ENOMEM;
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (snprintf(shorter, sizeof shorter, "/proc/self/fd/%d/%s", dir, slash + 1) >= (int)sizeof shorter)
		return -ENAMETOOLONG;
	return connect_to(shorter);
}

int sys_socket_send_fd(int sock, const char *text, int fd)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec body = { .iov_base = (char *)text, .iov_len = strlen(text) };
	struct msghdr message = {
		.msg_iov = &body, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes,
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	ssize_t n;

	if (body.iov_len == 0)
		return -EINVAL;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	do
		n = sendmsg(sock, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == body.iov_len ? 0 : -EMSGSIZE;
}

/* The single descriptor of a message; what else came along is closed. */
static int take_received(struct msghdr *message, int *ret_fd)
{
	size_t count = 0;
	int kept = -1;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(int));
			if (count++ == 0)
				kept = fd;
			else
				close(fd);
		}
	}
	if (count != 1 || (message->msg_flags & MSG_CTRUNC)) {
		if (kept >= 0)
			close(kept);
		return -EBADMSG;
	}
	*ret_fd = kept;
	return 0;
}

int sys_socket_recv_fd(int sock, char *text, size_t size, int *ret_fd)
{
	/* Room for a few, so that a message with more than one is told from a message with one. */
	union { struct cmsghdr align; char bytes[CMSG_SPACE(8 * sizeof(int))]; } control = { 0 };
	struct iovec body = { .iov_base = text, .iov_len = size - 1 };
	struct msghdr message = {
		.msg_iov = &body, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof control.bytes,
	};
	ssize_t n;

	do
		n = recvmsg(sock, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (n == 0)
		return -ECONNRESET;
	text[n] = 0;
	return take_received(&message, ret_fd);
}

int sys_socket_pair(int ret[static 2])
{
	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret) < 0 ? -errno : 0;
}
