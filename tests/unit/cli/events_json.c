/* The lines that `events` prints, byte by byte: others parse them. */
#include "cli/events_json.h"
#include "tests/unit/unit.h"

static void nothing_is_counted(void **state)
{
	const struct cgroup_stats s = { .pids = 1 };
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	events_add_stats(&out, "web", &s);
	assert_string_equal(str_text(&out),
			    "{\"type\":\"stats\",\"id\":\"web\",\"data\":{\"cpu\":{\"usage\":{\"kernel\":0,\"user\":0},"
			    "\"throttling\":{}},\"cpuset\":{},\"memory\":{},\"pids\":{\"current\":1},\"blkio\":{},"
			    "\"hugetlb\":{},\"intel_rdt\":{},\"network_interfaces\":null}}\n");
}

static void all_is_counted(void **state)
{
	struct stats_counter raw[] = { { "anon", 5 }, { "file", 0 } };
	struct stats_device devices[] = { { 8, 0, 100, 200, 3, 4 }, { 0, 1, 0, 0, 0, 0 } };
	struct stats_hugetlb hugetlb[] = { { "1GB", 0, 0 }, { "2MB", 2097152, 7 } };
	struct stats_rdma rdma[] = { { "mlx\"5", 1, 2 } }, limits[] = { { "mlx\"5", 3, STATS_NO_LIMIT } };
	const struct stats_psi psi = { true, { "0.10", "1.00", "100", 12 }, { "0.00", "0.00", "0.00", 3 } };
	const struct cgroup_stats s = {
		.pids = 2, .pids_limit = 50, .cpu_total = 3000, .cpu_user = 2000, .cpu_kernel = 1000, .periods = 10,
		.throttled_periods = 4, .throttled_time = 5000, .cpus = "0-2,7", .mems = "0", .has_memory = true,
		.memory = { 4096, 8192, 16384, 1 }, .swap = { 4096, 0, STATS_NO_LIMIT, 0 }, .cache = 77,
		.raw = raw, .raw_len = 2, .devices = devices, .devices_len = 2, .hugetlb = hugetlb, .hugetlb_len = 2,
		.rdma = rdma, .rdma_len = 1, .rdma_limits = limits, .rdma_limits_len = 1, .cpu_psi = psi,
		.memory_psi = psi, .io_psi = psi,
	};
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
#define PSI                                                                                              \
	"\"psi\":{\"some\":{\"avg10\":0.10,\"avg60\":1.00,\"avg300\":100,\"total\":12},\"full\":{\"avg10\":0.00," \
	"\"avg60\":0.00,\"avg300\":0.00,\"total\":3}}"
	events_add_stats(&out, "web", &s);
	assert_string_equal(
		str_text(&out),
		"{\"type\":\"stats\",\"id\":\"web\",\"data\":{\"cpu\":{\"usage\":{\"total\":3000,\"kernel\":1000,"
		"\"user\":2000},\"throttling\":{\"periods\":10,\"throttledPeriods\":4,\"throttledTime\":5000}," PSI
		"},\"cpuset\":{\"cpus\":[0,1,2,7],\"mems\":[0]},\"memory\":{\"cache\":77,\"usage\":{\"limit\":16384,"
		"\"usage\":4096,\"max\":8192,\"failcnt\":1},\"swap\":{\"limit\":18446744073709551615,\"usage\":4096,"
		"\"failcnt\":0},\"raw\":{\"anon\":5,\"file\":0}," PSI "},\"pids\":{\"current\":2,\"limit\":50},"
		"\"blkio\":{\"ioServiceBytesRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":100},"
		"{\"major\":8,\"op\":\"Write\",\"value\":200},"
		"{\"minor\":1,\"op\":\"Read\"},{\"minor\":1,\"op\":\"Write\"}],"
		"\"ioServicedRecursive\":[{\"major\":8,\"op\":\"Read\",\"value\":3},{\"major\":8,\"op\":\"Write\","
		"\"value\":4},{\"minor\":1,\"op\":\"Read\"},{\"minor\":1,\"op\":\"Write\"}]," PSI "},"
		"\"hugetlb\":{\"1GB\":{\"failcnt\":0},\"2MB\":{\"usage\":2097152,\"failcnt\":7}},"
		"\"rdma\":{\"current\":[{\"device\":\"mlx\\\"5\",\"hcaHandles\":1,\"hcaObjects\":2}],"
		"\"limit\":[{\"device\":\"mlx\\\"5\",\"hcaHandles\":3,\"hcaObjects\":18446744073709551615}]},"
		"\"intel_rdt\":{},\"network_interfaces\":null}}\n");
}

static void out_of_memory(void **state)
{
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	events_add_oom(&out, "web");
	assert_string_equal(str_text(&out), "{\"type\":\"oom\",\"id\":\"web\"}\n");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(nothing_is_counted),
	cmocka_unit_test(all_is_counted),
	cmocka_unit_test(out_of_memory),
};

UNIT_MAIN(tests)
