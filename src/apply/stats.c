/*
 * Why: see stats.h. Each controller has files of its own, in one of three shapes: a number, "key value", or
 * "name key=value".
 */
#include "apply/stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "sys/cgroup.h"

enum { FILE_MAX = 64 * 1024 };

struct reader {
	struct arena *arena;
	int fd;
	char *text; /* of the file that was read last; FILE_MAX bytes */
	int error;  /* the first that is more than a missing file */
	const char *failed;
};

/* False if there is no such file, or none that can be read. */
static bool read_file(struct reader *r, const char *file)
{
	int result = sys_cgroup_read(r->fd, file, r->text, FILE_MAX);

	/* EOPNOTSUPP: what the kernel was told not to count, such as pressure. */
	if (result < 0 && result != -ENOENT && result != -EOPNOTSUPP && !r->error) {
		r->error = result;
		r->failed = file;
	}
	return result == 0;
}

/* "max" is no limit. */
static uint64_t number(const char *text)
{
	return strncmp(text, "max", 3) == 0 ? STATS_NO_LIMIT : strtoull(text, NULL, 10);
}

static uint64_t read_number(struct reader *r, const char *file)
{
	return read_file(r, file) ? number(r->text) : 0;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

/* The value of a key in lines "key value"; 0 if it is not there. */
static uint64_t value_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line; line = next_line(line))
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return number(line + len + 1);
	return 0;
}

/* The value behind "key=" in one line; NULL if it is not there. */
static const char *field(const char *line, const char *key)
{
	size_t len = strlen(key), end = strcspn(line, "\n");

	for (const char *c = line; c < line + end; c += strcspn(c, " \n"), c += *c == ' ')
		if (strncmp(c, key, len) == 0 && c[len] == '=')
			return c + len + 1;
	return NULL;
}

static uint64_t field_number(const char *line, const char *key)
{
	const char *value = field(line, key);

	return value ? number(value) : 0;
}

/* ---- pressure ---- */

static void copy_average(char *to, size_t size, const char *line, const char *key)
{
	const char *value = field(line, key);

	snprintf(to, size, "%.*s", value ? (int)strspn(value, "0123456789.") : 1, value ? value : "0");
}

static void read_pressure(struct reader *r, const char *file, struct stats_psi *ret)
{
	const struct stats_pressure none = { .avg10 = "0", .avg60 = "0", .avg300 = "0" };

	if (!read_file(r, file))
		return;
	/* Older kernels have no "full" for processors. */
	ret->some = ret->full = none;
	for (const char *line = r->text; *line; line = next_line(line)) {
		struct stats_pressure *p = strncmp(line, "full", 4) == 0 ? &ret->full : &ret->some;

		copy_average(p->avg10, sizeof p->avg10, line, "avg10");
		copy_average(p->avg60, sizeof p->avg60, line, "avg60");
		copy_average(p->avg300, sizeof p->avg300, line, "avg300");
		p->total = field_number(line, "total");
		ret->there = true;
	}
}

/* ---- controllers ---- */

static uint64_t count_lines(const char *text)
{
	uint64_t n = 0;

	for (const char *line = text; *line; line = next_line(line))
		n++;
	return n;
}

static void read_pids(struct reader *r, struct cgroup_stats *s)
{
	if (read_file(r, "pids.current"))
		s->pids = number(r->text);
	else if (read_file(r, "cgroup.procs"))
		s->pids = count_lines(r->text);
	s->pids_limit = read_number(r, "pids.max");
	if (s->pids_limit == STATS_NO_LIMIT)
		s->pids_limit = 0;
}

static const char *read_list(struct reader *r, const char *file)
{
	return read_file(r, file) && *r->text != '\n' ? arena_strndup(r->arena, r->text, strcspn(r->text, "\n")) : NULL;
}

static void read_cpu(struct reader *r, struct cgroup_stats *s)
{
	if (read_file(r, "cpu.stat")) {
		s->cpu_total = value_of(r->text, "usage_usec") * 1000;
		s->cpu_user = value_of(r->text, "user_usec") * 1000;
		s->cpu_kernel = value_of(r->text, "system_usec") * 1000;
		s->periods = value_of(r->text, "nr_periods");
		s->throttled_periods = value_of(r->text, "nr_throttled");
		s->throttled_time = value_of(r->text, "throttled_usec") * 1000;
	}
	s->cpus = read_list(r, "cpuset.cpus.effective");
	s->mems = read_list(r, "cpuset.mems.effective");
	read_pressure(r, "cpu.pressure", &s->cpu_psi);
}

static void read_memory_stat(struct reader *r, struct cgroup_stats *s)
{
	if (!read_file(r, "memory.stat"))
		return;
	for (const char *line = r->text; *line; line = next_line(line)) {
		size_t len = strcspn(line, " \n");
		struct stats_counter *c;

		if (line[len] != ' ')
			continue;
		c = arena_push(r->arena, &s->raw, &s->raw_len, sizeof *c);
		if (!c)
			return;
		c->name = arena_strndup(r->arena, line, len);
		c->value = number(line + len + 1);
	}
	s->cache = value_of(r->text, "file");
}

static void read_memory(struct reader *r, struct cgroup_stats *s)
{
	if (!read_file(r, "memory.current"))
		return;
	s->has_memory = true;
	s->memory.usage = number(r->text);
	s->memory.limit = read_number(r, "memory.max");
	s->memory.max = read_number(r, "memory.peak");
	if (read_file(r, "memory.events"))
		s->memory.failcnt = value_of(r->text, "max");
	s->swap = (struct stats_memory){ .usage = s->memory.usage, .limit = s->memory.limit };
	if (read_file(r, "memory.swap.current")) {
		s->swap.usage += number(r->text);
		s->swap.limit = read_number(r, "memory.swap.max");
		if (s->swap.limit != STATS_NO_LIMIT)
			s->swap.limit =
				s->memory.limit == STATS_NO_LIMIT ? STATS_NO_LIMIT : s->swap.limit + s->memory.limit;
		if (read_file(r, "memory.swap.events"))
			s->swap.failcnt = value_of(r->text, "max");
	}
	read_memory_stat(r, s);
	read_pressure(r, "memory.pressure", &s->memory_psi);
}

static void read_io(struct reader *r, struct cgroup_stats *s)
{
	if (read_file(r, "io.stat"))
		for (const char *line = r->text; *line; line = next_line(line)) {
			unsigned long long major, minor;
			struct stats_device *d;

			if (sscanf(line, "%llu:%llu", &major, &minor) != 2)
				continue;
			d = arena_push(r->arena, &s->devices, &s->devices_len, sizeof *d);
			if (!d)
				return;
			*d = (struct stats_device){
				.major = major,
				.minor = minor,
				.read_bytes = field_number(line, "rbytes"),
				.write_bytes = field_number(line, "wbytes"),
				.reads = field_number(line, "rios"),
				.writes = field_number(line, "wios"),
			};
		}
	read_pressure(r, "io.pressure", &s->io_psi);
}

/* name: "hugetlb.2MB.current". What is reserved is what counts, where it is counted. */
static void read_page_size(struct reader *r, struct cgroup_stats *s, const char *name)
{
	struct stats_hugetlb *h = arena_push(r->arena, &s->hugetlb, &s->hugetlb_len, sizeof *h);
	const char *size = name + strlen("hugetlb."), *file;
	int n = (int)strcspn(size, ".");

	if (!h)
		return;
	h->page_size = arena_strndup(r->arena, size, (size_t)n);
	file = arena_printf(r->arena, "hugetlb.%.*s.rsvd.current", n, size);
	if (file && read_file(r, file))
		h->usage = number(r->text);
	else
		h->usage = read_number(r, name);
	file = arena_printf(r->arena, "hugetlb.%.*s.events", n, size);
	if (file && read_file(r, file))
		h->failcnt = value_of(r->text, "max");
}

static int compare_sizes(const void *x, const void *y)
{
	return strcmp(((const struct stats_hugetlb *)x)->page_size, ((const struct stats_hugetlb *)y)->page_size);
}

static void read_hugetlb(struct reader *r, struct cgroup_stats *s)
{
	int copy = openat(r->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!d && copy >= 0)
		close(copy);
	while (d && (entry = readdir(d))) {
		const char *end = strstr(entry->d_name, ".current");

		if (str_has_prefix(entry->d_name, "hugetlb.") && end && strcmp(end, ".current") == 0 &&
		    !strstr(entry->d_name, ".rsvd."))
			read_page_size(r, s, entry->d_name);
	}
	if (s->hugetlb_len > 0 && !arena_failed(r->arena))
		qsort(s->hugetlb, s->hugetlb_len, sizeof *s->hugetlb, compare_sizes);
}

static void read_rdma(struct reader *r, const char *file, struct stats_rdma **ret, size_t *ret_len)
{
	if (!read_file(r, file))
		return;
	for (const char *line = r->text; *line; line = next_line(line)) {
		size_t len = strcspn(line, " \n");
		struct stats_rdma *d = len ? arena_push(r->arena, ret, ret_len, sizeof *d) : NULL;

		if (!d)
			continue;
		d->device = arena_strndup(r->arena, line, len);
		d->handles = field_number(line, "hca_handle");
		d->objects = field_number(line, "hca_object");
	}
}

int cgroup_read_stats(struct arena *a, int fd, struct cgroup_stats *ret, struct err *e)
{
	struct reader r = { .arena = a, .fd = fd, .text = arena_alloc(a, FILE_MAX) };

	*ret = (struct cgroup_stats){ 0 };
	if (!r.text)
		return err_oom(e);
	read_pids(&r, ret);
	read_cpu(&r, ret);
	read_memory(&r, ret);
	read_io(&r, ret);
	read_hugetlb(&r, ret);
	read_rdma(&r, "rdma.current", &ret->rdma, &ret->rdma_len);
	read_rdma(&r, "rdma.max", &ret->rdma_limits, &ret->rdma_limits_len);
	if (arena_failed(a))
		return err_oom(e);
	return r.error ? err_sys(e, -r.error, "read %s of the container's cgroup", r.failed) : 0;
}

int cgroup_watch_oom(int fd)
{
	int watch = openat(fd, "memory.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return watch < 0 ? -errno : watch;
}

int cgroup_count_oom(int watch, uint64_t *ret)
{
	char text[512];
	ssize_t n = pread(watch, text, sizeof text - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret = value_of(text, "oom_kill");
	return 0;
}
