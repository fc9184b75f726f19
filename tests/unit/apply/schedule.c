/* What the kernel is told about priorities and memory, and how a refusal is explained. */
#include "tests/unit/unit.h"

#include "apply/apply.h"
#include "sys/schedule.h"

static int failure;
static pid_t told_pid;
static struct sys_scheduler told;
static unsigned told_class, told_level;
static int told_mode;
static size_t told_words;
static struct err err;
static struct apply ctx;

static uint64_t told_cpus;

int sys_set_scheduler(pid_t pid, const struct sys_scheduler *s)
{
	told_pid = pid;
	told = *s;
	return failure;
}

int sys_set_cpu_affinity(const uint64_t *cpus, size_t words)
{
	assert_int_equal(words, PLAN_CPUS / 64);
	told_cpus = cpus[0];
	return failure;
}

int sys_set_io_priority(pid_t pid, unsigned class, unsigned level)
{
	told_pid = pid;
	told_class = class;
	told_level = level;
	return failure;
}

int sys_set_memory_policy(int mode, const uint64_t *nodes, size_t words)
{
	(void)nodes;
	told_mode = mode;
	told_words = words;
	return failure;
}

static int reset(void **state)
{
	(void)state;
	failure = 0;
	ctx = (struct apply){ 0 };
	return 0;
}

static void scheduler(void **state)
{
	static const struct oci_scheduler config = { .policy = OCI_SCHEDULER_POLICY_SCHED_RR };
	const struct op op = { .scheduler = { .config = &config, .policy = 2, .priority = 9, .flags = 1, .nice = 3 } };

	(void)state;
	ctx.target = 42;
	assert_ok(apply_scheduler(&ctx, &op, &err), &err);
	assert_int_equal(told_pid, 42);
	assert_true(told.policy == 2 && told.priority == 9 && told.flags == 1 && told.nice == 3);
	failure = -EPERM;
	assert_error(apply_scheduler(&ctx, &op, &err), &err, EPERM, "set the policy SCHED_RR (a policy or nice value "
		     "that is better than the caller's own needs CAP_SYS_NICE on the host): operation not permitted");
	failure = -EINVAL;
	assert_error(apply_scheduler(&ctx, &op, &err), &err, EINVAL, "set the policy SCHED_RR (this kernel does not "
		     "have the policy or a flag, or a number is out of its range): invalid argument");
	failure = -EBUSY;
	assert_error(apply_scheduler(&ctx, &op, &err), &err, EBUSY,
		     "set the policy SCHED_RR (the processors have not that much time to promise): device or "
			     "resource busy");
}

static void io_priority(void **state)
{
	const struct op op = { .io_priority = { OCI_IO_PRIORITY_CLASS_IOPRIO_CLASS_RT, 4 } };

	(void)state;
	assert_ok(apply_io_priority(&ctx, &op, &err), &err);
	assert_true(told_pid == 0 && told_class == 1 && told_level == 4);
	failure = -EPERM;
	assert_error(apply_io_priority(&ctx, &op, &err), &err, EPERM, "set the class IOPRIO_CLASS_RT (real time "
		     "needs CAP_SYS_ADMIN or CAP_SYS_NICE on the host): operation not permitted");
}

static void memory_policy(void **state)
{
	static const struct oci_memory_policy config = { .mode = OCI_MEMORY_POLICY_MODE_MPOL_BIND, .nodes = "9" };
	struct op_memory_policy policy = { .config = &config, .mode = 2, .has_nodes = true };
	const struct op op = { .memory_policy = &policy };

	(void)state;
	assert_ok(apply_memory_policy(&ctx, &op, &err), &err);
	assert_true(told_mode == 2 && told_words == 16);
	failure = -ENOSYS;
	assert_error(apply_memory_policy(&ctx, &op, &err), &err, ENOSYS,
		     "set MPOL_BIND (this kernel is built without NUMA): function not implemented");
	failure = -EINVAL;
	assert_error(apply_memory_policy(&ctx, &op, &err), &err, EINVAL, "set MPOL_BIND (this kernel does not have "
		     "the mode or a flag, or no node of 9 is there and allowed): invalid argument");
}

static void processors_that_are_not_there(void **state)
{
	struct op_cpu_affinity cpus = { .list = "2", .cpus = { 4 } };
	struct op op = { .type = OP_CPU_AFFINITY, .cpus = &cpus };
	struct err e;

	(void)state;
	failure = 0;
	assert_ok(apply_cpu_affinity(NULL, &op, &e), &e);
	assert_int_equal(told_cpus, 4);
	failure = -EINVAL;
	assert_error(apply_cpu_affinity(NULL, &op, &e), &e, EINVAL,
		     "run on the processors \"2\" (none of them is there and allowed): invalid argument");
	failure = 0;
}

#define TEST(f) cmocka_unit_test_setup(f, reset)

static const struct CMUnitTest tests[] = {
	TEST(scheduler),
	TEST(io_priority),
	TEST(memory_policy),
	TEST(processors_that_are_not_there),
};

UNIT_MAIN(tests)
