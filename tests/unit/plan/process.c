/* The order and the content of the START operations. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "base/log.h"
#include "libocispec/field/read.h"
#include "plan/build.h"
#include "plan/capability.h"

static struct arena *arena;
static struct plan plan;
static struct plan_facts facts;
static struct plan_options options;
static struct build build;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	plan = (struct plan){ .arena = arena };
	facts = (struct plan_facts){ .bounding = UINT64_MAX, .last_cap = 40 };
	options = (struct plan_options){ .id = "x" };
	build = (struct build){ .plan = &plan, .facts = &facts, .options = &options };
	/* warnings are expected, and nobody reads them here */
	return log_open("/dev/null", "text", false, &err);
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int plan_json(const char *json)
{
	void *spec;

	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	static const struct oci_id_mapping many = { .size = 1000 };

	build.spec = spec;
	build.uids = build.gids = (struct plan_id_map){ &many, 1 };
	const struct oci_linux *l = build.spec->linux;
	if (l && l->uid_mappings) {
		build.uids = (struct plan_id_map){ l->uid_mappings, l->uid_mappings_len };
		build.gids = (struct plan_id_map){ l->gid_mappings, l->gid_mappings_len };
	}
	plan.len = 0;
	plan.ops = NULL;
	int r = plan_seccomp(&build, &err);
	return r < 0 ? r : plan_process(&build, &err);
}

#define CONFIG(process, rest) \
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]" process "}" rest "}"

/* The names of the START operations, in order. */
static const char *order(void)
{
	static struct str text;

	str_free(&text);
	for (size_t i = 0; i < plan.len; i++)
		if (plan.ops[i].stage == STAGE_START)
			str_addf(&text, "%s ", plan_op_name(plan.ops[i].type));
	return str_text(&text);
}

static const struct op *find(enum op_type type)
{
	for (size_t i = 0; i < plan.len; i++)
		if (plan.ops[i].type == type)
			return &plan.ops[i];
	fail_msg("no %s in the plan", plan_op_name(type));
	return NULL;
}

static void the_shortest_plan(void **state)
{
	(void)state;
	assert_ok(plan_json(CONFIG(",\"env\":[\"HOME=/\"]", "")), &err);
	assert_string_equal(order(), "close-fds bounding user cwd find-exec capabilities exec ");
	/* I6: empty if the config says nothing */
	const struct op_capabilities *caps = &find(OP_CAPABILITIES)->capabilities;
	assert_int_equal(caps->bounding | caps->permitted | caps->effective | caps->inheritable | caps->ambient, 0);
	assert_int_equal(find(OP_USER)->user.uid, 0);
	assert_true(find(OP_USER)->user.set_groups);
	assert_int_equal(find(OP_CLOSE_FDS)->preserve, 0);
	/* said to `create` */
	assert_int_equal(find(OP_LOOK_EXEC)->stage, STAGE_CREATED);
	assert_string_equal(find(OP_LOOK_EXEC)->exec.cwd, "/");
}

#define EVERYTHING ",\"user\":{\"uid\":7,\"gid\":8,\"umask\":23,\"additionalGids\":[1,2]}," \
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":5,\"hard\":18446744073709551615}]"
#define AROUND ",\"hooks\":{\"startContainer\":[{\"path\":\"/h\"}]}," \
	"\"linux\":{\"personality\":{\"domain\":\"LINUX32\"},\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}"

static void the_filter_is_last_with_no_new_privs(void **state)
{
	(void)state;
	options.preserve_fds = 3;
	assert_ok(plan_json(CONFIG(EVERYTHING ",\"noNewPrivileges\":true", AROUND)), &err);
	assert_string_equal(order(), "home hooks umask rlimit personality close-fds streams bounding user cwd "
			    "find-exec capabilities no-new-privs seccomp exec ");
	assert_int_equal(find(OP_HOOKS)->hooks.kind, HOOK_START_CONTAINER);
	assert_int_equal(find(OP_UMASK)->mode, 23);
	assert_int_equal(find(OP_RLIMIT)->rlimit.resource, RLIMIT_NOFILE);
	assert_int_equal(find(OP_RLIMIT)->rlimit.soft, 5);
	assert_true(find(OP_RLIMIT)->rlimit.hard == UINT64_MAX);
	assert_int_equal(find(OP_PERSONALITY)->personality, PER_LINUX32);
	assert_int_equal(find(OP_CLOSE_FDS)->preserve, 3);
	assert_int_equal(find(OP_USER)->user.uid, 7);
	assert_int_equal(find(OP_USER)->user.gid, 8);
	assert_int_equal(find(OP_USER)->user.groups_len, 2);
	assert_int_equal(find(OP_HOME)->user.uid, 7);
	assert_string_equal(find(OP_EXEC)->exec.args[0], "sh");
	assert_non_null(find(OP_EXEC)->exec.env);
	/* the hook may bring the program */
	for (size_t i = 0; i < plan.len; i++)
		assert_int_not_equal(plan.ops[i].type, OP_LOOK_EXEC);
}

static void the_filter_needs_capabilities_without_it(void **state)
{
	(void)state;
	assert_ok(plan_json(CONFIG(EVERYTHING, AROUND)), &err);
	assert_string_equal(order(), "home hooks umask rlimit personality close-fds streams bounding user cwd "
			    "find-exec seccomp capabilities exec ");
	assert_ptr_equal(find(OP_SECCOMP)->seccomp, find(OP_SECCOMP_BUILD)->seccomp);
}

#define CAPS "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\",\"CAP_NEW_FANGLED\"]," \
	"\"permitted\":[\"CAP_CHOWN\",\"CAP_BPF\"],\"effective\":[\"CAP_CHOWN\",\"CAP_KILL\"]," \
	"\"inheritable\":[\"CAP_CHOWN\",\"CAP_KILL\",\"CAP_BPF\"],\"ambient\":[\"CAP_CHOWN\",\"CAP_KILL\"]}"
#define CHOWN CAPABILITY_BIT(0)
#define KILL CAPABILITY_BIT(5)
#define BPF CAPABILITY_BIT(39)

static void what_cannot_be_granted_is_left_out(void **state)
{
	(void)state;
	assert_ok(plan_json(CONFIG("," CAPS, "")), &err);
	const struct op_capabilities *caps = &find(OP_CAPABILITIES)->capabilities;
	assert_int_equal(caps->bounding, CHOWN | KILL);
	assert_int_equal(caps->permitted, CHOWN | BPF);
	assert_int_equal(caps->effective, CHOWN);              /* KILL is not permitted */
	assert_int_equal(caps->inheritable, CHOWN | KILL);     /* BPF is not in the bounding set */
	assert_int_equal(caps->ambient, CHOWN);                /* KILL is not permitted */
	/* what the runtime itself does not have */
	facts.bounding = CHOWN;
	assert_ok(plan_json(CONFIG("," CAPS, "")), &err);
	assert_int_equal(find(OP_BOUNDING)->capabilities.bounding, CHOWN);
	assert_int_equal(find(OP_CAPABILITIES)->capabilities.permitted, CHOWN);
	/* but a new user namespace has all */
	build.new_ns = CLONE_NEWUSER;
	assert_ok(plan_json(CONFIG("," CAPS, "")), &err);
	assert_int_equal(find(OP_CAPABILITIES)->capabilities.permitted, CHOWN | BPF);
	/* as far as the kernel knows them */
	facts.last_cap = 38;
	assert_ok(plan_json(CONFIG("," CAPS, "")), &err);
	assert_int_equal(find(OP_CAPABILITIES)->capabilities.permitted, CHOWN);
}

#define GROUPS ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[5]}"

static void groups_need_more_than_one_id(void **state)
{
	(void)state;
	build.setgroups_denied = true;
	assert_int_equal(plan_json(CONFIG(GROUPS, "")), -EPERM);
	assert_non_null(strstr(err.text, "/etc/subgid"));
	assert_ok(plan_json(CONFIG("", "")), &err);
	assert_false(find(OP_USER)->user.set_groups);
}

#define MAPS ",\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":2}]," \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":5}]}"

static void ids_must_be_mapped(void **state)
{
	(void)state;
	build.new_ns = CLONE_NEWUSER;
	assert_error(plan_json(CONFIG(",\"user\":{\"uid\":2}", MAPS)), &err, EINVAL,
		     "process.user.uid: 2 is not in linux.uidMappings");
	assert_error(plan_json(CONFIG(",\"user\":{\"uid\":1,\"gid\":5}", MAPS)), &err, EINVAL,
		     "process.user.gid: 5 is not in linux.gidMappings");
	assert_error(plan_json(CONFIG(GROUPS, MAPS)), &err, EINVAL,
		     "process.user.additionalGids[0]: 5 is not in linux.gidMappings");
	assert_ok(plan_json(CONFIG(",\"user\":{\"uid\":1,\"gid\":4}", MAPS)), &err);
	/* without a user namespace of its own it has the caller's ids */
	build.new_ns = 0;
	assert_ok(plan_json(CONFIG(",\"user\":{\"uid\":2}", MAPS)), &err);
}

static const char *environment(char *const *env)
{
	static struct str text;

	str_free(&text);
	for (; *env; env++)
		str_addf(&text, "%s ", *env);
	return str_text(&text);
}

static void the_last_of_a_name_counts(void **state)
{
	(void)state;
	assert_ok(plan_json(CONFIG(",\"env\":[\"A=1\",\"B=x\",\"A=2\",\"AB=3\",\"A=\",\"HOME=/h\",\"B=x=y\"]", "")),
		  &err);
	assert_string_equal(environment(find(OP_EXEC)->exec.env), "AB=3 A= HOME=/h B=x=y ");
	assert_string_equal(order(), "close-fds bounding user cwd find-exec capabilities exec ");
	/* an empty HOME is as good as none, and not passed on beside the one that is found */
	assert_ok(plan_json(CONFIG(",\"env\":[\"HOME=/h\",\"HOME=\"]", "")), &err);
	assert_string_equal(environment(find(OP_EXEC)->exec.env), "");
	assert_string_equal(order(), "close-fds bounding user cwd home find-exec capabilities exec ");
	assert_ok(plan_json(CONFIG("", "")), &err);
	assert_string_equal(environment(find(OP_EXEC)->exec.env), "");
}

static void socket_activation_passes_through(void **state)
{
	(void)state;
	options.listen_fds = 2;
	options.listen_names = "a:b";
	assert_ok(plan_json(CONFIG(",\"env\":[\"LISTEN_FDS=9\",\"HOME=/h\",\"LISTEN_PID=7\"]", "")), &err);
	assert_string_equal(environment(find(OP_EXEC)->exec.env), "HOME=/h LISTEN_FDS=2 LISTEN_FDNAMES=a:b ");
	assert_string_equal(order(), "listen-pid close-fds bounding user cwd find-exec capabilities exec ");
}

#define KEEP(value) ",\"annotations\":{\"run.oci.keep_original_groups\":\"" value "\"}"

static void the_callers_groups_can_be_kept(void **state)
{
	(void)state;
	assert_ok(plan_json(CONFIG("", KEEP("1"))), &err);
	assert_false(find(OP_USER)->user.set_groups);
	assert_ok(plan_json(CONFIG("", KEEP("0"))), &err);
	assert_true(find(OP_USER)->user.set_groups);
	assert_error(plan_json(CONFIG("", KEEP("yes"))), &err, EINVAL,
		     "annotations.\"run.oci.keep_original_groups\": 'yes' is neither '0' nor '1'");
	assert_error(plan_json(CONFIG(GROUPS, KEEP("1"))), &err, EINVAL, "process.user.additionalGids: cannot be "
		     "combined with the annotation run.oci.keep_original_groups");
}

static void what_makes_no_sense(void **state)
{
	(void)state;
	/* without a process it can be created, and not be started; nothing can be executed in it */
	assert_ok(plan_json("{\"ociVersion\":\"1.3.0\"}"), &err);
	assert_string_equal(order(), "exec ");
	assert_null(find(OP_EXEC)->exec.args);
	build.exec = true;
	assert_int_equal(plan_json("{\"ociVersion\":\"1.3.0\"}"), -EINVAL);
	build.exec = false;
	assert_int_equal(plan_json(CONFIG(",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,\"hard\":1}]", "")),
			 -EINVAL);
	assert_int_equal(plan_json(CONFIG(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]", "")),
			 -EINVAL);
	assert_int_equal(plan_json(CONFIG("", ",\"linux\":{\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"x\"]}}")),
			 -EINVAL);
	assert_int_equal(plan_json(CONFIG("", ",\"linux\":{\"personality\":{}}")), -EINVAL);
}

static void what_the_specification_cannot_say(void **state)
{
	(void)state;
	assert_int_equal(plan_json(CONFIG("", ",\"annotations\":{\"run.cloister.arg0\":\"-sh\","
					  "\"run.cloister.personality\":\"ADDR_NO_RANDOMIZE\"}")), 0);
	assert_int_equal(find(OP_PERSONALITY)->personality, PER_LINUX | ADDR_NO_RANDOMIZE);
	assert_string_equal(find(OP_FIND_EXEC)->exec.args[0], "sh");
	assert_string_equal(find(OP_EXEC)->exec.args[0], "-sh");
	assert_null(find(OP_EXEC)->exec.args[1]);
	assert_int_equal(plan_json(CONFIG("", ",\"annotations\":{\"run.cloister.personality\":\"ADDR_NO_RANDOMIZE\"},"
					  "\"linux\":{\"personality\":{\"domain\":\"LINUX32\"}}")), 0);
	assert_int_equal(find(OP_PERSONALITY)->personality, PER_LINUX32 | ADDR_NO_RANDOMIZE);
	assert_error(plan_json(CONFIG("", ",\"annotations\":{\"run.cloister.personality\":\"READ_IMPLIES_EXEC\"}")),
		&err,
		     EINVAL, "annotations.\"run.cloister.personality\": 'READ_IMPLIES_EXEC' is not ADDR_NO_RANDOMIZE");
	/* the name is that of the container's first program only */
	build.exec = true;
	assert_int_equal(plan_json(CONFIG("", ",\"annotations\":{\"run.cloister.arg0\":\"-sh\"}")), 0);
	assert_string_equal(find(OP_EXEC)->exec.args[0], "sh");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(the_shortest_plan),
	TEST(the_filter_is_last_with_no_new_privs),
	TEST(the_filter_needs_capabilities_without_it),
	TEST(what_cannot_be_granted_is_left_out),
	TEST(groups_need_more_than_one_id),
	TEST(ids_must_be_mapped),
	TEST(the_last_of_a_name_counts),
	TEST(socket_activation_passes_through),
	TEST(the_callers_groups_can_be_kept),
	TEST(what_makes_no_sense),
	TEST(what_the_specification_cannot_say),
};

UNIT_MAIN(tests)
