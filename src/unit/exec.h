/* Command lines of a service: ExecStart= and its like (systemd.service(5), "Command Lines"). */
#pragma once

#include "unit/specifier.h"

struct unit_command {
	const struct unit_line *line;
	const char *path;          /* absolute, or a name that is looked for in the search path */
	char **args;               /* NULL-terminated; args[0] is what the program is told that it is called */
	size_t args_len;
	bool ignore_failure;       /* - */
	bool no_variables;         /* : $VARIABLE stays as it is */
	bool privileged;           /* + with all rights, whatever else the unit says */
	bool keep_ids;             /* ! the program changes its ids by itself */
};

/*
 * The commands of one line; several are parted by ";". Specifiers are replaced, variables not yet.
 * -EINVAL, "FILE:LINE: Key: ...": a quote without end, a prefix that contradicts another, no program.
 */
int unit_commands_parse(struct arena *a, const struct unit *u, const struct unit_host *h,
			const struct unit_line *line, struct unit_command **io, size_t *io_len, struct err *e);

/*
 * The arguments with variables replaced: "$A" as a word of its own becomes as many words as its value has, "${A}" is
 * replaced where it stands, "$$" is "$". What is not in env (NAME=VALUE, NULL-terminated) is empty.
 */
int unit_command_expand(struct arena *a, const struct unit_command *c, char *const *env, char ***ret, size_t *ret_len,
			struct err *e);
