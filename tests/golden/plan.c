/*
 * Prints the plan of a golden case: `plan tests/golden/CASE` reads CASE/config.json and CASE/facts, and so shows what
 * `cloister plan` would say on a host of which nothing but these facts is known. It is linked without sys/.
 *
 * facts: a line for each that is not 0, "no" or absent: `euid 1000`, `privileged yes`, `own_cgroup /a/b`, and the
 * options of the command line. A config that is refused gives its error as the output; that is a result like any other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "plan/closure.h"
#include "plan/plan.h"
#include "spec/load.h"

static char *word_of(char *facts, const char *key, struct arena *a)
{
	size_t len = strlen(key);

	for (char *line = facts; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return arena_strndup(a, line + len + 1, strcspn(line + len + 1, "\n"));
	return NULL;
}

static unsigned long long number_of(char *facts, const char *key, struct arena *a)
{
	char *word = word_of(facts, key, a);

	return word ? strtoull(word, NULL, 0) : 0;
}

static bool yes(char *facts, const char *key, struct arena *a)
{
	char *word = word_of(facts, key, a);

	return word && strcmp(word, "yes") == 0;
}

/* `closure PATH PATH=TARGET ...`: store paths that are directories, or links with their targets. */
static const struct plan_closure *closure_of(char *facts, struct arena *a)
{
	struct plan_closure *closure = arena_alloc(a, sizeof *closure);
	char *words = word_of(facts, "closure", a), *root = word_of(facts, "closure_root", a), *save = NULL;

	if (!words)
		return NULL;
	closure->root = root ? root : "";
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct closure_path *p = arena_push(a, &closure->paths, &closure->len, sizeof *p);
		char *target = strchr(word, '=');

		p->path = word;
		if (!target)
			continue;
		*target = '\0';
		p->target = target + 1;
		p->kind = CLOSURE_LINK;
	}
	return closure;
}

static int plan_case(struct arena *a, const char *dir, struct str *out, struct err *e)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct plan_options options = { 0 };
	struct plan_facts facts = { 0 };
	struct oci_spec *spec;
	struct plan plan;
	char *text;
	int r = io_read_file(a, fd, "facts", 1 << 16, &text, NULL, e);

	if (r < 0)
		return r;
	facts.euid = (uid_t)number_of(text, "euid", a);
	facts.egid = (gid_t)number_of(text, "egid", a);
	facts.privileged = yes(text, "privileged", a);
	facts.initial_userns = yes(text, "initial_userns", a);
	facts.setgroups_denied = yes(text, "setgroups_denied", a);
	facts.bundle = word_of(text, "bundle", a);
	facts.own_cgroup = word_of(text, "own_cgroup", a);
	facts.controllers = word_of(text, "controllers", a);
	facts.v1_controllers = word_of(text, "v1_controllers", a);
	facts.bounding = number_of(text, "bounding", a);
	facts.apparmor = yes(text, "apparmor", a);
	facts.selinux = yes(text, "selinux", a);
	facts.last_cap = (unsigned)number_of(text, "last_cap", a);
	facts.closure = closure_of(text, a);
	options.id = word_of(text, "id", a);
	options.preserve_fds = (unsigned)number_of(text, "preserve_fds", a);
	options.new_keyring = yes(text, "new_keyring", a);
	if (yes(text, "no_cgroup", a))
		options.cgroup_manager = CGROUP_MANAGER_DISABLED;
	if (yes(text, "systemd", a))
		options.cgroup_manager = CGROUP_MANAGER_SYSTEMD;
	r = spec_load(a, fd, "config.json", &spec, e);
	if (r == 0)
		r = plan_build(a, spec, &facts, &options, &plan, e);
	if (r == 0)
		plan_print(&plan, out);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_str_ struct str out = STR_INIT;
	_cleanup_arena_ struct arena *a = arena_new();
	struct err e = { 0 };

	if (argc != 2 || !a) {
		fprintf(stderr, "usage: plan tests/golden/CASE\n");
		return 2;
	}
	if (plan_case(a, argv[1], &out, &e) < 0)
		str_addf(&out, "error: %s\n", e.text);
	if (out.failed || fputs(str_text(&out), stdout) < 0 || fflush(stdout) != 0)
		return 1;
	return 0;
}
