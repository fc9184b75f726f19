/* Finding the program and explaining why it does not run. The files are real, below a temporary directory. */
#include "tests/unit/unit.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "apply/interpreter.h"
#include "base/io.h"
#include "sys/exec.h"

static struct arena *arena;
static struct err err;
static struct apply ctx;
static struct plan plan;
static char dir[64];
static char *no_env[] = { NULL };
static int exec_result;
static const char *executed;
static char *const *executed_env;

int sys_execve(const char *path, char *const *argv, char *const *envp)
{
	(void)argv;
	executed = path;
	executed_env = envp;
	return exec_result;
}

/* As the real ones do, but for a caller with capabilities. */
int sys_can_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) ? 0 : -EACCES;
}

ssize_t sys_read_head(const char *path, void *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : io_read_full(fd, buf, size);

	if (fd >= 0)
		close(fd);
	return n;
}

/* Only the process's own steps use these. */
static char *path_of(const char *name)
{
	return arena_printf(arena, "%s/%s", dir, name);
}

static char *make_file(const char *name, const void *bytes, size_t len, mode_t mode)
{
	char *path = path_of(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, bytes, len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static int set_up(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/cloister-unit-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	arena = arena_new();
	plan = (struct plan){ .arena = arena };
	ctx = (struct apply){ .arena = arena, .plan = &plan };
	err = (struct err){ 0 };
	exec_result = -ENOENT;
	executed = NULL;
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	arena_free(arena);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	return system(command);
}

static struct op exec_op(char **args, char **env)
{
	return (struct op){ .type = OP_EXEC, .exec = { .args = args, .env = env } };
}

static void a_name_is_looked_up_in_path(void **state)
{
	char *args[] = { "tool", NULL }, *env[2] = { NULL };
	struct op op = exec_op(args, env);

	(void)state;
	mkdir(path_of("a"), 0700);
	mkdir(path_of("b"), 0700);
	make_file("a/tool", "#!/bin/sh\n", 10, 0600);
	make_file("b/tool", "#!/bin/sh\n", 10, 0700);
	/* no such directory, found but not executable, found */
	env[0] = arena_printf(arena, "PATH=%s/none:%s/a:%s/b", dir, dir, dir);
	assert_int_equal(apply_find_exec(&ctx, &op, &err), 0);
	assert_string_equal(ctx.exec_path, path_of("b/tool"));
	apply_exec(&ctx, &op, &err);
	assert_string_equal(executed, path_of("b/tool"));
	assert_ptr_equal(executed_env, env);
}

static void what_is_not_executable_is_denied(void **state)
{
	char *args[] = { "tool", NULL }, *env[2] = { NULL };
	struct op op = exec_op(args, env);

	(void)state;
	make_file("tool", "x", 1, 0600);
	env[0] = arena_printf(arena, "PATH=%s", dir);
	assert_int_equal(apply_find_exec(&ctx, &op, &err), -EACCES);
	assert_non_null(strstr(err.text, "permission denied"));
	args[0] = path_of("tool");
	assert_int_equal(apply_find_exec(&ctx, &op, &err), -EACCES);
	args[0] = dir;
	assert_int_equal(apply_find_exec(&ctx, &op, &err), -EACCES);
}

static void what_is_missing_is_said_as_engines_expect(void **state)
{
	char *args[] = { "no-such-tool", NULL };
	struct op op = exec_op(args, no_env);

	(void)state;
	assert_int_equal(apply_find_exec(&ctx, &op, &err), -ENOENT);
	assert_string_equal(err.text, "exec \"no-such-tool\": executable file not found in $PATH: no such file or "
			    "directory");
	args[0] = "/no/such/tool";
	assert_int_equal(apply_find_exec(&ctx, &op, &err), -ENOENT);
	assert_string_equal(err.text, "exec \"/no/such/tool\": no such file or directory");
	args[0] = "";
	assert_int_equal(apply_find_exec(&ctx, &op, &err), -ENOENT);
}

/* At create: as root, and the user may see it otherwise. */
static void what_is_nowhere_is_said_early(void **state)
{
	char *args[] = { "no-such-tool", NULL }, *env[2] = { NULL };
	struct op op = exec_op(args, env);

	(void)state;
	op.exec.cwd = dir;
	env[0] = arena_printf(arena, "PATH=/no/such:%s/bin:", dir);
	assert_int_equal(apply_look_exec(&ctx, &op, &err), -ENOENT);
	assert_string_equal(err.text, "exec \"no-such-tool\": executable file not found in $PATH: no such file or "
			    "directory");
	args[0] = "./no-such-tool";
	assert_int_equal(apply_look_exec(&ctx, &op, &err), -ENOENT);
	make_file("tool", "x", 1, 0700);
	args[0] = "./tool/below";
	assert_int_equal(apply_look_exec(&ctx, &op, &err), -ENOTDIR);
	/* relative names begin at the working directory */
	args[0] = "./tool";
	assert_ok(apply_look_exec(&ctx, &op, &err), &err);
	args[0] = "tool";
	assert_ok(apply_look_exec(&ctx, &op, &err), &err);
	/* not root's to say */
	make_file("tool", "x", 1, 0600);
	assert_ok(apply_look_exec(&ctx, &op, &err), &err);
	args[0] = dir;
	assert_ok(apply_look_exec(&ctx, &op, &err), &err);
}

/* The error of a whole find and exec, as the kernel answers with num. */
static const char *exec_error(const char *file, int num)
{
	char *args[] = { (char *)file, NULL };
	struct op op = exec_op(args, no_env);

	exec_result = -num;
	assert_int_equal(apply_find_exec(&ctx, &op, &err), 0);
	assert_int_equal(apply_exec(&ctx, &op, &err), -num);
	return err.text;
}

static void a_missing_script_interpreter_is_named(void **state)
{
	const char *text = "#! /no/such/shell -e\necho\n";
	const char *file = make_file("script", text, strlen(text), 0700);

	(void)state;
	assert_non_null(strstr(exec_error(file, ENOENT), "script\": its interpreter \"/no/such/shell\" is not in the "
				    "container: no such file or directory"));
	/* but only when that is what the kernel says */
	assert_null(strstr(exec_error(file, E2BIG), "interpreter"));
	/* one level down */
	text = arena_printf(arena, "#!%s\n", file);
	file = make_file("outer", text, strlen(text), 0700);
	assert_non_null(strstr(exec_error(file, ENOENT), "its interpreter \"/no/such/shell\""));
}

static char *make_elf(uint16_t machine, const char *interpreter)
{
	struct { Elf64_Ehdr eh; Elf64_Phdr ph[2]; char interpreter[64]; } image = { 0 };

	memcpy(image.eh.e_ident, ELFMAG, SELFMAG);
	image.eh.e_ident[EI_CLASS] = ELFCLASS64;
	image.eh.e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	image.eh.e_machine = machine;
	image.eh.e_phoff = offsetof(typeof(image), ph);
	image.eh.e_phnum = 2;
	image.ph[0].p_type = PT_LOAD;
	image.ph[1].p_type = PT_INTERP;
	image.ph[1].p_offset = offsetof(typeof(image), interpreter);
	image.ph[1].p_filesz = strlen(interpreter) + 1;
	strcpy(image.interpreter, interpreter);
	return make_file("program", &image, sizeof image, 0700);
}

static uint16_t own_machine(void)
{
	Elf64_Ehdr eh;

	assert_true(sys_read_head("/proc/self/exe", &eh, sizeof eh) == sizeof eh);
	return eh.e_machine;
}

static void a_missing_loader_is_named(void **state)
{
	(void)state;
	assert_non_null(strstr(exec_error(make_elf(own_machine(), "/no/such/ld.so"), ENOENT),
			       "its interpreter \"/no/such/ld.so\" is not in the container"));
	assert_null(interpreter_problem(arena, make_elf(own_machine(), "/proc/self/exe")));
}

static void another_machine_is_named(void **state)
{
	const char *text = exec_error(make_elf(own_machine() == EM_S390 ? EM_PPC : EM_S390, "/x"), ENOEXEC);

	(void)state;
	assert_non_null(strstr(text, "it is built for"));
	assert_non_null(strstr(text, "exec format error"));
}

static void plain_text_is_no_program(void **state)
{
	(void)state;
	assert_non_null(strstr(exec_error(make_file("text", "hello\n", 6, 0700), ENOEXEC),
			       "neither a program nor a script"));
}

static void broken_headers_are_survived(void **state)
{
	char image[sizeof(Elf64_Ehdr)];

	(void)state;
	memset(image, 0xff, sizeof image);
	memcpy(image, ELFMAG, SELFMAG);
	for (size_t len = 0; len <= sizeof image; len++)
		interpreter_problem(arena, make_file("broken", image, len, 0700));
	image[EI_CLASS] = ELFCLASS64;
	image[EI_DATA] = ELFDATA2LSB;
	memcpy(image + 18, &(uint16_t){ own_machine() }, 2);
	assert_null(interpreter_problem(arena, make_file("broken", image, sizeof image, 0700)));
	/* a script that is its own interpreter ends */
	const char *self = arena_printf(arena, "#!%s\n", path_of("self"));
	assert_null(interpreter_problem(arena, make_file("self", self, strlen(self), 0700)));
	assert_null(interpreter_problem(arena, make_file("bare", "#!\n", 3, 0700)));
}

static void home_is_added_to_the_environment(void **state)
{
	char *args[] = { "/bin/true", NULL }, *env[] = { "A=1", NULL };
	struct op ops[] = { { .type = OP_HOME, .user = { .uid = 0 } }, exec_op(args, env) };

	(void)state;
	plan.ops = ops;
	plan.len = 2;
	assert_int_equal(apply_home(&ctx, &ops[0], &err), 0);
	assert_string_equal(ctx.exec_env[0], "A=1");
	assert_string_equal(ctx.exec_env[1], "HOME=/root");
	assert_null(ctx.exec_env[2]);
	/* what is added later comes behind it */
	assert_int_equal(apply_listen_pid(&ctx, &ops[0], &err), 0);
	assert_string_equal(ctx.exec_env[1], "HOME=/root");
	assert_string_equal(ctx.exec_env[2], arena_printf(arena, "LISTEN_PID=%ld", (long)getpid()));
	assert_null(ctx.exec_env[3]);
	ctx.exec_env = NULL;
	ops[0].user.uid = 4000000000U;
	assert_int_equal(apply_home(&ctx, &ops[0], &err), 0);
	assert_string_equal(ctx.exec_env[1], "HOME=/");
	ctx.exec_path = "/bin/true";
	apply_exec(&ctx, &ops[1], &err);
	assert_ptr_equal(executed_env, ctx.exec_env);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_name_is_looked_up_in_path),
	TEST(what_is_not_executable_is_denied),
	TEST(what_is_missing_is_said_as_engines_expect),
	TEST(what_is_nowhere_is_said_early),
	TEST(a_missing_script_interpreter_is_named),
	TEST(a_missing_loader_is_named),
	TEST(another_machine_is_named),
	TEST(plain_text_is_no_program),
	TEST(broken_headers_are_survived),
	TEST(home_is_added_to_the_environment),
};

UNIT_MAIN(tests)
