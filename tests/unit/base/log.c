/* The log's lines, as engines read them: text, runc's JSON, and standard error. */
#include "base/log.h"

#include <ctype.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "tests/unit/unit.h"

static struct arena *arena;
static char *dir, *file;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	dir = arena_strdup(arena, unit_temp_dir());
	file = arena_printf(arena, "%s/log", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_remove_tree(dir);
	arena_free(arena);
	return 0;
}

/* The log is opened once in the life of a process, so each case is one; its standard error goes to a file. */
static void in_process(void (*run)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		int fd = open(arena_printf(arena, "%s/stderr", dir), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(2);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* A file of the folder, with each moment in it replaced by "TIME"; "" if there is none. */
static char *text_of(const char *name)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	char *text, *p, *path = arena_printf(arena, "%s/%s", dir, name);

	if (access(path, F_OK) < 0)
		return arena_strdup(arena, "");
	assert_ok(io_read_file(arena, AT_FDCWD, path, 1 << 20, &text, NULL, &e), &e);
	for (p = text; *p; p++) {
		size_t n = 0;

		while (form[n] && (form[n] == 'd' ? isdigit((unsigned char)p[n]) != 0 : p[n] == form[n]))
			n++;
		if (form[n])
			continue;
		memcpy(p, "TIME", 4);
		memmove(p + 4, p + n, strlen(p + n) + 1);
	}
	return text;
}

static void check(bool ok)
{
	if (!ok)
		_exit(3);
}

static void all_levels(void)
{
	log_error("%s %d", "number", 1);
	log_warning("two");
	log_write(LOG_LEVEL_INFO, "three");
	log_debug("four");
}

static void to_text(void)
{
	check(log_open(file, "text", false, &e) == 0 && log_has_file() && log_fd() > 2);
	check(fcntl(log_fd(), F_GETFD) == FD_CLOEXEC);
	all_levels();
}

static void to_json(void)
{
	check(log_open(file, "json", true, &e) == 0 && log_has_file());
	all_levels();
}

static void to_stderr(void)
{
	check(log_open(NULL, "text", false, &e) == 0 && !log_has_file() && log_fd() == 2);
	all_levels();
}

static void to_stderr_debug(void)
{
	check(log_open("", "text", true, &e) == 0 && !log_has_file());
	log_debug("four");
}

static void to_stderr_json(void)
{
	check(log_open(NULL, "json", false, &e) == 0 && !log_has_file());
	log_error("x");
}

static void text(void **state)
{
	static const char once[] = "time=\"TIME\" level=error msg=\"number 1\"\n"
				   "time=\"TIME\" level=warning msg=\"two\"\n"
				   "time=\"TIME\" level=info msg=\"three\"\n";

	(void)state;
	in_process(to_text);
	assert_string_equal(text_of("log"), once);
	/* The next process appends. */
	in_process(to_text);
	assert_string_equal(text_of("log"), arena_printf(arena, "%s%s", once, once));
	assert_string_equal(text_of("stderr"), "");
}

static void json(void **state)
{
	(void)state;
	in_process(to_json);
	assert_string_equal(text_of("log"), "{\"level\":\"error\",\"msg\":\"number 1\",\"time\":\"TIME\"}\n"
					    "{\"level\":\"warning\",\"msg\":\"two\",\"time\":\"TIME\"}\n"
					    "{\"level\":\"info\",\"msg\":\"three\",\"time\":\"TIME\"}\n"
					    "{\"level\":\"debug\",\"msg\":\"four\",\"time\":\"TIME\"}\n");
	assert_string_equal(text_of("stderr"), "");
}

static void standard_error(void **state)
{
	(void)state;
	in_process(to_stderr);
	assert_string_equal(text_of("stderr"),
			    "cloister: error: number 1\ncloister: warning: two\ncloister: info: three\n");
	in_process(to_stderr_debug);
	in_process(to_stderr_json);
	assert_non_null(
		strstr(text_of("stderr"),
		       "info: three\ntime=\"TIME\" level=debug msg=\"four\"\n"
		       "{\"level\":\"error\",\"msg\":\"x\",\"time\":\"TIME\"}\n"));
}

static void hostile(void)
{
	static char longer[5000];

	check(log_open(file, "json", false, &e) == 0);
	log_error("a \"quoted\" \\ name\nlevel=error \033[2J \xff \xc3\xa9");
	memset(longer, 'n', sizeof longer - 1);
	log_error("%s", longer);
}

/* Whatever a name holds, a message is one line of valid JSON; one without end is cut. */
static void hostile_names(void **state)
{
	char *got, *second;

	(void)state;
	in_process(hostile);
	got = text_of("log");
	second = strchr(got, '\n') + 1;
	assert_string_equal(arena_strndup(arena, got, (size_t)(second - got)),
			    "{\"level\":\"error\",\"msg\":\"a \\\"quoted\\\" \\\\ name level=error ?[2J ? \xc3\xa9\","
			    "\"time\":\"TIME\"}\n");
	assert_int_equal(strspn(strstr(second, "nnn"), "n"), ERR_TEXT_MAX + 255);
	assert_string_equal(strchr(strstr(second, "nnn"), '"'), "\",\"time\":\"TIME\"}\n");
}

static void refused(void)
{
	check(log_open(file, "xml", false, &e) == -EINVAL);
	check(strcmp(e.text, "unknown log format 'xml': it is 'text' or 'json'") == 0);
	check(access(file, F_OK) < 0 && !log_has_file());
	check(log_open(arena_printf(arena, "%s/none/log", dir), "text", false, &e) == -ENOENT);
	check(strcmp(e.text, arena_printf(arena, "open log file %s/none/log: no such file or directory", dir)) == 0);
	check(log_open(dir, "text", false, &e) == -EISDIR);
	/* The log is then where it was. */
	log_error("seen");
}

static void what_cannot_be_opened(void **state)
{
	(void)state;
	in_process(refused);
	assert_string_equal(text_of("stderr"), "cloister: error: seen\n");
}

static void write_many(void)
{
	check(log_open(file, "text", false, &e) == 0);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			break;
	for (int i = 0; i < 50; i++)
		log_error("the same line");
	while (wait(NULL) > 0)
		;
}

/* Lines of processes that write at the same time stay whole. */
static void lines_stay_whole(void **state)
{
	static const char line[] = "time=\"TIME\" level=error msg=\"the same line\"\n";
	char *p;
	int n = 0;

	(void)state;
	in_process(write_many);
	for (p = text_of("log"); *p; p += strlen(line), n++)
		assert_int_equal(strncmp(p, line, strlen(line)), 0);
	assert_int_equal(n, 5 * 50);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(text),
	TEST(json),
	TEST(standard_error),
	TEST(hostile_names),
	TEST(what_cannot_be_opened),
	TEST(lines_stay_whole),
};

UNIT_MAIN(tests)
