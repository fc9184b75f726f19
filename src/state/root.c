/*
 * Why: the state directory decides which process a command kills, so nobody else may own it. /run and $XDG_RUNTIME_DIR
 * are safe by themselves; below /tmp, where anybody may have been first, the directory is checked by its descriptor.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "state/store.h"

static int check_tmp_root(const char *path, struct err *e)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "create state root %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "open state root %s", path);
	if (st.st_uid != geteuid() || (st.st_mode & 0777) != 0700)
		return err_set(e, EPERM,
			       "state root %s belongs to uid %u and has mode %04o, but must be ours with mode 0700: "
			       "remove it, or set XDG_RUNTIME_DIR or --root",
			       path, (unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	return 0;
}

int state_root_default(struct arena *a, bool in_initial_userns_root, char **ret, struct err *e)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");

	/* The XDG base directory specification: a path that is not absolute is to be ignored. */
	if (in_initial_userns_root)
		*ret = arena_strdup(a, "/run/cloister");
	else if (xdg && *xdg == '/')
		*ret = arena_printf(a, "%s/cloister", xdg);
	else
		*ret = arena_printf(a, "/tmp/cloister-%u", (unsigned)geteuid());
	if (!*ret)
		return err_oom(e);
	if (in_initial_userns_root || (xdg && *xdg == '/'))
		return 0;
	return check_tmp_root(*ret, e);
}
