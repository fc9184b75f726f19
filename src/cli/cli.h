/*
 * What the commands of `cloister` share. One file per command; each defines its own `const struct cli_command`, the
 * list of them is in main.c. Only cli/ prints.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "cli/options.h"

/* The options that stand before the command. */
struct cli_globals {
	const char *root;             /* NULL: the default, see cli_root */
	const char *log;
	const char *log_format;
	bool debug;
	bool systemd_cgroup;
	const char *cgroup_manager;   /* NULL: cgroupfs */
	const char *rootless;
	const char *store;            /* NULL: the machine's own */
	bool version;
};

struct cli {
	struct arena *arena;
	struct cli_globals globals;
	int proc_fd;                  /* /proc, opened when it is first needed; else -1 */
	int cgroups_fd;               /* the cgroup2 mount, for many containers at once; -1: not opened */
	uid_t owner;                  /* whose name is `owner_name`, if there is one */
	char *owner_name;
	unsigned inherited_fds;       /* how many descriptors from 3 on, without a gap, the caller passed in */
	int exit_status;              /* of the process, when the command itself succeeds */
};

struct cli_command {
	const char *name;
	const char *words;            /* for the usage line, e.g. "CONTAINER [SIGNAL]" */
	const char *help;             /* one line, small first letter, no full stop */
	const char *details;          /* further lines for `COMMAND --help`; may be NULL */
	size_t min_words, max_words;
	int failure;                  /* the exit status when run fails; 0: EXIT_FAILURE */
	size_t stop_after;            /* options end after so many words; 0: never */
	const struct option_def *options;   /* NULL: none */
	size_t options_size;          /* the struct that the options go to: zeroed, then given to run */
	int (*run)(struct cli *c, void *options, const struct option_words *words, struct err *e);
};

extern const struct cli_command cli_checkpoint, cli_create, cli_delete, cli_events, cli_exec, cli_features, cli_kill,
	cli_list, cli_pause, cli_plan, cli_ps, cli_restore, cli_resume, cli_run, cli_spec, cli_start, cli_state,
	cli_update;

/* The state directory: --root, or the default for this user. Not created here. */
int cli_root(struct cli *c, const char **ret, struct err *e);

struct run_context;

/* What the functions of run/ need: state root, /proc and the global options. */
int cli_context(struct cli *c, struct run_context *ret, struct err *e);

/* Writes to standard output; a full disk or a closed pipe is an error like any other. */
int cli_print(const struct str *text, struct err *e);

/* What was given, an empty text being as good as none: engines pass such. */
static inline const char *cli_given(const char *text)
{
	return text && *text ? text : NULL;
}

/* help.c: the usage line, and the whole help of a command (NULL: of the program). */
void cli_usage_line(struct str *out, const struct cli_command *command);
void cli_help(struct str *out, const struct cli_command *command);
/* The commands in the order in which help lists them, ended by NULL. */
extern const struct cli_command *const cli_commands[];
extern const struct option_def cli_global_options[];
