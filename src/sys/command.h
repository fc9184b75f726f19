/*
 * Runs another program to its end: with text on its standard input, its output caught, within a time limit, and without
 * any of the caller's descriptors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct sys_command {
	const char *path;
	char *const *argv;            /* NULL-terminated, not empty */
	char *const *envp;            /* NULL-terminated; NULL: the caller's */
	const char *dir;              /* its working directory, "/" if that is out of reach; NULL: the caller's */
	const char *input;            /* what it reads on standard input */
	size_t input_len;
	int timeout;                  /* seconds; 0: as long as it takes */
	struct str *text;             /* gets all of its standard output; NULL: that goes where its errors go */
	size_t text_max;              /* more than that is -EFBIG */
};

struct sys_command_result {
	int exec_error;               /* a positive errno value: it never ran */
	bool timed_out;               /* it and its process group were killed */
	int status;                   /* as from waitpid(2) */
	char output[512];             /* the end of standard error (and output), NUL-terminated */
};

/*
 * Runs a program of the caller's $PATH and adds all that it writes to standard output to out. Its other streams and its
 * environment are the caller's. Returns its status as from waitpid(2), or -errno: -ENOENT if it is not there.
 */
int sys_command_read(char *const *argv, struct str *out);

/*
 * Returns 0 when *ret says how it went, or -errno. Returns as soon as the program itself has ended, also when it left a
 * child behind that still holds its output.
 */
int sys_command_run(const struct sys_command *command, struct sys_command_result *ret);
