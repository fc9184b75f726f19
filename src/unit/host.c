/* Why: what specifiers tell of the host, read in one place: all else of a unit can be tested with plain data. */
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/io.h"
#include "unit/specifier.h"
#include "unit/words.h"

enum { HOST_FILE_MAX = 64 * 1024 };

/* uname(2)'s names to those of systemd.unit(5), ConditionArchitecture=; the others are the same. */
static const char *architecture(const char *machine)
{
	static const struct { const char *machine, *name;
	} names[] = {
		{ "x86_64", "x86-64" }, { "i686", "x86" }, { "i586", "x86" }, { "i486", "x86" }, { "i386", "x86" },
		{ "aarch64", "arm64" }, { "aarch64_be", "arm64-be" }, { "armv7l", "arm" }, { "armv6l", "arm" },
		{ "ppc64le", "ppc64-le" }, { "loongarch64", "loongarch64" }, { "riscv64", "riscv64" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i].machine, machine) == 0)
			return names[i].name;
	return machine;
}

/* A file of NAME=VALUE lines as in os-release(5); what cannot be read is as good as empty. */
static const char *variable(struct arena *a, const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *value;
		char *word;
		struct err ignored;

		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		value = arena_strndup(a, line + len + 1, strcspn(line + len + 1, "\n"));
		if (!value || unit_next_word(a, &value, "\n", UNIT_WORD_QUOTES, &word, NULL, &ignored) < 0)
			return NULL;
		return word ? word : "";
	}
	return NULL;
}

static char *read_or_empty(struct arena *a, const char *path)
{
	struct err ignored;
	char *text;

	return io_read_file(a, AT_FDCWD, path, HOST_FILE_MAX, &text, NULL, &ignored) == 0 ? text : NULL;
}

int unit_host_read(struct arena *a, struct unit_host *ret, struct err *e)
{
	const char *os = read_or_empty(a, "/etc/os-release");
	const char *machine_info = read_or_empty(a, "/etc/machine-info");
	char *machine_id = read_or_empty(a, "/etc/machine-id");
	struct utsname *names = arena_alloc(a, sizeof *names);

	if (!names)
		return err_oom(e);
	if (uname(names) < 0)
		return err_sys(e, errno, "uname");
	if (!os)
		os = read_or_empty(a, "/usr/lib/os-release");
	if (machine_id)
		machine_id[strcspn(machine_id, "\n")] = '\0';
	*ret = (struct unit_host){
		.architecture = architecture(names->machine),
		.hostname = names->nodename,
		.pretty_hostname = variable(a, machine_info, "PRETTY_HOSTNAME"),
		.machine_id = machine_id && *machine_id ? machine_id : NULL,
		.kernel_release = names->release,
		/* os-release(5): "linux" where it is not said */
		.os_id = variable(a, os, "ID") ? variable(a, os, "ID") : "linux",
		.os_version_id = variable(a, os, "VERSION_ID"),
		.os_variant_id = variable(a, os, "VARIANT_ID"),
		.os_build_id = variable(a, os, "BUILD_ID"),
		.image_id = variable(a, os, "IMAGE_ID"),
		.image_version = variable(a, os, "IMAGE_VERSION"),
		.user = "root", .group = "root", .home = "/root", .shell = "/bin/sh",
	};
	return arena_failed(a) ? err_oom(e) : 0;
}
