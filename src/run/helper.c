/*
 * Why: a program that root runs is found by a path that nobody can change, neither by $PATH nor by where the caller
 * seems to lie. What is installed has that of the folder it was linked for. What lies in a build folder, which may be
 * copied, looks beside itself, as far as it knows where that is (see seal.c), and then in the folder it was built in.
 */
#include "run/helper.h"

static const char *const paths[] = {
	[RUN_HELPER_BUNDLE] = CLOISTER_BUNDLE_PATH,
	[RUN_HELPER_SYSTEMD] = CLOISTER_SYSTEMD_PATH,
};

#ifdef CLOISTER_UNINSTALLED

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *run_helper_path(enum run_helper which)
{
	static char path[PATH_MAX + 32];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		strcpy(slash, strrchr(paths[which], '/'));
	return slash && slash != path && access(path, X_OK) == 0 ? path : paths[which];
}

#else

const char *run_helper_path(enum run_helper which)
{
	return paths[which];
}

#endif
