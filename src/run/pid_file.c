/* Why: see pid_file.h. */
#include "run/pid_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"

int pid_file_write(const char *path, pid_t pid, struct err *e)
{
	char text[24], dir[PATH_MAX];
	const char *name;

	if ((size_t)snprintf(dir, sizeof dir, "%s", path) >= sizeof dir)
		return err_sys(e, ENAMETOOLONG, "--pid-file %s", path);
	name = strrchr(path, '/');
	strcpy(dir + (name ? (size_t)(name - path) + (name == path) : 0), "");
	_cleanup_close_ int fd = open(*dir ? dir : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "--pid-file %s", path);
	/* No newline: containerd takes the whole file for a number. */
	snprintf(text, sizeof text, "%ld", (long)pid);
	if (io_write_file_atomic(fd, name ? name + 1 : path, text, strlen(text), 0644, e) < 0)
		return err_prefix(e, "--pid-file %s", path);
	return 0;
}
