/* Whole reads and writes, their limits, and a replacement that is seen whole or not at all. */
#include "base/io.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "tests/unit/unit.h"

static struct arena *arena;
static char *dir;
static int dir_fd;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	dir = arena_strdup(arena, unit_temp_dir());
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(dir_fd);
	unit_remove_tree(dir);
	arena_free(arena);
	return 0;
}

static void file_with(const char *name, const void *bytes, size_t len)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, bytes, len), 0);
}

static void assert_file(const char *name, const char *text)
{
	char *got;
	size_t len;

	assert_ok(io_read_file(arena, dir_fd, name, 1 << 20, &got, &len, &e), &e);
	assert_string_equal(got, text);
	assert_int_equal(len, strlen(text));
}

static int entries(void)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	return n - 2;
}

/* ---- a pipe that gives and takes little by little, and signals meanwhile ---- */

enum { MUCH = 1 << 20 };

struct slow {
	int fd;
	pthread_t caller;
	unsigned char sum;
	size_t len;
};

static void on_signal(int number)
{
	(void)number;
}

/* Without SA_RESTART, so that a waiting call does return with EINTR. */
static void let_signals_interrupt(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGUSR1, &action, NULL);
}

static void pause_and_disturb(const struct slow *s)
{
	usleep(2000);
	pthread_kill(s->caller, SIGUSR1);
	usleep(2000);
}

static void *take_slowly(void *argument)
{
	struct slow *s = argument;
	static unsigned char buf[MUCH / 8];
	ssize_t n;

	do {
		pause_and_disturb(s);
		n = read(s->fd, buf, sizeof buf);
		for (ssize_t i = 0; i < n; i++)
			s->sum = (unsigned char)(s->sum * 31 + buf[i]);
		s->len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return NULL;
}

static void *give_slowly(void *argument)
{
	struct slow *s = argument;

	for (int i = 0; i < 5; i++) {
		pause_and_disturb(s);
		if (write(s->fd, "12345", 5) != 5)
			break;
	}
	close(s->fd);
	return NULL;
}

static void writes_all(void **state)
{
	static unsigned char bytes[MUCH];
	unsigned char sum = 0;
	struct slow s = { .caller = pthread_self() };
	pthread_t thread;
	int ends[2];

	(void)state;
	for (size_t i = 0; i < MUCH; i++) {
		bytes[i] = (unsigned char)(i * 7 >> 3);
		sum = (unsigned char)(sum * 31 + bytes[i]);
	}
	let_signals_interrupt();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, take_slowly, &s), 0);
	assert_int_equal(io_write_all(ends[1], bytes, MUCH), 0);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_int_equal(s.len, MUCH);
	assert_int_equal(s.sum, sum);
}

/* A signal before the first byte: the call has written nothing. */
static void write_goes_on_after_a_signal(void **state)
{
	static char full[MUCH];
	struct slow s = { .caller = pthread_self() };
	pthread_t thread;
	int ends[2], room;

	(void)state;
	let_signals_interrupt();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	room = fcntl(ends[1], F_GETPIPE_SZ);
	assert_in_range(room, 1, MUCH);
	assert_int_equal(io_write_all(ends[1], full, (size_t)room), 0);
	s.fd = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, take_slowly, &s), 0);
	assert_int_equal(io_write_all(ends[1], "12345", 5), 0);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_int_equal(s.len, room + 5);
}

static void write_fails(void **state)
{
	_cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
			    full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(io_write_all(fd, "x", 1), -EBADF);
	assert_int_equal(io_write_all(fd, "", 0), 0);
	assert_int_equal(io_write_all(full, "x", 1), -ENOSPC);
}

static void read_slowly(size_t want, const char *expected)
{
	struct slow s = { .caller = pthread_self() };
	pthread_t thread;
	char buf[64] = "";
	int ends[2];

	let_signals_interrupt();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s.fd = ends[1];
	assert_int_equal(pthread_create(&thread, NULL, give_slowly, &s), 0);
	assert_int_equal(io_read_full(ends[0], buf, want), strlen(expected));
	assert_string_equal(buf, expected);
	pthread_join(thread, NULL);
	close(ends[0]);
}

static void reads_full(void **state)
{
	(void)state;
	read_slowly(12, "123451234512");
	read_slowly(60, "1234512345123451234512345");
	assert_int_equal(io_read_full(dir_fd, (char[4]){ 0 }, 4), -EISDIR);
	assert_int_equal(io_read_full(-1, (char[4]){ 0 }, 0), 0);
}

/* ---- whole files ---- */

static void each_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 16382, 16383, 16384, 16385, 40000, 70000 };
	static char bytes[70000];

	(void)state;
	memset(bytes, 'b', sizeof bytes);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *got;
		size_t len;

		file_with("f", bytes, sizes[i]);
		assert_ok(io_read_file(arena, dir_fd, "f", sizes[i], &got, &len, &e), &e);
		assert_int_equal(len, sizes[i]);
		assert_memory_equal(got, bytes, len);
		assert_int_equal(got[len], 0);
	}
}

static void limits(void **state)
{
	char *got;

	(void)state;
	file_with("f", "12345", 5);
	assert_ok(io_read_file(arena, dir_fd, "f", 5, &got, NULL, &e), &e);
	assert_error(io_read_file(arena, dir_fd, "f", 4, &got, NULL, &e), &e, EFBIG,
		     "f is larger than the limit of 4 bytes");
	/* An endless one is not read to its end. */
	_cleanup_close_ int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	assert_error(io_read_fd(arena, zero, "zero", 100000, &got, NULL, &e), &e, EFBIG,
		     "zero is larger than the limit of 100000 bytes");
}

/* Files of /proc say that their size is 0. */
static void size_unknown(void **state)
{
	char *got;
	size_t len;

	(void)state;
	assert_ok(io_read_file(arena, AT_FDCWD, "/proc/self/status", 1 << 20, &got, &len, &e), &e);
	assert_int_equal(strncmp(got, "Name:", 5), 0);
	assert_int_equal(strlen(got), len);
}

static void pipes(void **state)
{
	struct slow s = { .caller = pthread_self() };
	pthread_t thread;
	char *got;
	size_t len;
	int ends[2];

	(void)state;
	let_signals_interrupt();
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	s.fd = ends[1];
	assert_int_equal(pthread_create(&thread, NULL, give_slowly, &s), 0);
	assert_ok(io_read_fd(arena, ends[0], "pipe", 25, &got, &len, &e), &e);
	assert_string_equal(got, "1234512345123451234512345");
	pthread_join(thread, NULL);
	close(ends[0]);
}

static void unreadable(void **state)
{
	char *got;

	(void)state;
	assert_int_equal(mkfifoat(dir_fd, "fifo", 0600), 0);
	assert_error(io_read_file(arena, dir_fd, "none", 9, &got, NULL, &e), &e, ENOENT,
		     "open none: no such file or directory");
	assert_error(io_read_file(arena, dir_fd, "fifo", 9, &got, NULL, &e), &e, EINVAL, "fifo is not a regular file");
	assert_error(io_read_file(arena, dir_fd, ".", 9, &got, NULL, &e), &e, EINVAL, ". is not a regular file");
	assert_error(io_read_file(arena, AT_FDCWD, "/dev/zero", 9, &got, NULL, &e), &e, EINVAL,
		     "/dev/zero is not a regular file");
	assert_error(io_read_fd(arena, dir_fd, "the folder", 9, &got, NULL, &e), &e, EISDIR,
		     "read the folder: is a directory");
	assert_error(io_read_fd(arena, -1, "nothing", 9, &got, NULL, &e), &e, EBADF,
		     "read nothing: bad file descriptor");
}

/* ---- replacing ---- */

static void replaces(void **state)
{
	struct stat st, old;
	mode_t mask = umask(022);

	(void)state;
	assert_ok(io_write_file_atomic(dir_fd, "f", "first", 5, 0640, &e), &e);
	assert_file("f", "first");
	assert_int_equal(fstatat(dir_fd, "f", &old, 0), 0);
	assert_int_equal(old.st_mode & 07777, 0640);
	/* Who has the old one open goes on seeing the old one. */
	_cleanup_close_ int open_before = openat(dir_fd, "f", O_RDONLY | O_CLOEXEC);
	assert_ok(io_write_file_atomic(dir_fd, "f", "2", 1, 0600, &e), &e);
	assert_file("f", "2");
	assert_int_equal(fstatat(dir_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_ino != old.st_ino);
	char buf[8] = "";
	assert_int_equal(io_read_full(open_before, buf, 7), 5);
	assert_string_equal(buf, "first");
	assert_ok(io_write_file_atomic(dir_fd, "f", "", 0, 0600, &e), &e);
	assert_file("f", "");
	assert_int_equal(entries(), 1);
	umask(mask);
}

static void leavings_of_a_killed_writer(void **state)
{
	(void)state;
	file_with("f", "old", 3);
	file_with(".f.tmp", "half of a long te", 17);
	assert_ok(io_write_file_atomic(dir_fd, "f", "new", 3, 0600, &e), &e);
	assert_file("f", "new");
	assert_int_equal(entries(), 1);
}

/* A symlink where the temporary is to be is replaced, never followed. */
static void no_symlink_is_followed(void **state)
{
	(void)state;
	file_with("victim", "safe", 4);
	assert_int_equal(symlinkat("victim", dir_fd, ".f.tmp"), 0);
	assert_int_equal(symlinkat("victim", dir_fd, "f"), 0);
	assert_ok(io_write_file_atomic(dir_fd, "f", "new", 3, 0600, &e), &e);
	assert_file("f", "new");
	assert_file("victim", "safe");
	assert_int_equal(entries(), 2);
}

static void cannot_replace(void **state)
{
	char name[NAME_MAX + 1], text[NAME_MAX + 64];

	(void)state;
	assert_int_equal(mkdirat(dir_fd, "folder", 0700), 0);
	assert_error(io_write_file_atomic(dir_fd, "folder", "x", 1, 0600, &e), &e, EISDIR,
		     "write folder: is a directory");
	assert_int_equal(entries(), 1);
	assert_error(io_write_file_atomic(dir_fd, "none/f", "x", 1, 0600, &e), &e, ENOENT,
		     "create .none/f.tmp: no such file or directory");
	/* Where a folder has the temporary's name. */
	assert_int_equal(mkdirat(dir_fd, ".f.tmp", 0700), 0);
	assert_int_equal(io_write_file_atomic(dir_fd, "f", "x", 1, 0600, &e), -EISDIR);
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf(text, sizeof text, "write %s: file name too long", name);
	assert_error(io_write_file_atomic(dir_fd, name, "x", 1, 0600, &e), &e, ENAMETOOLONG, text);
	assert_int_equal(entries(), 2);
}

/* What no file can hold leaves the old one, and nothing else. */
static void no_room(void **state)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	static char much[8192];
	pid_t child;
	int status;

	(void)state;
	file_with("f", "old", 3);
	child = fork();
	if (child == 0) {
		sigaction(SIGXFSZ, &ignore, NULL);
		if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 4096, 4096 }) < 0)
			_exit(2);
		_exit(io_write_file_atomic(dir_fd, "f", much, sizeof much, 0600, &e) == -EFBIG &&
		      strcmp(e.text, "write f: file too large") == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_file("f", "old");
	assert_int_equal(entries(), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void folders(void **state)
{
	char path[5000];
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/a/b//c", unit_temp_dir());
	assert_ok(io_make_folders(path, &e), &e);
	assert_ok(io_make_folders(path, &e), &e);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	strcat(path, "/file");
	assert_int_equal(close(open(path, O_CREAT | O_WRONLY, 0644)), 0);
	strcat(path, "/d");
	assert_int_equal(io_make_folders(path, &e), -ENOTDIR);
	*strstr(path, "/a/b") = '\0';
	unit_remove_tree(path);
}

/* In a process of its own, since the test's streams are cmocka's. */
static void closed_standard_streams(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct stat filled, null;
		int next = dup(0);

		close(next);
		close(0);
		close(2);
		if (io_fill_standard_streams(&e) < 0 || stat("/dev/null", &null) < 0)
			_exit(1);
		for (int fd = 0; fd <= 2; fd += 2)
			if (fstat(fd, &filled) < 0 || filled.st_rdev != null.st_rdev)
				_exit(2);
		/* what was open stayed, and nothing else was opened */
		_exit(fcntl(1, F_GETFD) < 0 || dup(0) != next ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static const struct CMUnitTest tests[] = {
	TEST(writes_all),
	TEST(write_goes_on_after_a_signal),
	TEST(write_fails),
	TEST(reads_full),
	TEST(each_size),
	TEST(limits),
	TEST(size_unknown),
	TEST(pipes),
	TEST(unreadable),
	TEST(replaces),
	TEST(leavings_of_a_killed_writer),
	TEST(no_symlink_is_followed),
	TEST(cannot_replace),
	TEST(no_room),
	TEST(folders),
	TEST(closed_standard_streams),
};

UNIT_MAIN(tests)
