/*
 * The relay between two real terminals. The user at the outer one and the container at the inner one are played
 * here.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>

#include "run/terminal.h"
#include "sys/process.h"
#include "sys/pty.c"
#include "sys/socket.c"

/* Only what the included files need besides. */
int sys_pidfd_kill(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

static int open_pair(int *ret_slave)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	*ret_slave = sys_pty_slave(master);
	assert_true(*ret_slave >= 0);
	return master;
}

struct scene {
	int user;                     /* the master of the user's terminal */
	int tty;                      /* ... and its slave, kept open */
	pid_t relay;
	char seen[65536];             /* what the user has seen and no `expect` was about */
	size_t seen_len;
};

/*
 * Starts a relay process whose standard streams are the user's terminal, with a shell at the inner one. The relay's
 * exit status: 0 if its terminal is at the end as it was at the beginning.
 */
static struct scene play(const char *script)
{
	struct scene s = { 0 };

	s.user = open_pair(&s.tty);
	assert_int_equal(sys_pty_set_size(s.user, 24, 80), 0);
	s.relay = fork();
	assert_true(s.relay >= 0);
	if (s.relay == 0) {
		struct termios before, after;
		int inner_slave, inner = open_pair(&inner_slave), pidfd;
		struct err e;
		pid_t pid;

		memset(&before, 0, sizeof before);
		memset(&after, 0, sizeof after);
		setsid();
		sys_pty_become_standard(s.tty);
		pid = fork();
		if (pid == 0) {
			setsid();
			sys_pty_control(inner_slave);
			sys_pty_become_standard(inner_slave);
			execl("/bin/sh", "sh", "-c", script, NULL);
			_exit(99);
		}
		close(inner_slave);
		pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (tcgetattr(0, &before) < 0 || terminal_relay(inner, pidfd, &e) < 0 || tcgetattr(0, &after) < 0)
			_exit(2);
		_exit(memcmp(&before, &after, sizeof before) == 0 ? 0 : 3);
	}
	return s;
}

/* Reads what the user sees until text is in it, and takes it off up to there; fails after ten seconds. */
static void expect(struct scene *s, const char *text)
{
	char *found;

	while (!(found = strstr(s->seen, text))) {
		struct pollfd p = { .fd = s->user, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, 10000) <= 0)
			fail_msg("waited in vain for '%s', seen: %s", text, s->seen);
		n = read(s->user, s->seen + s->seen_len, sizeof s->seen - 1 - s->seen_len);
		assert_true(n > 0);
		s->seen_len += (size_t)n;
		s->seen[s->seen_len] = 0;
	}
	found += strlen(text);
	s->seen_len -= (size_t)(found - s->seen);
	memmove(s->seen, found, s->seen_len + 1);
}

static void type(struct scene *s, const char *text)
{
	assert_int_equal(write(s->user, text, strlen(text)), strlen(text));
}

static void ends(struct scene *s)
{
	int status;

	assert_int_equal(waitpid(s->relay, &status, 0), s->relay);
	assert_int_equal(status, 0);
	close(s->user);
	close(s->tty);
}

static void bytes_go_both_ways(void **state)
{
	struct scene s = play("echo ready; read -r line; echo \"got $line\"; exit 3");

	(void)state;
	expect(&s, "ready\r\n");
	type(&s, "hello\r");
	expect(&s, "got hello\r\n");
	ends(&s);
}

static void the_inner_terminal_makes_the_signals(void **state)
{
	struct scene s = play("trap 'echo interrupted; exit' INT; echo ready; while :; do sleep 0.1; done");

	(void)state;
	expect(&s, "ready");
	type(&s, "\003");
	expect(&s, "interrupted");
	ends(&s);
}

static void the_size_follows(void **state)
{
	struct scene s = play("stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done");

	(void)state;
	expect(&s, "24 80");
	expect(&s, "ready");
	assert_int_equal(sys_pty_set_size(s.user, 50, 132), 0);
	assert_int_equal(kill(s.relay, SIGWINCH), 0);
	expect(&s, "50 132");
	ends(&s);
}

static void signals_are_passed_on(void **state)
{
	struct scene s = play("trap 'echo terminated; exit' TERM; echo ready; while :; do sleep 0.1; done");

	(void)state;
	expect(&s, "ready");
	assert_int_equal(kill(s.relay, SIGTERM), 0);
	expect(&s, "terminated");
	ends(&s);
}

static void the_last_output_arrives(void **state)
{
	struct scene s = play("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i + 1)); done; printf end");

	(void)state;
	expect(&s, "line 1999\r\nend");
	ends(&s);
}

static void a_terminal_that_nobody_has_open_may_be_opened_again(void **state)
{
	struct scene s = play("tty=$(tty); exec <&- >&- 2>&-; sleep 0.5; echo back >\"$tty\"; sleep 0.3");

	(void)state;
	expect(&s, "back");
	ends(&s);
}

static void much_input_does_not_block(void **state)
{
	static char big[3000];
	struct scene s = play("stty raw -echo; echo ready; sleep 0.5; head -c 9000 | wc -c");

	(void)state;
	expect(&s, "ready");
	memset(big, 'x', sizeof big);
	for (int i = 0; i < 3; i++) {
		type(&s, "");
		assert_int_equal(write(s.user, big, sizeof big), sizeof big);
	}
	expect(&s, "9000");
	ends(&s);
}

static void the_terminal_arrives_over_a_socket(void **state)
{
	int pair[2], master = -1;
	struct err e;

	(void)state;
	assert_int_equal(sys_socket_pair(pair), 0);
	assert_int_equal(sys_socket_send_fd(pair[1], "/dev/pts/0", 0), 0);
	assert_ok(terminal_receive(pair[0], &master, &e), &e);
	assert_true(master > 2);
	close(master);
	close(pair[1]);
	assert_int_equal(terminal_receive(pair[0], &master, &e), -ECONNRESET);
	close(pair[0]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(bytes_go_both_ways),
	cmocka_unit_test(the_inner_terminal_makes_the_signals),
	cmocka_unit_test(the_size_follows),
	cmocka_unit_test(signals_are_passed_on),
	cmocka_unit_test(the_last_output_arrives),
	cmocka_unit_test(a_terminal_that_nobody_has_open_may_be_opened_again),
	cmocka_unit_test(much_input_does_not_block),
	cmocka_unit_test(the_terminal_arrives_over_a_socket),
};

UNIT_MAIN(tests)
