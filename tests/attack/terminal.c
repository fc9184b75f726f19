/*
 * Plays the attacker of CVE-2017-5226: has the caller's terminal as standard input and tries to type into it, or to
 * take it over. One line per attack that worked, then "end".
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static void type(int fd, const char *how)
{
	char c = '#';

	if (ioctl(fd, TIOCSTI, &c) == 0)
		printf("WORKED TIOCSTI %s\n", how);
}

int main(void)
{
	struct {
		char subcode, more[31];
	} selection = { .subcode = 3 };
	int tty;

	if (!isatty(0)) {
		printf("no terminal\n");
		return 1;
	}
	type(0, "at once");
	tty = open("/dev/tty", O_RDWR);
	if (tty >= 0) {
		printf("WORKED open /dev/tty\n");
		type(tty, "through /dev/tty");
	}
	if (tcgetsid(0) >= 0 && tcgetsid(0) == getsid(0))
		printf("WORKED the session is the caller's\n");
	if (ioctl(0, TIOCSCTTY, 0) == 0 || ioctl(0, TIOCSCTTY, 1) == 0) {
		printf("WORKED TIOCSCTTY\n");
		type(0, "after TIOCSCTTY");
	}
	if (ioctl(0, TIOCLINUX, &selection) == 0)
		printf("WORKED TIOCLINUX\n");
	printf("end\n");
	return 0;
}
