/*
 * Why: a program that root runs is found by a path that nobody can change, neither by $PATH nor by where the caller
 * seems to lie. What is installed has that of the folder it was linked for. What lies in a build folder, which may be
 * copied, looks beside itself, as far as it knows where that is (see seal.c), and then in the folder it was built in.
 */
#include "run/helper.h"

#ifdef CLOISTER_UNINSTALLED

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *run_helper_path(void)
{
	static char path[PATH_MAX + sizeof "/cloister-bundle"];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash)
		strcpy(slash, "/cloister-bundle");
	return slash && slash != path && access(path, X_OK) == 0 ? path : CLOISTER_HELPER;
}

#else

const char *run_helper_path(void)
{
	return CLOISTER_HELPER;
}

#endif
