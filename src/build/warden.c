/*
 * Why: Nix ends an external builder by SIGKILL to its process group. The builder's processes are in another, and
 * without somebody outside of ours they would go on.
 */
#include "build/warden.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "build/run.h"
#include "store/remove.h"

static void watch(const char *cloister, const char *work, int fd)
{
	struct err ignored;
	char word;

	setsid();
	/* Whoever reads our standard streams waits until all that have them are gone. */
	for (int i = 0; i <= 2; i++)
		close(i);
	for (int i = 0; i <= 2; i++)
		open("/dev/null", O_RDWR | O_CLOEXEC);
	if (io_read_full(fd, &word, 1) != 1) {
		build_run_clean(cloister, work);
		tree_remove(AT_FDCWD, work, &ignored);
	}
	_exit(0);
}

int warden_start(const char *cloister, const char *work, struct warden *ret, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, errno, "pipe");
	ret->pid = fork();
	if (ret->pid == 0) {
		close(fds[1]);
		watch(cloister, work, fds[0]);
	}
	close_fd(&fds[0]);
	ret->fd = fds[1];
	if (ret->pid < 0) {
		int r = err_sys(e, errno, "fork");

		close_fd(&ret->fd);
		return r;
	}
	return 0;
}

void warden_dismiss(struct warden *w)
{
	io_write_all(w->fd, "d", 1);
	close_fd(&w->fd);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
}
