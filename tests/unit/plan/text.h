/*
 * Plans as text: a test says a config and looks at what plan_print shows of its plan. In the config ' stands for ", so
 * that it can be read.
 */
#pragma once

#include "tests/unit/unit.h"

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "libocispec/field/read.h"
#include "plan/plan.h"

static struct arena *arena;
static struct plan_facts facts;
static struct plan_options options;
static struct plan plan;
static struct str text = STR_INIT;
static struct err err;

/* An ordinary user, who has no cgroup2. */
static inline int text_set_up(void **state)
{
	(void)state;
	arena = arena_new();
	facts = (struct plan_facts){ .euid = 1000, .egid = 100, .bundle = "/b", .bounding = UINT64_MAX, .last_cap = 40,
				     .initial_userns = true };
	options = (struct plan_options){ .id = "x" };
	/* warnings are expected, and nobody reads them here */
	return log_open("/dev/null", "text", false, &err);
}

static inline void as_root(void)
{
	facts.euid = facts.egid = 0;
	facts.privileged = true;
}

static inline int text_tear_down(void **state)
{
	(void)state;
	str_free(&text);
	text = STR_INIT;
	arena_free(arena);
	return 0;
}

static inline struct oci_spec *text_spec(const char *config)
{
	char *json = arena_strdup(arena, config);
	void *spec;

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	assert_ok(oci_read(arena, &oci_spec_type, "config.json", json, strlen(json), &spec, &err), &err);
	return spec;
}

static inline int build_plan(const char *config)
{
	return plan_build(arena, text_spec(config), &facts, &options, &plan, &err);
}

/* The operations of one stage ("init"), a line each. */
static inline const char *stage(const char *name, const char *config)
{
	char head[64];
	const char *begin, *end;

	str_free(&text);
	text = STR_INIT;
	assert_ok(build_plan(config), &err);
	str_addc(&text, '\n');
	plan_print(&plan, &text);
	snprintf(head, sizeof head, "\n%s:\n", name);
	begin = strstr(str_text(&text), head);
	if (!begin)
		return "";
	begin += strlen(head);
	for (end = begin; end[0] == ' '; end = strchr(end, '\n') + 1)
		;
	return arena_strndup(arena, begin, (size_t)(end - begin));
}

/* The same, only the lines of certain operations: "bind,mount". */
static inline const char *only(const char *operations, const char *name, const char *config)
{
	_cleanup_str_ struct str lines = STR_INIT;
	_cleanup_str_ struct str wanted = STR_INIT;

	str_addf(&wanted, ",%s,", operations);
	for (const char *line = stage(name, config), *end; *line; line = end + 1) {
		char op[64];

		end = strchr(line, '\n');
		snprintf(op, sizeof op, ",%.*s,", (int)strcspn(line + 2, " \n"), line + 2);
		if (strstr(str_text(&wanted), op))
			str_addf(&lines, "%.*s\n", (int)(end - line - 2), line + 2);
	}
	return arena_strdup(arena, str_text(&lines));
}

#define CONFIG_OF(linux_, mounts, more)                                                                          \
	"{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'env':['HOME=/']},'root':{'path':'rootfs'}"   \
	",'linux':{" linux_ "},'mounts':[" mounts "]" more "}"
#define USERNS "{'type':'user'}"
#define SELF_MAPS \
	"'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]," \
	"'gidMappings':[{'containerID':0,'hostID':100,'size':1}]"
#define RANGES \
	"'uidMappings':[{'containerID':0,'hostID':100000,'size':65536}]," \
	"'gidMappings':[{'containerID':0,'hostID':100000,'size':65536}]"
/* A container of an ordinary user, and one of root that has no user namespace. */
#define ROOTLESS(mounts, more) CONFIG_OF("'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS, mounts, more)
#define ROOTFUL(mounts, more) CONFIG_OF("'namespaces':[{'type':'mount'}]", mounts, more)

#define TEXT_TEST(f) cmocka_unit_test_setup_teardown(f, text_set_up, text_tear_down)
