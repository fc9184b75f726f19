/* Why: engines and their shims read these numbers, so names, units and shape are runc's. */
#include "cli/events_json.h"

#include <inttypes.h>
#include <stdlib.h>

#include "libocispec/field/write.h"

/* A list is put together without looking back: a comma comes before each element but the first. */
static void next(struct str *out, bool *any)
{
	if (*any)
		str_addc(out, ',');
	*any = true;
}

static void add_number(struct str *out, bool *any, const char *name, uint64_t value)
{
	next(out, any);
	str_addf(out, "\"%s\":%" PRIu64, name, value);
}

/* ... of what is left out where it is 0. */
static void add_if(struct str *out, bool *any, const char *name, uint64_t value)
{
	if (value)
		add_number(out, any, name, value);
}

static void add_pressure(struct str *out, const char *name, const struct stats_pressure *p)
{
	str_addf(out, "\"%s\":{\"avg10\":%s,\"avg60\":%s,\"avg300\":%s,\"total\":%" PRIu64 "}", name, p->avg10,
		 p->avg60, p->avg300, p->total);
}

static void add_psi(struct str *out, bool *any, const struct stats_psi *psi)
{
	if (!psi->there)
		return;
	next(out, any);
	str_add(out, "\"psi\":{");
	add_pressure(out, "some", &psi->some);
	str_addc(out, ',');
	add_pressure(out, "full", &psi->full);
	str_addc(out, '}');
}

static void add_cpu(struct str *out, const struct cgroup_stats *s)
{
	bool any = false, outer = true;

	str_add(out, "\"cpu\":{\"usage\":{");
	add_if(out, &any, "total", s->cpu_total);
	add_number(out, &any, "kernel", s->cpu_kernel);
	add_number(out, &any, "user", s->cpu_user);
	str_add(out, "},\"throttling\":{");
	any = false;
	add_if(out, &any, "periods", s->periods);
	add_if(out, &any, "throttledPeriods", s->throttled_periods);
	add_if(out, &any, "throttledTime", s->throttled_time);
	str_addc(out, '}');
	add_psi(out, &outer, &s->cpu_psi);
	str_addc(out, '}');
}

/* "0-3,7" as [0,1,2,3,7]. */
static void add_list(struct str *out, bool *any, const char *name, const char *list)
{
	bool inner = false;

	if (!list)
		return;
	next(out, any);
	str_addf(out, "\"%s\":[", name);
	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

		/* As many as a kernel can have, whatever the text says. */
		for (unsigned long n = first; n <= last && n < first + 8192; n++) {
			next(out, &inner);
			str_addf(out, "%lu", n);
		}
		list = end + (*end == ',');
	}
	str_addc(out, ']');
}

static void add_memory_entry(struct str *out, bool *any, const char *name, const struct stats_memory *m)
{
	bool inner = false;

	next(out, any);
	str_addf(out, "\"%s\":{", name);
	add_number(out, &inner, "limit", m->limit);
	add_if(out, &inner, "usage", m->usage);
	add_if(out, &inner, "max", m->max);
	add_number(out, &inner, "failcnt", m->failcnt);
	str_addc(out, '}');
}

static void add_memory(struct str *out, const struct cgroup_stats *s)
{
	bool any = false, inner = false;

	str_add(out, ",\"memory\":{");
	if (s->has_memory) {
		add_if(out, &any, "cache", s->cache);
		add_memory_entry(out, &any, "usage", &s->memory);
		add_memory_entry(out, &any, "swap", &s->swap);
		next(out, &any);
		str_add(out, "\"raw\":{");
		for (size_t i = 0; i < s->raw_len; i++)
			add_number(out, &inner, s->raw[i].name, s->raw[i].value);
		str_addc(out, '}');
	}
	add_psi(out, &any, &s->memory_psi);
	str_addc(out, '}');
}

/* One entry for reading and one for writing, as version 1 has them. */
static void add_io(struct str *out, const struct stats_device *d, bool *any, const char *op, uint64_t value)
{
	bool inner = false;

	next(out, any);
	str_addc(out, '{');
	add_if(out, &inner, "major", d->major);
	add_if(out, &inner, "minor", d->minor);
	next(out, &inner);
	str_addf(out, "\"op\":\"%s\"", op);
	add_if(out, &inner, "value", value);
	str_addc(out, '}');
}

static void add_blkio(struct str *out, const struct cgroup_stats *s)
{
	bool any = false, bytes = false, served = false;

	str_add(out, ",\"blkio\":{");
	if (s->devices_len > 0) {
		str_add(out, "\"ioServiceBytesRecursive\":[");
		for (size_t i = 0; i < s->devices_len; i++) {
			add_io(out, &s->devices[i], &bytes, "Read", s->devices[i].read_bytes);
			add_io(out, &s->devices[i], &bytes, "Write", s->devices[i].write_bytes);
		}
		str_add(out, "],\"ioServicedRecursive\":[");
		for (size_t i = 0; i < s->devices_len; i++) {
			add_io(out, &s->devices[i], &served, "Read", s->devices[i].reads);
			add_io(out, &s->devices[i], &served, "Write", s->devices[i].writes);
		}
		str_addc(out, ']');
		any = true;
	}
	add_psi(out, &any, &s->io_psi);
	str_addc(out, '}');
}

static void add_hugetlb(struct str *out, const struct cgroup_stats *s)
{
	str_add(out, ",\"hugetlb\":{");
	for (size_t i = 0; i < s->hugetlb_len; i++) {
		bool any = false;

		str_addf(out, "%s\"%s\":{", i ? "," : "", s->hugetlb[i].page_size);
		add_if(out, &any, "usage", s->hugetlb[i].usage);
		add_number(out, &any, "failcnt", s->hugetlb[i].failcnt);
		str_addc(out, '}');
	}
	str_addc(out, '}');
}

static void add_rdma(struct str *out, const char *name, const struct stats_rdma *list, size_t len)
{
	str_addf(out, "\"%s\":[", name);
	for (size_t i = 0; i < len; i++) {
		str_addf(out, "%s{\"device\":", i ? "," : "");
		oci_write_string(out, list[i].device);
		str_addf(out, ",\"hcaHandles\":%" PRIu64 ",\"hcaObjects\":%" PRIu64 "}", list[i].handles,
			 list[i].objects);
	}
	str_addc(out, ']');
}

void events_add_stats(struct str *out, const char *id, const struct cgroup_stats *s)
{
	bool any = false;

	str_add(out, "{\"type\":\"stats\",\"id\":");
	oci_write_string(out, id);
	str_add(out, ",\"data\":{");
	add_cpu(out, s);
	str_add(out, ",\"cpuset\":{");
	add_list(out, &any, "cpus", s->cpus);
	add_list(out, &any, "mems", s->mems);
	str_addc(out, '}');
	add_memory(out, s);
	str_add(out, ",\"pids\":{");
	any = false;
	add_if(out, &any, "current", s->pids);
	add_if(out, &any, "limit", s->pids_limit);
	str_addc(out, '}');
	add_blkio(out, s);
	add_hugetlb(out, s);
	/* runc has none of it here; readers skip what they do not know. */
	if (s->rdma_len > 0) {
		str_add(out, ",\"rdma\":{");
		add_rdma(out, "current", s->rdma, s->rdma_len);
		str_addc(out, ',');
		add_rdma(out, "limit", s->rdma_limits, s->rdma_limits_len);
		str_addc(out, '}');
	}
	str_add(out, ",\"intel_rdt\":{},\"network_interfaces\":null}}\n");
}

void events_add_oom(struct str *out, const char *id)
{
	str_add(out, "{\"type\":\"oom\",\"id\":");
	oci_write_string(out, id);
	str_add(out, "}\n");
}
