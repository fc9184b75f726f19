/* Why: nothing of the caller's environment gets in unless it is asked for by name. */
#include "bundle/process.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bundle/closure_file.h"
#include "bundle/place.h"

enum { HOSTNAME_MAX = 64 };

/* Adds NAME=VALUE, or replaces the value of a name that is there. */
static int set_env(struct arena *a, struct recipe *r, char *assignment, struct err *e)
{
	size_t name;
	char **slot;

	if (!assignment)
		return err_oom(e);
	name = strcspn(assignment, "=");
	for (size_t i = 0; i < r->env_len; i++)
		if (strncmp(r->env[i], assignment, name + 1) == 0) {
			r->env[i] = assignment;
			return 0;
		}
	slot = arena_push(a, &r->env, &r->env_len, sizeof *slot);
	if (!slot)
		return err_oom(e);
	*slot = assignment;
	return 0;
}

static int set_asked_env(struct arena *a, struct recipe *r, const char *text, struct err *e)
{
	const char *value;

	if (!*text || *text == '=')
		return err_set(e, EINVAL, "--env '%s': it is NAME=VALUE or NAME", text);
	if (strchr(text, '='))
		return set_env(a, r, arena_strdup(a, text), e);
	value = getenv(text);
	if (!value)
		return err_set(e, ENOENT, "--env %s: there is no such variable here to pass on", text);
	return set_env(a, r, arena_printf(a, "%s=%s", text, value), e);
}

static char *make_path(struct arena *a, const struct recipe *r)
{
	_cleanup_str_ struct str path = STR_INIT;
	struct err ignored;
	struct stat st;

	for (size_t i = 0; i < r->roots.len; i++) {
		const char *bin = arena_printf(a, "%s/bin", r->roots.items[i]);

		if (bin && closure_file_stat(a, r->store, &r->closure, bin, &st, NULL, &ignored) == 0 &&
		    S_ISDIR(st.st_mode))
			str_addf(&path, "%s%s", path.len ? ":" : "", bin);
	}
	if (path.failed)
		return NULL;
	return arena_printf(a, "PATH=%s", path.len ? path.text : "/bin");
}

static int set_all_env(struct arena *a, const struct path_request *q, struct recipe *r, struct err *e)
{
	char *defaults[] = { make_path(a, r), arena_strdup(a, "HOME=/"), arena_strdup(a, "TMPDIR=/tmp"),
			     arena_strdup(a, "TERM=xterm") };
	size_t n = sizeof defaults / sizeof *defaults - (r->terminal ? 0 : 1);
	int result = arena_failed(a) || !defaults[0] ? err_oom(e) : 0;

	for (size_t i = 0; result == 0 && i < n; i++)
		result = set_env(a, r, defaults[i], e);
	for (size_t i = 0; result == 0 && i < q->env_len; i++)
		result = set_asked_env(a, r, q->env[i], e);
	return result;
}

/* UINT32_MAX is no id: setuid(2) and friends read it as "leave it". */
static int parse_user(struct arena *a, const char *text, struct recipe *r, struct err *e)
{
	char *uid = arena_strdup(a, text), *gid;
	unsigned long long n[2];

	if (!uid)
		return err_oom(e);
	gid = strchr(uid, ':');
	if (gid)
		*gid++ = '\0';
	if (parse_u64(uid, UINT32_MAX - 1, &n[0]) < 0 || parse_u64(gid ? gid : uid, UINT32_MAX - 1, &n[1]) < 0)
		return err_set(e, EINVAL, "--user %s: it is UID or UID:GID, numbers below 4294967295", text);
	r->uid = (uint32_t)n[0];
	r->gid = (uint32_t)n[1];
	return 0;
}

static int check_hostname(const char *name, struct err *e)
{
	if (!*name || strlen(name) > HOSTNAME_MAX)
		return err_set(e, EINVAL, "--hostname '%s': it has 1 to %d characters", name, HOSTNAME_MAX);
	for (const char *p = name; *p; p++)
		if (*p != '-' && *p != '.' && *p != '_' && !(*p >= '0' && *p <= '9') && !(*p >= 'a' && *p <= 'z') &&
		    !(*p >= 'A' && *p <= 'Z'))
			return err_set(e, EINVAL, "--hostname '%s': only letters, digits, '-', '_' and '.' are allowed",
				       name);
	return 0;
}

/* In the store it must be there; /tmp is empty at every start; anywhere else the skeleton has it made. */
static int set_cwd(struct arena *a, struct recipe *r, const char *cwd, struct err *e)
{
	struct stat st;
	int result = 0;

	r->cwd = cwd;
	if (str_has_prefix(cwd, "/tmp/") && !place_covers(r, cwd))
		return err_set(e, EINVAL, "--cwd: %s cannot be there, because /tmp is empty at every start", cwd);
	if (!path_is_below(cwd, r->store->dir) || strcmp(cwd, r->store->dir) == 0)
		return 0;
	result = closure_file_stat(a, r->store, &r->closure, cwd, &st, NULL, e);
	if (result == 0 && !S_ISDIR(st.st_mode))
		result = err_sys(e, ENOTDIR, "%s", cwd);
	return result < 0 ? err_prefix(e, "--cwd") : 0;
}

int process_set(struct arena *a, const struct path_request *q, struct recipe *r, struct err *e)
{
	char *cwd = NULL;
	int result;

	r->hostname = q->hostname ? q->hostname : "cloister";
	result = check_hostname(r->hostname, e);
	if (result == 0)
		result = parse_user(a, q->user ? q->user : "0", r, e);
	if (result == 0)
		result = place_normalize(a, "--cwd", q->cwd ? q->cwd : "/", &cwd, e);
	if (result == 0)
		result = set_cwd(a, r, cwd, e);
	return result < 0 ? result : set_all_env(a, q, r, e);
}
