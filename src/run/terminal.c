/*
 * Why: in the foreground the runtime stands between two terminals. The user's one becomes raw, so that the container's
 * does all the editing and makes the signals; what must never happen is that it stays raw.
 */
#include "run/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "sys/process.h"
#include "sys/pty.h"
#include "sys/socket.h"

/* How long to wait before looking again whether a terminal that nobody had open has been opened. */
#define REOPEN_MS 100

struct relay {
	int master, pidfd, signals;
	bool input_open;              /* standard input has not ended */
	bool raw;                     /* `before` is to be restored */
	struct termios before;
	sigset_t mask_before;
	char input[4096];             /* read, not yet taken by the container */
	size_t input_len;
};

int terminal_receive(int sock, int *ret_master, struct err *e)
{
	char name[64];
	int r = sys_socket_recv_fd(sock, name, sizeof name, ret_master);

	return r < 0 ? err_sys(e, -r, "the container's terminal did not arrive") : 0;
}

static void make_raw(struct relay *r)
{
	struct termios raw;

	if (!r->raw && tcgetattr(0, &r->before) < 0)
		return;
	raw = r->before;
	cfmakeraw(&raw);
	r->raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

static void copy_size(struct relay *r)
{
	struct winsize size;

	for (int fd = 0; fd <= 2; fd++) {
		if (sys_pty_get_size(fd, &size) < 0)
			continue;
		sys_pty_set_size(r->master, size.ws_row, size.ws_col);
		return;
	}
}

/* SIGWINCH and SIGCONT are for the terminals, all others for the container. */
static int set_up(struct relay *r)
{
	static const int forwarded[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM };
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigaddset(&mask, SIGCONT);
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaddset(&mask, forwarded[i]);
	if (sigprocmask(SIG_BLOCK, &mask, &r->mask_before) < 0)
		return -errno;
	r->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signals < 0 || fcntl(r->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return -errno;
	copy_size(r);
	make_raw(r);
	return 0;
}

static void tear_down(struct relay *r)
{
	if (r->raw)
		tcsetattr(0, TCSANOW, &r->before);
	close_fd(&r->signals);
	sigprocmask(SIG_SETMASK, &r->mask_before, NULL);
}

static void handle_signals(struct relay *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGCONT)
			make_raw(r);
		if (info.ssi_signo == SIGCONT || info.ssi_signo == SIGWINCH)
			copy_size(r);
		else
			sys_pidfd_kill(r->pidfd, (int)info.ssi_signo);
	}
}

static void take_input(struct relay *r)
{
	ssize_t n = read(0, r->input, sizeof r->input);

	if (n > 0)
		r->input_len = (size_t)n;
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		r->input_open = false;
}

static void give_input(struct relay *r)
{
	ssize_t n = write(r->master, r->input, r->input_len);

	if (n < 0)
		return;
	r->input_len -= (size_t)n;
	memmove(r->input, r->input + n, r->input_len);
}

/* One piece of output. -EAGAIN: there is none now; -EIO: nobody has the container's end open. */
static int give_output(struct relay *r)
{
	char buf[16 * 1024];
	ssize_t n = read(r->master, buf, sizeof buf);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* A reader of ours that went away is no reason to hold the container up. */
	if (n > 0)
		io_write_all(1, buf, (size_t)n);
	return n > 0 ? 0 : -EIO;
}

static int loop(struct relay *r)
{
	bool hung_up = false;

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = r->pidfd, .events = POLLIN },
			{ .fd = r->signals, .events = POLLIN },
			{ .fd = r->input_open && r->input_len == 0 ? 0 : -1, .events = POLLIN },
			{ .fd = hung_up ? -1 : r->master, .events = POLLIN | (r->input_len ? POLLOUT : 0) },
		};

		if (poll(fds, 4, hung_up ? REOPEN_MS : -1) < 0 && errno != EINTR)
			return -errno;
		hung_up = false;
		if (fds[1].revents)
			handle_signals(r);
		if (fds[2].revents)
			take_input(r);
		if (fds[3].revents & POLLOUT)
			give_input(r);
		if (fds[3].revents & (POLLIN | POLLHUP | POLLERR))
			hung_up = give_output(r) == -EIO;
		if (fds[0].revents)
			break;
	}
	/* What the dead have left, and no more than a terminal can hold: others may still write. */
	for (int i = 0; i < 64 && give_output(r) == 0; i++)
		;
	return 0;
}

int terminal_relay(int master, int init_pidfd, struct err *e)
{
	struct relay relay = { .master = master, .pidfd = init_pidfd, .signals = -1, .input_open = true };
	int r = set_up(&relay);

	if (r == 0)
		r = loop(&relay);
	tear_down(&relay);
	return r < 0 ? err_sys(e, -r, "cannot relay the container's terminal") : 0;
}
