/* The state directory: creation, lock, record, removal, and what a kill at any point leaves. */
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "state/codec.h"
#include "state/store.h"
#include "tests/unit/unit.h"

static char root[4200], top[4096];

static int set_up(void **state)
{
	(void)state;
	strcpy(top, unit_temp_dir());
	snprintf(root, sizeof root, "%s/run/cloister", top);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_remove_tree(top);
	return 0;
}

static struct oci_record a_record(const char *id)
{
	return (struct oci_record){
		.version = STATE_RECORD_VERSION,
		.id = (char *)id,
		.oci_version = (char *)"1.3.0",
		.bundle = (char *)"/b",
		.rootfs = (char *)"/b/rootfs",
		.status = OCI_STATUS_CREATING,
	};
}

static bool exists(const char *id)
{
	char path[5000];

	snprintf(path, sizeof path, "%s/%s", root, id);
	return access(path, F_OK) == 0;
}

static void put_file(const char *id, const char *name, const char *content)
{
	char path[5000];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s/%s", root, id, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(content, f);
	fclose(f);
}

static size_t count_list(void)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e;
	char **ids;
	size_t len;

	assert_ok(state_list(a, root, &ids, &len, &e), &e);
	return len;
}

static void checks_ids(void **state)
{
	static const char *const good[] = { "a", "A-b_c.d+9", "a..b", "-x", "+" };
	static const char *const bad[] = { ".", "..", "a/b", "a b", "/", "a\nb", "ä", "a\\b", "a:b", "..." };
	char longest[NAME_MAX + 2];
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(state_check_id(good[i], &e), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(state_check_id(bad[i], &e), -EINVAL);
	assert_error(state_check_id("a/../x", &e), &e, EINVAL,
		     "container id \"a/../x\" is invalid: use letters, digits and the signs _ + - .");
	assert_error(state_check_id(".cache", &e), &e, EINVAL,
		     "container id \".cache\" is invalid: it must not begin with a dot");
	assert_error(state_check_id("", &e), &e, EINVAL, "container id must not be empty");
	memset(longest, 'x', sizeof longest);
	longest[NAME_MAX] = '\0';
	assert_int_equal(state_check_id(longest, &e), 0);
	longest[NAME_MAX] = 'x';
	longest[NAME_MAX + 1] = '\0';
	assert_error(state_check_id(longest, &e), &e, EINVAL, "container id has 256 characters, the limit is 255");
}

static void no_path_from_an_unchecked_id(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct err e;

	(void)state;
	assert_int_equal(state_create(root, "../x", &dir, &e), -EINVAL);
	assert_int_equal(state_open(root, "..", &dir, &e), -EINVAL);
	assert_int_equal(state_peek(root, "a/../b", &dir, &e), -EINVAL);
	assert_int_equal(dir.fd, -1);
	assert_int_not_equal(access(root, F_OK), 0);
}

static void creates_exclusively(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT, again = STATE_DIR_INIT;
	struct stat st;
	struct err e;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_int_equal(fstat(dir.fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fcntl(dir.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(dir.root_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(stat(root, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01700);
	assert_error(state_create(root, "web", &again, &e), &e, EEXIST, "container with id \"web\" already exists");
	assert_int_equal(again.fd, -1);
	assert_true(exists("web"));
}

static void root_that_cannot_be_made(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	char path[5000], inner[5100], text[11000];
	struct err e;

	(void)state;
	snprintf(path, sizeof path, "%s/file", top);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(text, sizeof text, "open state root %s: not a directory", path);
	assert_error(state_create(path, "web", &dir, &e), &e, ENOTDIR, text);
	snprintf(path, sizeof path, "%s/locked", top);
	mkdir(path, 0500);
	snprintf(inner, sizeof inner, "%s/a/b", path);
	snprintf(text, sizeof text, "create %s/a for state root %s: permission denied", path, inner);
	assert_error(state_create(inner, "web", &dir, &e), &e, EACCES, text);
}

static void unknown_id(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT, other = STATE_DIR_INIT;
	char path[5000];
	struct err e;

	(void)state;
	assert_error(state_open(root, "web", &dir, &e), &e, ENOENT, "container \"web\" does not exist");
	assert_ok(state_create(root, "other", &other, &e), &e);
	assert_error(state_open(root, "web", &dir, &e), &e, ENOENT, "container \"web\" does not exist");
	assert_error(state_peek(root, "web", &dir, &e), &e, ENOENT, "container \"web\" does not exist");
	snprintf(path, sizeof path, "%s/web", root);
	assert_int_equal(symlink("other", path), 0);
	assert_error(state_peek(root, "web", &dir, &e), &e, ENOENT, "container \"web\" does not exist");
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_error(state_open(root, "web", &dir, &e), &e, ENOENT, "container \"web\" does not exist");
}

static void directory_of_somebody_else(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct err e;

	(void)state;
	assert_error(state_open("/", "usr", &dir, &e), &e, EPERM,
		     "container \"usr\" belongs to uid 0: run the command as that user");
	assert_int_equal(dir.fd, -1);
}

/* The kernel lists who waits for a lock as "N: -> FLOCK ADVISORY WRITE PID ...". */
static bool waits_for_lock(pid_t pid)
{
	char line[256];
	FILE *f = fopen("/proc/locks", "re");
	bool waits = false;
	int who;

	while (f && !waits && fgets(line, sizeof line, f))
		waits = sscanf(line, "%*d: -> FLOCK ADVISORY WRITE %d", &who) == 1 && who == pid;
	close_file(&f);
	return waits;
}

/* A child that opens the container and exits with 0, or with the error's number. */
static pid_t open_in_child(const char *id)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct state_dir dir = STATE_DIR_INIT;
		struct err e;

		_exit(-state_open(root, id, &dir, &e));
	}
	return pid;
}

static void wait_until_it_waits(pid_t pid)
{
	for (int i = 0; i < 5000 && !waits_for_lock(pid); i++)
		usleep(1000);
	assert_true(waits_for_lock(pid));
}

static int exit_status(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* The child has a copy of every lock that is held here, so it closes them first. */
static pid_t wait_in_child(struct state_dir *held, const char *id)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct state_dir dir = STATE_DIR_INIT;
		struct err e;

		state_close(held);
		_exit(-state_open(root, id, &dir, &e));
	}
	wait_until_it_waits(pid);
	return pid;
}

static void commands_on_one_container_are_serialised(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT, peeked = STATE_DIR_INIT, other = STATE_DIR_INIT;
	struct err e;
	pid_t pid;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	pid = wait_in_child(&dir, "web");
	/* A reader and a command on another container do not wait. */
	assert_ok(state_peek(root, "web", &peeked, &e), &e);
	assert_ok(state_create(root, "db", &other, &e), &e);
	state_close(&other);
	assert_int_equal(exit_status(open_in_child("db")), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	state_close(&dir);
	assert_int_equal(exit_status(pid), 0);
}

static void removed_while_waiting(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct err e;
	pid_t pid;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	pid = wait_in_child(&dir, "web");
	assert_ok(state_remove(&dir, &e), &e);
	assert_int_equal(exit_status(pid), ENOENT);
}

static void replaced_while_waiting(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT, next = STATE_DIR_INIT;
	struct err e;
	pid_t pid;
	int held;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	pid = wait_in_child(&dir, "web");
	held = dup(dir.fd);
	assert_ok(state_remove(&dir, &e), &e);
	assert_ok(state_create(root, "web", &next, &e), &e);
	close(held);
	/* It has got the lock of the old directory, and goes on to wait for the new one of that name. */
	for (int i = 0; i < 100; i++)
		usleep(1000);
	wait_until_it_waits(pid);
	state_close(&next);
	assert_int_equal(exit_status(pid), 0);
}

static void record_is_written_and_read(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT, reader = STATE_DIR_INIT;
	struct oci_record record = a_record("web"), *got;
	struct stat st;
	struct err e;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_ok(state_write(&dir, &record, &e), &e);
	record.status = OCI_STATUS_RUNNING;
	record.has_pid = record.has_pid_start_time = true;
	record.pid = 4711;
	record.pid_start_time = UINT64_MAX;
	assert_ok(state_write(&dir, &record, &e), &e);
	assert_int_equal(fstatat(dir.fd, STATE_FILE_RECORD, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(state_peek(root, "web", &reader, &e), &e);
	assert_ok(state_read(a, &reader, &got, &e), &e);
	assert_string_equal(got->id, "web");
	assert_string_equal(got->rootfs, "/b/rootfs");
	assert_int_equal(got->status, OCI_STATUS_RUNNING);
	assert_int_equal(got->pid, 4711);
	assert_true(got->pid_start_time == UINT64_MAX);
}

static void records_that_cannot_be_read(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_record record = a_record("other"), *got;
	char path[5000];
	struct err e;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_error(state_read(a, &dir, &got, &e), &e, ENODATA,
		     "container \"web\" has no state: its creation is still running or was interrupted, then 'cloister "
		     "delete --force web' removes it");
	put_file("web", STATE_FILE_RECORD, "");
	assert_int_equal(state_read(a, &dir, &got, &e), -EINVAL);
	assert_true(strncmp(e.text, "container \"web\": state.json", 27) == 0);
	put_file("web", STATE_FILE_RECORD, "{\"version\":1,");
	assert_int_equal(state_read(a, &dir, &got, &e), -EINVAL);
	assert_ok(state_write(&dir, &record, &e), &e);
	assert_error(state_read(a, &dir, &got, &e), &e, EINVAL, "container \"web\": state.json is that of \"other\"");
	snprintf(path, sizeof path, "%s/web/%s", root, STATE_FILE_RECORD);
	unlink(path);
	mkfifo(path, 0600);
	assert_error(state_read(a, &dir, &got, &e), &e, EINVAL, "container \"web\": state.json is not a regular file");
}

static void removed_while_it_is_read(void **state)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT, reader = STATE_DIR_INIT;
	struct oci_record record = a_record("web"), *got;
	struct err e;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_ok(state_write(&dir, &record, &e), &e);
	assert_ok(state_peek(root, "web", &reader, &e), &e);
	assert_ok(state_remove(&dir, &e), &e);
	assert_error(state_read(a, &reader, &got, &e), &e, ENOENT, "container \"web\" does not exist");
}

static void text_that_is_not_utf8(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_record record = a_record("web");
	struct err e;

	(void)state;
	record.bundle = (char *)"/b\xff";
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_error(
		state_write(&dir, &record, &e), &e, EINVAL,
		"container \"web\": the state cannot be written as JSON: the bundle's or root's path or an annotation "
		"is not UTF-8");
	assert_int_not_equal(faccessat(dir.fd, STATE_FILE_RECORD, F_OK, 0), 0);
}

static void removes_everything(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_record record = a_record("web");
	struct err e;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_ok(state_write(&dir, &record, &e), &e);
	put_file("web", STATE_FILE_CONFIG, "{}");
	put_file("web", STATE_FILE_SOCKET, "");
	put_file("web", ".state.json.tmp", "{\"ver");
	put_file("web", ".config.json.tmp", "");
	put_file("web", "from-a-later-release", "");
	assert_ok(state_remove(&dir, &e), &e);
	assert_int_equal(dir.fd, -1);
	assert_false(exists("web"));
}

static void removal_that_fails_keeps_the_record(void **state)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_record record = a_record("web");
	struct err e;

	(void)state;
	assert_ok(state_create(root, "web", &dir, &e), &e);
	assert_ok(state_write(&dir, &record, &e), &e);
	assert_int_equal(mkdirat(dir.fd, "folder", 0700), 0);
	assert_error(state_remove(&dir, &e), &e, EISDIR,
		     "remove folder from the state directory of container \"web\": is a directory");
	assert_int_equal(faccessat(dir.fd, STATE_FILE_RECORD, F_OK, 0), 0);
	unlinkat(dir.fd, "folder", AT_REMOVEDIR);
	assert_ok(state_remove(&dir, &e), &e);
}

static void lists_sorted(void **state)
{
	static const char *const names[] = { "web", "a", "db-2", "db-10" };
	_cleanup_arena_ struct arena *a = arena_new();
	struct state_dir dir;
	char path[5000], text[6000], **ids;
	struct err e;
	size_t len;

	(void)state;
	snprintf(text, sizeof text, "open state root %s: no such file or directory", root);
	assert_error(state_list(a, root, &ids, &len, &e), &e, ENOENT, text);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_ok(state_create(root, names[i], &dir, &e), &e);
		state_close(&dir);
	}
	snprintf(path, sizeof path, "%s/no container", root);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/.seccomp-cache", root);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/file", root);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_ok(state_list(a, root, &ids, &len, &e), &e);
	assert_int_equal(len, 4);
	assert_string_equal(ids[0], "a");
	assert_string_equal(ids[1], "db-10");
	assert_string_equal(ids[2], "db-2");
	assert_string_equal(ids[3], "web");
}

/* ---- killed at any instruction ---- */

/* All that this folder does to the disk in a container's life. */
static int live(void)
{
	struct state_dir dir = STATE_DIR_INIT;
	struct oci_record record = a_record("web");
	struct err e;
	int r = state_create(root, "web", &dir, &e);

	if (r == 0)
		r = state_write(&dir, &record, &e);
	if (r == 0)
		r = io_write_file_atomic(dir.fd, STATE_FILE_CONFIG, "{}", 2, 0600, &e);
	record.oci_version = (char *)"1.2.0";
	if (r == 0)
		r = state_write(&dir, &record, &e);
	state_close(&dir);
	if (r == 0)
		r = state_open(root, "web", &dir, &e);
	if (r == 0)
		r = state_remove(&dir, &e);
	return r;
}

static pid_t traced_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		_exit(-body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL);
	return pid;
}

/* To the next entry or end of a system call. False: it has exited, and *ret_exit is its exit status. */
static bool step(pid_t pid, int *ret_exit)
{
	int status;

	assert_int_equal(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		*ret_exit = WEXITSTATUS(status);
		return false;
	}
	assert_true(WIFSTOPPED(status));
	return true;
}

/* Lives in a child that is killed when it has entered or left its nth system call. False if it ended before that. */
static bool killed_at(int n)
{
	pid_t pid = traced_child(live);
	int status;

	for (int i = 0; i < n; i++) {
		if (!step(pid, &status)) {
			assert_int_equal(status, 0);
			return false;
		}
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return true;
}

static void killed_at_any_system_call(void **state)
{
	int n, left = 0, without_record = 0;

	(void)state;
	for (n = 1; killed_at(n); n++) {
		_cleanup_arena_ struct arena *a = arena_new();
		_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
		struct oci_record *record;
		struct err e;
		int r = state_open(root, "web", &dir, &e);

		if (r == 0) {
			/* What is left is either whole or not there at all, the lock is free, and it can be removed. */
			left++;
			r = state_read(a, &dir, &record, &e);
			without_record += r == -ENODATA;
			assert_true(r == 0 || r == -ENODATA);
			assert_ok(state_remove(&dir, &e), &e);
		}
		assert_true(r == 0 || r == -ENOENT || r == -ENODATA);
		if (access(root, F_OK) == 0)
			assert_int_equal(count_list(), 0);
		unit_remove_tree(root);
	}
	/* The sequence was long enough to mean something: both kinds of leavings were seen. */
	assert_true(n > 30 && left > 20 && without_record > 5 && without_record < left);
}

/* ---- delete and another create at any instruction ---- */

static int create_as(const char *bundle)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_record record = a_record("web");
	struct err e;
	int r = state_create(root, "web", &dir, &e);

	record.bundle = (char *)bundle;
	return r < 0 ? r : state_write(&dir, &record, &e);
}

static int create_as_child(void)
{
	return create_as("/child");
}

/* What `delete --force web` and then another create do, unless somebody has the lock. */
static bool interfere(void)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct err e;

	if (state_peek(root, "web", &dir, &e) == 0) {
		if (flock(dir.fd, LOCK_EX | LOCK_NB) < 0)
			return false;
		assert_ok(state_remove(&dir, &e), &e);
	}
	assert_int_equal(create_as("/parent"), 0);
	return true;
}

static void assert_bundle(const char *expected)
{
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_record *record;
	struct err e;

	assert_ok(state_open(root, "web", &dir, &e), &e);
	assert_ok(state_read(a, &dir, &record, &e), &e);
	assert_string_equal(record->bundle, expected);
	assert_ok(state_remove(&dir, &e), &e);
}

static void interfered_with_at_any_system_call(void **state)
{
	int lost = 0, kept = 0, status = 0;

	(void)state;
	for (int n = 1;; n++) {
		pid_t pid = traced_child(create_as_child);
		bool ended = false, interfered;

		for (int i = 0; i < n && !ended; i++)
			ended = !step(pid, &status);
		if (ended) {
			assert_bundle("/child");
			break;
		}
		interfered = interfere();
		while (step(pid, &status))
			;
		if (!interfered) {
			/* It had the lock, so it went on undisturbed. */
			kept++;
			assert_int_equal(status, 0);
			assert_bundle("/child");
		} else if (status == 0) {
			/* It had finished, but not exited, when its container was replaced. */
			assert_bundle("/parent");
		} else {
			lost++;
			assert_true(status == EEXIST || status == ENOENT);
			assert_bundle("/parent");
		}
		unit_remove_tree(root);
	}
	assert_true(lost > 5 && kept > 5);
}

static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	cmocka_unit_test(checks_ids),
	TEST(no_path_from_an_unchecked_id),
	TEST(creates_exclusively),
	TEST(root_that_cannot_be_made),
	TEST(unknown_id),
	TEST(directory_of_somebody_else),
	TEST(commands_on_one_container_are_serialised),
	TEST(removed_while_waiting),
	TEST(replaced_while_waiting),
	TEST(record_is_written_and_read),
	TEST(records_that_cannot_be_read),
	TEST(removed_while_it_is_read),
	TEST(text_that_is_not_utf8),
	TEST(removes_everything),
	TEST(removal_that_fails_keeps_the_record),
	TEST(lists_sorted),
	TEST(killed_at_any_system_call),
	TEST(interfered_with_at_any_system_call),
};

UNIT_MAIN(tests)
