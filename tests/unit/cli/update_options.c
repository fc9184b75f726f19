/* The values that `update` takes from its options. */
#include "cli/update_options.h"
#include "tests/unit/unit.h"

static struct err err;

static int64_t size_of(const char *text)
{
	int64_t size = -7;

	assert_ok(update_parse_size("memory", text, &size, &err), &err);
	return size;
}

static void sizes(void **state)
{
	static const char *const wrong[] = { "",      "M",    "-2",  "1.2.3", ".5m", "5x",
					     "5mm",   "5mx",  "1 2", "0x10",  "1e3", "9223372036854775808",
					     "8192p", "5ibb", "b5" };
	int64_t size;

	(void)state;
	assert_int_equal(size_of("-1"), -1);
	assert_int_equal(size_of("0"), 0);
	assert_int_equal(size_of("67108864"), 67108864);
	assert_int_equal(size_of("50M"), 52428800);
	assert_int_equal(size_of("50m"), 52428800);
	assert_int_equal(size_of("50 mb"), 52428800);
	assert_int_equal(size_of("50MiB"), 52428800);
	assert_int_equal(size_of("1.5g"), 1610612736);
	assert_int_equal(size_of("7b"), 7);
	assert_int_equal(size_of("2k"), 2048);
	assert_int_equal(size_of("1t"), (int64_t)1 << 40);
	assert_int_equal(size_of("4096p"), (int64_t)1 << 62);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (update_parse_size("memory", wrong[i], &size, &err) != -EINVAL)
			fail_msg("%s is taken for %lld", wrong[i], (long long)size);
	assert_error(update_parse_size("memory", "x", &size, &err), &err, EINVAL,
		     "option --memory: 'x' is not a size like 64M, or -1");
}

static void options(void **state)
{
	struct arena *a = arena_new();
	const struct update_options o = {
		.memory = "64M",
		.reservation = "1k",
		.swap = "-1",
		.kernel = "0",
		.kernel_tcp = "1",
		.shares = "512",
		.quota = "-1",
		.period = "900000",
		.burst = "0",
		.idle = "1",
		.rt_period = "3",
		.rt_runtime = "4",
		.cpus = "0",
		.mems = "1",
		.pids = "-1",
		.blkio_weight = "10",
	};
	const struct update_options none = { .memory = "", .cpus = "" };
	struct oci_resources r;

	(void)state;
	assert_ok(update_read_options(a, &o, &r, &err), &err);
	assert_int_equal(r.memory->limit, 67108864);
	assert_int_equal(r.memory->reservation, 1024);
	assert_int_equal(r.memory->swap, -1);
	assert_int_equal(r.memory->kernel, 0);
	assert_int_equal(r.memory->kernel_tcp, 1);
	assert_int_equal(r.cpu->shares, 512);
	assert_int_equal(r.cpu->quota, -1);
	assert_int_equal(r.cpu->period, 900000);
	assert_true(r.cpu->has_burst && r.cpu->burst == 0);
	assert_true(r.cpu->has_idle && r.cpu->idle == 1);
	assert_int_equal(r.cpu->realtime_period, 3);
	assert_int_equal(r.cpu->realtime_runtime, 4);
	assert_string_equal(r.cpu->cpus, "0");
	assert_string_equal(r.cpu->mems, "1");
	assert_true(r.pids->has_limit && r.pids->limit == -1);
	assert_int_equal(r.block_io->weight, 10);
	assert_ok(update_read_options(a, &none, &r, &err), &err);
	assert_false(r.cpu->has_idle || r.cpu->has_burst || r.pids->has_limit || r.cpu->cpus || r.memory->limit);
	arena_free(a);
}

static void wrong_values(void **state)
{
	static const struct {
		struct update_options o;
		const char *message;
	} wrong[] = {
		{ { .shares = "-1" }, "option --cpu-share: '-1' is not a number that is 0 or more" },
		{ { .quota = "x" }, "option --cpu-quota: 'x' is not a number" },
		{ { .quota = "--1" }, "option --cpu-quota: '--1' is not a number" },
		{ { .pids = "9223372036854775808" }, "option --pids-limit: '9223372036854775808' is not a number" },
		{ { .blkio_weight = "65536" }, "option --blkio-weight: '65536' is not a number from 10 to 1000" },
		{ { .swap = "lots" }, "option --memory-swap: 'lots' is not a size like 64M, or -1" },
	};
	struct arena *a = arena_new();
	struct oci_resources r;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_error(update_read_options(a, &wrong[i].o, &r, &err), &err, EINVAL, wrong[i].message);
	arena_free(a);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(sizes),
	cmocka_unit_test(options),
	cmocka_unit_test(wrong_values),
};

UNIT_MAIN(tests)
