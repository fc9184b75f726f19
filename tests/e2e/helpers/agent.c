/*
 * Answers what a seccomp filter asks: `agent SOCKET FILE` takes one connection, writes the container process state to
 * FILE.json and, once the connection is closed, the number of descriptors and bytes to FILE.got. mkdir gets errno 77,
 * everything else may go on. It ends when the last process with the filter has; FILE.asked then says how often it was
 * asked.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static FILE *out(const char *base, const char *suffix)
{
	char path[512];

	snprintf(path, sizeof path, "%s.%s", base, suffix);
	return fopen(path, "w");
}

/* The whole message; the descriptor that came with its beginning, and how many there were in all. */
static int receive(int sock, char *text, size_t size, int *ret_count)
{
	union { struct cmsghdr align; char bytes[256]; } control;
	size_t len = 0;
	int fd = -1;

	*ret_count = 0;
	for (;;) {
		struct iovec body = { text + len, size - 1 - len };
		struct msghdr m = { .msg_iov = &body, .msg_iovlen = 1, .msg_control = &control,
			.msg_controllen = sizeof control };
		ssize_t n = recvmsg(sock, &m, 0);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);

		if (n <= 0)
			break;
		len += (size_t)n;
		if (h && h->cmsg_type == SCM_RIGHTS) {
			memcpy(&fd, CMSG_DATA(h), sizeof fd);
			*ret_count += (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof fd);
		}
	}
	text[len] = '\0';
	return fd;
}

static unsigned answer(int listener)
{
	unsigned asked = 0;

	for (;;) {
		struct pollfd p = { .fd = listener, .events = POLLIN };
		struct seccomp_notif question = { 0 };
		struct seccomp_notif_resp reply = { 0 };

		if (poll(&p, 1, 60000) <= 0 || (p.revents & (POLLHUP | POLLERR)))
			return asked;
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) < 0)
			continue;
		asked++;
		reply.id = question.id;
		if (question.data.nr == SYS_mkdirat
#ifdef SYS_mkdir
		    || question.data.nr == SYS_mkdir
#endif
		    )
			reply.error = -77;
		else
			reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	static char text[65536];
	int sock, listener, count;
	FILE *f;

	if (argc != 3)
		return 2;
	strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(sock, (struct sockaddr *)&address, sizeof address) < 0 || listen(sock, 1) < 0)
		return 3;
	sock = accept(sock, NULL, NULL);
	listener = receive(sock, text, sizeof text, &count);
	f = out(argv[2], "json");
	fputs(text, f);
	fclose(f);
	f = out(argv[2], "got");
	fprintf(f, "%d descriptors\n", count);
	fclose(f);
	count = (int)answer(listener);
	f = out(argv[2], "asked");
	fprintf(f, "%d\n", count);
	fclose(f);
	return 0;
}
