/* What a container uses, out of the files of a cgroup: here, of a plain directory with such files. */
#include "tests/unit/unit.h"

#include <fcntl.h>

#include "apply/stats.h"
#include "base/io.h"
#include "sys/cgroup.h"

static struct arena *arena;
static const char *dir;
static int fd;
static int read_error;
static struct cgroup_stats stats;
static struct err err;

int sys_cgroup_read(int cgroup, const char *file, char *buf, size_t size)
{
	int f = openat(cgroup, file, O_RDONLY);
	ssize_t n;

	if (f < 0)
		return -errno;
	n = io_read_full(f, buf, size - 1);
	close(f);
	assert_true(n >= 0);
	buf[n] = '\0';
	return read_error ? -read_error : 0;
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	dir = unit_temp_dir();
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	read_error = 0;
	return fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(fd);
	unit_remove_tree(dir);
	arena_free(arena);
	return 0;
}

static void put(const char *name, const char *text)
{
	int f = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(f >= 0);
	assert_int_equal(io_write_all(f, text, strlen(text)), 0);
	close(f);
}

static void collect(void)
{
	assert_ok(cgroup_read_stats(arena, fd, &stats, &err), &err);
}

static void without_controllers(void **state)
{
	static const struct cgroup_stats nothing;

	(void)state;
	collect();
	assert_memory_equal(&stats, &nothing, sizeof nothing);
	put("cgroup.procs", "12\n13\n14\n");
	put("cpu.stat", "usage_usec 7\nuser_usec 4\nsystem_usec 3\n");
	collect();
	assert_int_equal(stats.pids, 3);
	assert_int_equal(stats.cpu_total, 7000);
	assert_int_equal(stats.cpu_user, 4000);
	assert_int_equal(stats.cpu_kernel, 3000);
	assert_false(stats.has_memory);
}

static void processes_and_processors(void **state)
{
	(void)state;
	put("cgroup.procs", "12\n");
	put("pids.current", "5\n");
	put("pids.max", "max\n");
	put("cpu.stat", "usage_usec 1\nnr_periods 10\nnr_throttled 3\nthrottled_usec 40\n");
	put("cpuset.cpus.effective", "0-1\n");
	put("cpuset.mems.effective", "\n");
	put("cpu.pressure", "some avg10=1.25 avg60=0.50 avg300=0.00 total=1234\n");
	collect();
	assert_int_equal(stats.pids, 5);
	assert_int_equal(stats.pids_limit, 0);
	assert_int_equal(stats.periods, 10);
	assert_int_equal(stats.throttled_periods, 3);
	assert_int_equal(stats.throttled_time, 40000);
	assert_string_equal(stats.cpus, "0-1");
	assert_null(stats.mems);
	assert_true(stats.cpu_psi.there);
	assert_string_equal(stats.cpu_psi.some.avg10, "1.25");
	assert_string_equal(stats.cpu_psi.some.avg300, "0.00");
	assert_int_equal(stats.cpu_psi.some.total, 1234);
	/* an older kernel does not have it; JSON needs a number all the same */
	assert_string_equal(stats.cpu_psi.full.avg60, "0");
	put("pids.max", "20\n");
	collect();
	assert_int_equal(stats.pids_limit, 20);
}

static void memory(void **state)
{
	(void)state;
	put("memory.current", "4096\n");
	put("memory.max", "8192\n");
	put("memory.peak", "5000\n");
	put("memory.events", "low 0\nhigh 0\nmax 6\noom 1\noom_kill 1\n");
	put("memory.stat", "anon 100\nfile 200\ninactive_file 50\n");
	put("memory.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n"
			       "full avg10=2.00 avg60=0.00 avg300=0.00 total=9\n");
	collect();
	assert_true(stats.has_memory);
	assert_int_equal(stats.memory.usage, 4096);
	assert_int_equal(stats.memory.limit, 8192);
	assert_int_equal(stats.memory.max, 5000);
	assert_int_equal(stats.memory.failcnt, 6);
	assert_int_equal(stats.cache, 200);
	assert_int_equal(stats.raw_len, 3);
	assert_string_equal(stats.raw[2].name, "inactive_file");
	assert_int_equal(stats.raw[2].value, 50);
	assert_string_equal(stats.memory_psi.full.avg10, "2.00");
	assert_int_equal(stats.memory_psi.full.total, 9);
	/* memory and swap together */
	put("memory.swap.current", "1000\n");
	put("memory.swap.max", "2000\n");
	put("memory.swap.events", "high 0\nmax 2\nfail 0\n");
	collect();
	assert_int_equal(stats.swap.usage, 5096);
	assert_int_equal(stats.swap.limit, 10192);
	assert_int_equal(stats.swap.failcnt, 2);
	put("memory.max", "max\n");
	collect();
	assert_true(stats.memory.limit == STATS_NO_LIMIT && stats.swap.limit == STATS_NO_LIMIT);
}

static void devices(void **state)
{
	(void)state;
	put("io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
		       "253:1 rbytes=18446744073709551615\n8:16\nx\n");
	put("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
	put("hugetlb.2MB.current", "2097152\n");
	put("hugetlb.2MB.rsvd.current", "4194304\n");
	put("hugetlb.2MB.events", "max 3\n");
	put("hugetlb.2MB.events.local", "max 0\n");
	put("hugetlb.1GB.current", "1073741824\n");
	put("rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n");
	put("rdma.max", "mlx4_0 hca_handle=3 hca_object=max\n");
	collect();
	assert_int_equal(stats.devices_len, 3);
	assert_int_equal(stats.devices[0].major, 8);
	assert_int_equal(stats.devices[0].write_bytes, 2);
	assert_int_equal(stats.devices[0].reads, 3);
	assert_int_equal(stats.devices[0].writes, 4);
	assert_int_equal(stats.devices[1].minor, 1);
	assert_true(stats.devices[1].read_bytes == UINT64_MAX);
	assert_true(stats.io_psi.there);
	assert_int_equal(stats.hugetlb_len, 2);
	assert_string_equal(stats.hugetlb[0].page_size, "1GB");
	assert_int_equal(stats.hugetlb[0].usage, 1073741824);
	assert_int_equal(stats.hugetlb[1].usage, 4194304);
	assert_int_equal(stats.hugetlb[1].failcnt, 3);
	assert_int_equal(stats.rdma_len, 2);
	assert_string_equal(stats.rdma[1].device, "ocrdma1");
	assert_int_equal(stats.rdma[0].objects, 2000);
	assert_true(stats.rdma_limits[0].objects == STATS_NO_LIMIT);
}

static void what_cannot_be_read(void **state)
{
	(void)state;
	put("pids.current", "1\n");
	put("cpu.pressure", "some\n");
	read_error = EIO;
	assert_error(cgroup_read_stats(arena, fd, &stats, &err), &err, EIO,
		     "read pids.current of the container's cgroup: input/output error");
	/* the kernel was told not to count it */
	read_error = EOPNOTSUPP;
	collect();
	assert_false(stats.cpu_psi.there);
}

static void kills(void **state)
{
	uint64_t n = 7;
	int watch;

	(void)state;
	assert_int_equal(cgroup_watch_oom(fd), -ENOENT);
	put("memory.events", "low 0\nhigh 0\nmax 6\noom 5\noom_kill 0\noom_group_kill 9\n");
	watch = cgroup_watch_oom(fd);
	assert_true(watch >= 0);
	assert_int_equal(cgroup_count_oom(watch, &n), 0);
	assert_int_equal(n, 0);
	put("memory.events", "low 0\nhigh 0\nmax 6\noom 5\noom_kill 2\n");
	assert_int_equal(cgroup_count_oom(watch, &n), 0);
	assert_int_equal(n, 2);
	close(watch);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(without_controllers),
	TEST(processes_and_processors),
	TEST(memory),
	TEST(devices),
	TEST(what_cannot_be_read),
	TEST(kills),
};

UNIT_MAIN(tests)
