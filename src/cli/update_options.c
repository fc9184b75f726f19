/* Why: what `update` is told by options becomes the structure that it otherwise reads as JSON. */
#include "cli/update_options.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

/* ---- values ---- */

/* An empty text is as good as none. */
static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static int bad(const char *option, const char *text, const char *what, struct err *e)
{
	return err_set(e, EINVAL, "option --%s: '%s' is not %s", option, text, what);
}

static int parse_number(const char *option, const char *text, int64_t *ret, struct err *e)
{
	bool negative = *text == '-';
	unsigned long long n;

	if (parse_u64(text + negative, INT64_MAX, &n) < 0)
		return bad(option, text, "a number", e);
	*ret = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

static int parse_unsigned(const char *option, const char *text, uint64_t *ret, struct err *e)
{
	unsigned long long n;

	if (parse_u64(text, UINT64_MAX, &n) < 0)
		return bad(option, text, "a number that is 0 or more", e);
	*ret = n;
	return 0;
}

/* "64M", "1.5g", "512KiB": powers of 1024, in all the ways in which docker's tools write them. */
int update_parse_size(const char *option, const char *text, int64_t *ret, struct err *e)
{
	static const char units[] = "bkmgtp";
	size_t digits = strspn(text, "0123456789."), len = strlen(text);
	const char *rest = text + digits, *unit;
	double value;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	value = strtod(text, NULL);
	if (*rest == ' ')
		rest++;
	unit = *rest ? strchr(units, *rest | 0x20) : units;
	if (digits == 0 || text[0] == '.' || strchr(text, '.') != strrchr(text, '.') || !unit || len > 40)
		return bad(option, text, "a size like 64M, or -1", e);
	if (*rest)
		rest++;
	if (unit > units && (strcasecmp(rest, "b") == 0 || strcasecmp(rest, "ib") == 0))
		rest += strlen(rest);
	for (; unit > units; unit--)
		value *= 1024;
	if (*rest || !(value < 0x1p63))
		return bad(option, text, "a size like 64M, or -1", e);
	*ret = (int64_t)value;
	return 0;
}

/* ---- options ---- */

struct update_parts {
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_pids pids;
	struct oci_block_io block_io;
};

static int read_memory(const struct update_options *o, struct oci_memory *m, struct err *e)
{
	const struct {
		const char *name, *text;
		int64_t *into;
	} rows[] = {
		{ "memory", o->memory, &m->limit },
		{ "memory-reservation", o->reservation, &m->reservation },
		{ "memory-swap", o->swap, &m->swap },
		{ "kernel-memory", o->kernel, &m->kernel },
		{ "kernel-memory-tcp", o->kernel_tcp, &m->kernel_tcp },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && r == 0; i++)
		if (given(rows[i].text))
			r = update_parse_size(rows[i].name, rows[i].text, rows[i].into, e);
	return r;
}

static int read_cpu(const struct update_options *o, struct oci_cpu *c, struct err *e)
{
	int r = 0;

	c->cpus = (char *)given(o->cpus);
	c->mems = (char *)given(o->mems);
	c->has_idle = given(o->idle);
	c->has_burst = given(o->burst);
	if (given(o->shares))
		r = parse_unsigned("cpu-share", o->shares, &c->shares, e);
	if (r == 0 && given(o->quota))
		r = parse_number("cpu-quota", o->quota, &c->quota, e);
	if (r == 0 && given(o->period))
		r = parse_unsigned("cpu-period", o->period, &c->period, e);
	if (r == 0 && c->has_burst)
		r = parse_unsigned("cpu-burst", o->burst, &c->burst, e);
	if (r == 0 && c->has_idle)
		r = parse_number("cpu-idle", o->idle, &c->idle, e);
	if (r == 0 && given(o->rt_period))
		r = parse_unsigned("cpu-rt-period", o->rt_period, &c->realtime_period, e);
	if (r == 0 && given(o->rt_runtime))
		r = parse_number("cpu-rt-runtime", o->rt_runtime, &c->realtime_runtime, e);
	return r;
}

int update_read_options(struct arena *a, const struct update_options *o, struct oci_resources *ret, struct err *e)
{
	struct update_parts *parts = arena_alloc(a, sizeof *parts);
	int64_t weight = 0;
	int r;

	if (!parts)
		return err_oom(e);
	*ret = (struct oci_resources){
		.memory = &parts->memory,
		.cpu = &parts->cpu,
		.pids = &parts->pids,
		.block_io = &parts->block_io,
	};
	r = read_memory(o, &parts->memory, e);
	if (r == 0)
		r = read_cpu(o, &parts->cpu, e);
	parts->pids.has_limit = given(o->pids);
	if (r == 0 && parts->pids.has_limit)
		r = parse_number("pids-limit", o->pids, &parts->pids.limit, e);
	if (r == 0 && given(o->blkio_weight))
		r = parse_number("blkio-weight", o->blkio_weight, &weight, e);
	if (r == 0 && (weight < 0 || weight > UINT16_MAX))
		r = bad("blkio-weight", o->blkio_weight, "a number from 10 to 1000", e);
	parts->block_io.weight = (uint16_t)weight;
	return r;
}
