/* Sockets with long paths, and descriptors that travel. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sys/socket.c"

static int listen_at(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), here = open(".", O_PATH);

	assert_int_equal(chdir(dir), 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	return fd;
}

static void a_path_of_any_length(void **state)
{
	static char dir[8192], path[8300], top[8192];

	(void)state;
	snprintf(top, sizeof top, "%s", unit_temp_dir());
	strcpy(dir, top);
	for (int i = 0; i < 4; i++) {
		int listener = listen_at(dir, "console"), fd;

		snprintf(path, sizeof path, "%s/console", dir);
		fd = sys_socket_connect(path);
		assert_true(fd >= 0);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
		close(listener);
		snprintf(dir + strlen(dir), sizeof dir - strlen(dir), "/%060d", i);
		assert_int_equal(mkdir(dir, 0700), 0);
	}
	assert_true(strlen(path) > 200);
	assert_int_equal(sys_socket_connect("/no/such/socket"), -ENOENT);
	assert_int_equal(sys_socket_connect(""), -ENOENT);
	assert_int_equal(sys_socket_connect(dir), -ECONNREFUSED);
	unit_remove_tree(top);
}

static void one_descriptor_travels(void **state)
{
	char text[8];
	int pair[2], fd;
	struct stat a, b;

	(void)state;
	assert_int_equal(sys_socket_pair(pair), 0);
	assert_int_equal(sys_socket_send_fd(pair[0], "/dev/pts/12", 0), 0);
	assert_int_equal(sys_socket_recv_fd(pair[1], text, sizeof text, &fd), 0);
	assert_string_equal(text, "/dev/pt");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(0, &a), 0);
	assert_int_equal(fstat(fd, &b), 0);
	assert_true(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
	close(fd);
	assert_int_equal(sys_socket_send_fd(pair[0], "", 0), -EINVAL);
	close(pair[0]);
	close(pair[1]);
}

static int open_count(void)
{
	int n = 0;

	for (int fd = 0; fd < 64; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Sends a message with n descriptors. */
static void send_many(int sock, size_t n)
{
	union { struct cmsghdr align; char bytes[CMSG_SPACE(4 * sizeof(int))]; } control = { 0 };
	struct iovec body = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &body, .msg_iovlen = 1 };
	int fds[4] = { 0, 0, 0, 0 };

	if (n > 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), fds, n * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &message, 0), 1);
}

static void none_or_many_are_refused(void **state)
{
	int pair[2], fd = -1, before;
	char text[8];

	(void)state;
	assert_int_equal(sys_socket_pair(pair), 0);
	before = open_count();
	send_many(pair[0], 0);
	assert_int_equal(sys_socket_recv_fd(pair[1], text, sizeof text, &fd), -EBADMSG);
	send_many(pair[0], 3);
	assert_int_equal(sys_socket_recv_fd(pair[1], text, sizeof text, &fd), -EBADMSG);
	assert_int_equal(open_count(), before);
	close(pair[0]);
	assert_int_equal(sys_socket_recv_fd(pair[1], text, sizeof text, &fd), -ECONNRESET);
	close(pair[1]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_path_of_any_length),
	cmocka_unit_test(one_descriptor_travels),
	cmocka_unit_test(none_or_many_are_refused),
};

UNIT_MAIN(tests)
