/* Hooks, on the real sys/command: they are ordinary programs, run by an ordinary user. */
#include "tests/unit/unit.h"

#include <string.h>

#include "apply/apply.h"
#include "apply/hook.h"
#include "sys/command.c"
#include "sys/exec.c"

static struct err err;

static struct oci_hook shell(char *script)
{
	static char *args[4];

	args[0] = "sh";
	args[1] = "-c";
	args[2] = script;
	args[3] = NULL;
	return (struct oci_hook){ .path = "/bin/sh", .args = args, .args_len = 3 };
}

static void a_hook_reads_the_state(void **state)
{
	struct oci_hook hook = shell("read -r line; [ \"$line\" = '{\"id\":\"x\"}' ]");

	(void)state;
	assert_int_equal(hook_run(&hook, "{\"id\":\"x\"}\n", NULL, "prestart hook #0", &err), 0);
}

static void a_hook_need_not_read(void **state)
{
	static char big[1 << 20];
	struct oci_hook hook = { .path = "/bin/true" };

	(void)state;
	memset(big, 'x', sizeof big - 1);
	assert_int_equal(hook_run(&hook, big, NULL, "h", &err), 0);
	/* nor write little: neither end waits for the other */
	hook = shell("head -c 300000 /dev/zero; cat >/dev/null");
	assert_int_equal(hook_run(&hook, big, NULL, "h", &err), 0);
}

static void the_environment_is_exactly_the_hooks(void **state)
{
	char *env[] = { "A=b c", NULL };
	struct oci_hook hook = shell("[ \"$A\" = 'b c' ] && [ -z \"$HOME\" ]");

	(void)state;
	hook.env = env;
	hook.env_len = 1;
	assert_int_equal(hook_run(&hook, "", NULL, "h", &err), 0);
	hook.env = NULL;
	assert_int_not_equal(hook_run(&hook, "", NULL, "h", &err), 0);
}

static void no_descriptor_is_inherited(void **state)
{
	struct oci_hook hook = shell("cd /proc/self/fd; set -- *; [ \"$*\" = '0 1 2 3' ] || { echo \"$*\"; exit 1; }");
	int stray = dup(2);

	(void)state;
	if (hook_run(&hook, "", NULL, "h", &err) < 0)
		fail_msg("%s", err.text);
	close(stray);
}

static void arguments_default_to_the_path(void **state)
{
	struct oci_hook hook = { .path = "/bin/false" };

	(void)state;
	assert_int_equal(hook_run(&hook, "", NULL, "poststop hook #1", &err), -EIO);
	assert_string_equal(err.text, "poststop hook #1: /bin/false ended with exit code 1");
}

static void the_last_line_says_why(void **state)
{
	struct oci_hook hook = shell("echo first; echo 'no network' >&2; exit 7");

	(void)state;
	assert_int_equal(hook_run(&hook, "", NULL, "prestart hook #0", &err), -EIO);
	assert_string_equal(err.text, "prestart hook #0: /bin/sh ended with exit code 7: no network");
	hook = shell("kill -9 $$");
	assert_int_equal(hook_run(&hook, "", NULL, "h", &err), -EIO);
	assert_non_null(strstr(err.text, "killed by signal 9"));
}

static void a_hook_that_is_not_there(void **state)
{
	struct oci_hook hook = { .path = "/no/such/hook" };

	(void)state;
	assert_int_equal(hook_run(&hook, "", NULL, "h", &err), -ENOENT);
	assert_string_equal(err.text, "h: cannot execute /no/such/hook: no such file or directory");
}

static void a_timeout_kills_the_whole_group(void **state)
{
	char script[128], file[] = "/tmp/cloister-unit-XXXXXX";
	int fd = mkstemp(file), pid = 0;
	struct oci_hook hook;
	FILE *f;

	(void)state;
	snprintf(script, sizeof script, "sleep 60 & echo $! >%s; wait", file);
	hook = shell(script);
	hook.timeout = 1;
	hook.has_timeout = true;
	assert_int_equal(hook_run(&hook, "", NULL, "h", &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "timeout of 1 s"));
	f = fdopen(fd, "r");
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	unlink(file);
	/* gone, or a zombie that nobody has reaped yet */
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) {
		char stat[64], state_of = 0;

		snprintf(stat, sizeof stat, "/proc/%d/stat", pid);
		f = fopen(stat, "r");
		if (!f || fscanf(f, "%*d %*s %c", &state_of) != 1 || state_of == 'Z') {
			if (f)
				fclose(f);
			return;
		}
		fclose(f);
		usleep(10000);
	}
	assert_int_equal(kill(pid, 0), -1);
}

static void a_daemon_does_not_hold_us_up(void **state)
{
	struct oci_hook hook = shell("sleep 5 & exit 0");
	int64_t before = now_ms();

	(void)state;
	assert_int_equal(hook_run(&hook, "", NULL, "h", &err), 0);
	assert_true(now_ms() - before < 4000);
}

static void all_run_until_one_fails(void **state)
{
	struct oci_hook hooks[] = { { .path = "/bin/true" }, { .path = "/bin/false" }, { .path = "/no/such" } };

	(void)state;
	assert_int_equal(hook_run_all(hooks, 1, "{}", NULL, &err), 0);
	assert_int_equal(hook_run_all(hooks, 3, "{}", NULL, &err), -EIO);
	assert_true(strncmp(err.text, "hook #1: /bin/false", 19) == 0);
}

static enum hook_kind asked;

static const char *state_json(struct apply *ctx, enum hook_kind kind)
{
	(void)ctx;
	asked = kind;
	return "{}";
}

static void the_operation_asks_for_its_kind(void **state)
{
	static char *env[] = { "A=1", NULL };
	char *args[] = { "sh", "-c", "test \"$A $PWD\" = '1 /'", NULL }, *own[] = { "A=2", NULL };
	struct op exec = { .type = OP_EXEC, .exec = { .env = env } };
	struct plan plan = { .ops = &exec, .len = 1 };
	struct apply ctx = { .state_json = state_json, .plan = &plan, .arena = arena_new(), .bundle = "/tmp" };
	struct oci_hook hook = { .path = "/bin/false" };
	struct op op = { .type = OP_HOOKS, .hooks = { HOOK_START_CONTAINER, &hook, 1 } };

	(void)state;
	assert_int_equal(apply_hooks(&ctx, &op, &err), -EIO);
	assert_int_equal(asked, HOOK_START_CONTAINER);
	assert_true(strncmp(err.text, "hook #0: /bin/false", 19) == 0);
	/* in the container it has the program's environment, unless it brings one */
	hook = (struct oci_hook){ .path = "/bin/sh", .args = args, .args_len = 3 };
	assert_int_equal(apply_hooks(&ctx, &op, &err), 0);
	hook.env = own;
	assert_int_equal(apply_hooks(&ctx, &op, &err), -EIO);
	/* outside it has ours, and runs in the bundle */
	hook.env = NULL;
	args[2] = "test \"$A $PWD\" = '3 /tmp'";
	setenv("A", "3", 1);
	op.hooks.kind = HOOK_CREATE_CONTAINER;
	assert_int_equal(apply_hooks(&ctx, &op, &err), 0);
	arena_free(ctx.arena);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_hook_reads_the_state),
	cmocka_unit_test(a_hook_need_not_read),
	cmocka_unit_test(the_environment_is_exactly_the_hooks),
	cmocka_unit_test(no_descriptor_is_inherited),
	cmocka_unit_test(arguments_default_to_the_path),
	cmocka_unit_test(the_last_line_says_why),
	cmocka_unit_test(a_hook_that_is_not_there),
	cmocka_unit_test(a_timeout_kills_the_whole_group),
	cmocka_unit_test(a_daemon_does_not_hold_us_up),
	cmocka_unit_test(all_run_until_one_fails),
	cmocka_unit_test(the_operation_asks_for_its_kind),
};

UNIT_MAIN(tests)
