/* `cloister update`: changes the limits of a container, from JSON or from options. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "cli/cli.h"
#include "cli/update_options.h"
#include "libocispec/field/read.h"
#include "run/run.h"

#define AT(field) offsetof(struct update_options, field)
#define TEXT(name, field, value, help) { name, 0, OPTION_TEXT, AT(field), value, help }

static const struct option_def update_defs[] = {
	{ "resources", 'r', OPTION_TEXT, AT(resources), "FILE",
	  "the limits as JSON, as in linux.resources; \"-\": from standard input" },
	TEXT("memory", memory, "BYTES", "limit of memory, also 64M; -1: none"),
	TEXT("memory-reservation", reservation, "BYTES", "memory that is not reclaimed if that can be helped"),
	TEXT("memory-swap", swap, "BYTES", "limit of memory and swap together; -1: none"),
	TEXT("kernel-memory", kernel, "BYTES", "refused: --memory includes it"),
	TEXT("kernel-memory-tcp", kernel_tcp, "BYTES", "refused: --memory includes it"),
	TEXT("cpu-share", shares, "N", "share of the processors, beside others: 2 to 262144"),
	TEXT("cpu-quota", quota, "USEC", "microseconds of a processor in each period; -1: no limit"),
	TEXT("cpu-period", period, "USEC", "how long a period is"),
	TEXT("cpu-burst", burst, "USEC", "what may be saved up and used above the quota"),
	TEXT("cpu-idle", idle, "0|1", "1: run only when nobody else wants to"),
	TEXT("cpu-rt-period", rt_period, "USEC", "refused: cgroup version 2 has none"),
	TEXT("cpu-rt-runtime", rt_runtime, "USEC", "refused: cgroup version 2 has none"),
	TEXT("cpuset-cpus", cpus, "LIST", "processors it may use, such as 0-3,7"),
	TEXT("cpuset-mems", mems, "LIST", "memory nodes it may use"),
	TEXT("pids-limit", pids, "N", "how many processes there may be; -1: no limit"),
	TEXT("blkio-weight", blkio_weight, "N", "share of the disks, beside others: 10 to 1000"),
	TEXT("l3-cache-schema", l3_cache, "SCHEMA", "share of the cache, a line of resctrl: L3:0=ff"),
	TEXT("mem-bw-schema", mem_bw, "SCHEMA", "share of the memory bandwidth, a line of resctrl: MB:0=50"),
	{ 0 },
};

static int read_json(struct cli *c, const char *file, struct oci_resources **ret, struct err *e)
{
	bool input = strcmp(file, "-") == 0;
	const char *name = input ? "standard input" : file;
	size_t len;
	char *json;
	int r = input ? io_read_fd(c->arena, STDIN_FILENO, name, OCI_READ_BYTES_MAX, &json, &len, e)
		      : io_read_file(c->arena, AT_FDCWD, file, OCI_READ_BYTES_MAX, &json, &len, e);

	return r < 0 ? r : oci_read(c->arena, &oci_resources_type, name, json, len, ret, e);
}

/* The first option that was given and says what --resources says, too; NULL: none. */
static const char *first_option(const struct update_options *o)
{
	for (const struct option_def *d = update_defs + 1; d->offset != AT(l3_cache); d++)
		if (*(const char *const *)((const char *)o + d->offset))
			return d->name;
	return NULL;
}

static int update(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct update_options *o = options;
	const char *file = cli_given(o->resources), *other = first_option(o);
	struct oci_resources from_options, *asked = &from_options;
	struct run_update_options run = {
		.id = words->items[0], .l3_cache = cli_given(o->l3_cache), .mem_bw = cli_given(o->mem_bw),
	};
	struct run_context context;
	int r;

	if (file && other)
		return err_set(e, EINVAL, "option --%s cannot be combined with --resources, which says it all", other);
	if (!file && !other && !run.l3_cache && !run.mem_bw)
		return err_set(e, EINVAL, "update requires --resources, or an option that says what to change");
	r = file ? read_json(c, file, &asked, e) : update_read_options(c->arena, o, &from_options, e);
	if (r == 0)
		r = cli_context(c, &context, e);
	run.asked = asked;
	return r < 0 ? r : run_update(&context, &run, e);
}

const struct cli_command cli_update = {
	.name = "update",
	.words = "CONTAINER",
	.help = "changes the limits of a container",
	.details = "What is not named, or is 0 in the JSON, stays as it is. All changes are made, or none.\n",
	.min_words = 1,
	.max_words = 1,
	.options = update_defs,
	.options_size = sizeof(struct update_options),
	.run = update,
};
