/*
 * Why: a name that is given twice is a puzzle for the program: getenv(3) finds the first, a shell keeps the last.
 * Whoever adds to an environment means the last one, so only that is passed on; and an empty HOME is as good as none.
 */
#include <stdlib.h>
#include <string.h>

#include "plan/build.h"

struct entry {
	char *text;
	size_t name_len, index;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t shorter = x->name_len < y->name_len ? x->name_len : y->name_len;
	int r = memcmp(x->text, y->text, shorter);

	if (r == 0 && x->name_len != y->name_len)
		r = x->name_len < y->name_len ? -1 : 1;
	if (r == 0)
		r = x->index < y->index ? -1 : 1;
	return r;
}

static bool same_name(const struct entry *x, const struct entry *y)
{
	return x->name_len == y->name_len && memcmp(x->text, y->text, x->name_len) == 0;
}

static void keep_last(struct entry *entries, size_t len, char **out)
{
	for (size_t i = 0; i < len; i++) {
		const struct entry *x = &entries[i];

		if (i + 1 < len && same_name(x, &entries[i + 1]))
			continue;
		if (strcmp(x->text, "HOME=") != 0)
			out[x->index] = x->text;
	}
}

/* What socket activation tells a program (sd_listen_fds(3)). LISTEN_PID is added by its process, which knows it. */
static char *const *with_listen_fds(struct build *b, char *const *env, size_t *len)
{
	const struct plan_options *o = b->options;
	char **out;
	size_t n = 0;

	if (!o->listen_fds)
		return env;
	out = arena_array(b->plan->arena, *len + 2, sizeof *out);
	if (!out) {
		b->plan->failed = true;
		return env;
	}
	for (size_t i = 0; i < *len; i++)
		if (!str_has_prefix(env[i], "LISTEN_PID="))
			out[n++] = env[i];
	out[n++] = (char *)plan_text(b->plan, "LISTEN_FDS=%u", o->listen_fds);
	if (o->listen_names)
		out[n++] = (char *)plan_text(b->plan, "LISTEN_FDNAMES=%s", o->listen_names);
	*len = n;
	return out;
}

char **plan_env(struct build *b, char *const *env, size_t len)
{
	struct entry *entries;
	size_t kept = 0;
	char **out;

	env = with_listen_fds(b, env, &len);
	entries = arena_array(b->plan->arena, len, sizeof *entries);
	out = arena_array(b->plan->arena, len + 1, sizeof *out);

	if (!entries || !out) {
		static char *none[] = { NULL };

		b->plan->failed = true;
		return none;
	}
	for (size_t i = 0; i < len; i++)
		entries[i] = (struct entry){ env[i], strcspn(env[i], "="), i };
	qsort(entries, len, sizeof *entries, compare);
	keep_last(entries, len, out);
	for (size_t i = 0; i < len; i++)
		if (out[i])
			out[kept++] = out[i];
	out[kept] = NULL;
	return out;
}
