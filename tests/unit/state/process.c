/* Is a process still the one that was recorded: on a made-up procfs for the odd lines, on the real one for the rest. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "state/process.h"
#include "state/status.h"
#include "tests/unit/unit.h"

#define FIELDS_4_TO_19 " 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0"
#define AFTER_NAME(state, threads, start) \
	") " state FIELDS_4_TO_19 " " threads " 0 " start " 1000 200 18446744073709551615\n"

static char top[4096];

static int set_up(void **state)
{
	(void)state;
	strcpy(top, unit_temp_dir());
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_remove_tree(top);
	return 0;
}

/* A procfs with one process, 77. */
static int fake_proc(const char *stat_line)
{
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	assert_true(dir >= 0);
	mkdirat(dir, "77", 0700);
	fd = openat(dir, "77/stat", O_CREAT | O_WRONLY | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, stat_line, strlen(stat_line)), (ssize_t)strlen(stat_line));
	close(fd);
	return dir;
}

/* 0 and the start time, or -errno. */
static int start_time_of(const char *stat_line, uint64_t *ret)
{
	_cleanup_close_ int proc = fake_proc(stat_line);
	struct err e;

	return state_process_start_time(proc, 77, ret, &e);
}

static void reads_field_22(void **state)
{
	static const char *const names[] = { "sh", "a b", ")", "x) R 1 (y", "", "((", "a\nb" };
	char line[512];
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(line, sizeof line, "77 (%s" AFTER_NAME("S", "3", "123456789"), names[i]);
		assert_int_equal(start_time_of(line, &n), 0);
		assert_true(n == 123456789);
	}
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("R", "1", "18446744073709551615"), &n), 0);
	assert_true(n == UINT64_MAX);
}

static void ended_processes(void **state)
{
	uint64_t n;

	(void)state;
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("Z", "1", "5"), &n), -ESRCH);
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("X", "1", "5"), &n), -ESRCH);
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("x", "0", "5"), &n), -ESRCH);
	/* Only the first thread has ended. */
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("Z", "2", "5"), &n), 0);
	/* Stopped, frozen and sleeping ones live. */
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("T", "1", "5"), &n), 0);
	assert_int_equal(start_time_of("77 (a" AFTER_NAME("D", "1", "5"), &n), 0);
}

static void lines_that_are_no_stat(void **state)
{
	static const char *const bad[] = {
		"", "77 (a", "77 (a)", "77 (a) ", "77 (a) S 1 2 3", "77 (a)" "S 1",
		"77 (a" AFTER_NAME("S", "1", "-5"), "77 (a" AFTER_NAME("S", "1", "x"),
		"77 (a" AFTER_NAME("S", "1", "18446744073709551616"),
	};
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(start_time_of(bad[i], &n), -EBADMSG);
}

static void says_what_it_could_not_read(void **state)
{
	_cleanup_close_ int proc = fake_proc("77 (a)");
	struct err e;
	uint64_t n;

	(void)state;
	assert_error(state_process_start_time(proc, 77, &n, &e), &e, EBADMSG,
		     "read the start time of process 77: bad message");
	assert_error(state_process_start_time(proc, 78, &n, &e), &e, ESRCH,
		     "read the start time of process 78: no such process");
	assert_error(state_process_start_time(proc, 0, &n, &e), &e, ESRCH,
		     "read the start time of process 0: no such process");
}

static void another_process_with_the_same_pid(void **state)
{
	_cleanup_close_ int proc = fake_proc("77 (a" AFTER_NAME("S", "1", "500"));
	struct err e;
	bool alive;

	(void)state;
	assert_ok(state_process_alive(proc, 77, 500, &alive, &e), &e);
	assert_true(alive);
	assert_ok(state_process_alive(proc, 77, 499, &alive, &e), &e);
	assert_false(alive);
	assert_ok(state_process_alive(proc, 78, 500, &alive, &e), &e);
	assert_false(alive);
}

/* What cannot be found out is no death. */
static void a_failure_is_not_dead(void **state)
{
	_cleanup_close_ int proc = fake_proc("garbage");
	struct oci_record record = {
		.id = (char *)"web", .status = OCI_STATUS_RUNNING, .pid = 77, .pid_start_time = 5
	};
	enum oci_status status;
	struct err e;
	bool alive;

	(void)state;
	assert_int_equal(state_process_alive(proc, 77, 5, &alive, &e), -EBADMSG);
	assert_error(state_status(proc, &record, &status, &e), &e, EBADMSG,
		     "container \"web\": read the start time of process 77: bad message");
}

static void status_follows_the_process(void **state)
{
	static const enum oci_status recorded[] = { OCI_STATUS_CREATING, OCI_STATUS_CREATED, OCI_STATUS_RUNNING };
	_cleanup_close_ int proc = fake_proc("77 (a" AFTER_NAME("S", "1", "500"));
	struct oci_record record = { .id = (char *)"web", .pid = 77 };
	enum oci_status status;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof recorded / sizeof *recorded; i++) {
		record.status = recorded[i];
		record.pid_start_time = 500;
		assert_ok(state_status(proc, &record, &status, &e), &e);
		assert_int_equal(status, recorded[i]);
		record.pid_start_time = 501;
		assert_ok(state_status(proc, &record, &status, &e), &e);
		assert_int_equal(status, OCI_STATUS_STOPPED);
	}
	record = (struct oci_record){ .id = (char *)"web", .status = OCI_STATUS_CREATING };
	assert_ok(state_status(proc, &record, &status, &e), &e);
	assert_int_equal(status, OCI_STATUS_CREATING);
}

static bool really_alive(pid_t pid, uint64_t start_time)
{
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e;
	bool alive;

	assert_ok(state_process_alive(proc, pid, start_time, &alive, &e), &e);
	return alive;
}

static uint64_t real_start_time(pid_t pid)
{
	_cleanup_close_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct err e;
	uint64_t n;

	assert_ok(state_process_start_time(proc, pid, &n, &e), &e);
	return n;
}

static void a_real_process_dies(void **state)
{
	uint64_t start;
	siginfo_t info;
	pid_t pid;

	(void)state;
	assert_true(really_alive(getpid(), real_start_time(getpid())));
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	start = real_start_time(pid);
	assert_true(start > 0);
	assert_true(really_alive(pid, start));
	assert_false(really_alive(pid, start + 1));
	kill(pid, SIGKILL);
	/* A zombie first, then nothing. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(really_alive(pid, start));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(really_alive(pid, start));
}

/* AddressSanitizer cannot cope with a thread that is made after fork(2). */
#ifndef __SANITIZE_ADDRESS__
static void *sleep_on(void *fd)
{
	usleep(50000);
	(void)!write(*(int *)fd, "x", 1);
	pause();
	return NULL;
}

static void first_thread_ends_before_the_others(void **state)
{
	char byte, stat_line[512] = "", path[64];
	int ready[2], fd;
	uint64_t start;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, sleep_on, &ready[1]);
		pthread_exit(NULL);
	}
	close(ready[1]);
	start = real_start_time(pid);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	assert_true(read(fd, stat_line, sizeof stat_line - 1) > 0);
	close(fd);
	assert_non_null(strstr(stat_line, ") Z "));
	assert_true(really_alive(pid, start));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(really_alive(pid, start));
	close(ready[0]);
}
#endif

static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	TEST(reads_field_22),
	TEST(ended_processes),
	TEST(lines_that_are_no_stat),
	TEST(says_what_it_could_not_read),
	TEST(another_process_with_the_same_pid),
	TEST(a_failure_is_not_dead),
	TEST(status_follows_the_process),
	TEST(a_real_process_dies),
#ifndef __SANITIZE_ADDRESS__
	TEST(first_thread_ends_before_the_others),
#endif
};

UNIT_MAIN(tests)
