/*
 * What an engine does for `create --console-socket`: listens at the path, takes the terminal that is sent, and copies
 * what comes out of it to standard output until nobody has the other end open. For each "?" in it, the next TEXT is
 * typed. Arguments: PATH [TEXT...]. Prints "message: ..." first. Ends with 1 if the message is not one descriptor.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int receive(int sock)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	char text[256];
	struct iovec iov = { text, sizeof text - 1 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control,
	};
	ssize_t n = recvmsg(sock, &m, 0);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd;

	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof fd))
		return -1;
	text[n] = '\0';
	printf("message: %s\n", text);
	memcpy(&fd, CMSG_DATA(c), sizeof fd);
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), sock, fd, next = 2;
	struct winsize size;
	char buf[4096];
	ssize_t n;

	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc < 2)
		return 2;
	strncpy(addr.sun_path, argv[1], sizeof addr.sun_path - 1);
	if (bind(listener, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(listener, 1) < 0)
		return 2;
	sock = accept(listener, NULL, NULL);
	fd = receive(sock);
	if (fd < 0 || !isatty(fd))
		return 1;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		printf("size: %dx%d\n", size.ws_col, size.ws_row);
	while ((n = read(fd, buf, sizeof buf)) > 0) {
		if (write(1, buf, (size_t)n) < 0)
			return 1;
		if (memchr(buf, '?', (size_t)n) && next < argc && write(fd, argv[next], strlen(argv[next])) < 0)
			return 1;
		if (memchr(buf, '?', (size_t)n))
			next++;
	}
	return 0;
}
