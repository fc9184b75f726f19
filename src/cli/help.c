/* Why: usage and help are made from the tables that are parsed by, so an option without help cannot exist. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

void cli_usage_line(struct str *out, const struct cli_command *command)
{
	if (!command) {
		str_add(out, "usage: cloister [GLOBAL OPTIONS] COMMAND [OPTIONS] [WORDS]\n");
		return;
	}
	str_addf(out, "usage: cloister [GLOBAL OPTIONS] %s%s%s%s\n", command->name,
		 command->options ? " [OPTIONS]" : "", *command->words ? " " : "", command->words);
}

static void add_sentence(struct str *out, const char *text)
{
	str_addf(out, "%c%s.\n", *text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text, text + 1);
}

static void add_command_help(struct str *out, const struct cli_command *command)
{
	add_sentence(out, command->help);
	if (command->details)
		str_addf(out, "\n%s", command->details);
	if (command->options) {
		str_add(out, "\noptions:\n");
		options_help(out, command->options);
	}
}

void cli_help(struct str *out, const struct cli_command *command)
{
	cli_usage_line(out, command);
	str_addc(out, '\n');
	if (command) {
		add_command_help(out, command);
		return;
	}
	str_add(out, "Runs a bundle (config.json and rootfs) as a container, as the OCI runtime specification says.\n"
		     "\ncommands:\n");
	for (const struct cli_command *const *c = cli_commands; *c; c++)
		str_addf(out, "  %-10s  %s\n", (*c)->name, (*c)->help);
	str_addf(out, "  %-10s  %s\n", "help", "shows this text, or the help of a command");
	str_add(out, "\nglobal options, before the command:\n");
	options_help(out, cli_global_options);
	str_add(out, "\n'cloister help COMMAND' or 'cloister COMMAND --help' shows the help of a command.\n");
}
