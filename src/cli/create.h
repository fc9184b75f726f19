/* The options that `create`, `run` and `plan` have in common, and what they mean to run/. */
#pragma once

#include "cli/cli.h"
#include "run/run.h"

struct create_options {
	const char *bundle, *config;
	const char *console_socket;
	const char *pid_file;
	unsigned preserve_fds;
	bool no_pivot;
	bool no_new_keyring;
	/* only `run` */
	bool detach;
	bool keep;
	bool no_subreaper;
};

#define CREATE_AT(field) offsetof(struct create_options, field)

#define CREATE_OPTION_ROWS \
	{ "bundle", 'b', OPTION_TEXT, CREATE_AT(bundle), "DIR", \
	  "the bundle (default: the current directory)" }, \
	{ "config", 'f', OPTION_TEXT, CREATE_AT(config), "FILE", \
	  "its configuration, below the bundle if relative (default: config.json)" }, \
	{ "console-socket", 0, OPTION_TEXT, CREATE_AT(console_socket), "PATH", \
	  "send the terminal's descriptor to this unix socket" }, \
	{ "pid-file", 0, OPTION_TEXT, CREATE_AT(pid_file), "FILE", \
	  "write the process id of the container to this file" }, \
	{ "preserve-fds", 0, OPTION_COUNT, CREATE_AT(preserve_fds), "N", \
	  "pass N more descriptors to the container, from 3 on" }, \
	{ "no-new-keyring", 0, OPTION_FLAG, CREATE_AT(no_new_keyring), NULL, \
	  "keep the caller's session keyring" }, \
	{ "no-pivot", 0, OPTION_FLAG, CREATE_AT(no_pivot), NULL, \
	  "not supported: without pivot_root isolation is weaker" }

/* Both structs for run/ from the options. Refuses what would weaken the container or is not there yet. */
int create_prepare(struct cli *c, const struct create_options *options, const char *id, struct run_context *ret_context,
		   struct run_create_options *ret_options, struct err *e);
