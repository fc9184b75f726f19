/*
 * Plays the attacker who owns the rootfs, or a volume in it: exchanges the two names of a directory and a symlink, each
 * with the other, without end (renameat2(2), RENAME_EXCHANGE). Arguments: pairs of paths.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <signal.h>

int main(int argc, char **argv)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		for (int i = 1; i + 1 < argc; i += 2)
			if (renameat2(AT_FDCWD, argv[i], AT_FDCWD, argv[i + 1], RENAME_EXCHANGE) < 0)
				perror(argv[i]);
}
