/*
 * Why: a closure comes from the host, not from the config, so it needs rules of its own: nothing of the config may
 * cover it, and where it cannot be protected against the container's root, there is none.
 *
 * It lies in a tmpfs at the store's directory, which has the mount points: so an image is not littered with them, and
 * an image that is read-only will do. What the image has there itself stays visible (apply/store.c).
 */
#include "plan/closure.h"

#include <linux/mount.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "plan/annotation.h"
#include "plan/build.h"

#define CLOSURE "run.cloister.closure"
#define PATH "run.cloister.path"
#define WHERE_CLOSURE "annotations.\"" CLOSURE "\""
#define WHERE_PATH "annotations.\"" PATH "\""

/* The stores that there can be in a container: where else could programs of a closure look for it? */
static const char *const stores[] = { "/nix/store", "/gnu/store" };

/* The length of STORE/NAME at the beginning of path; 0 if there is none. */
static size_t store_path_len(const char *path)
{
	static const char name_chars[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-._?=";

	for (size_t i = 0; i < sizeof stores / sizeof *stores; i++) {
		size_t n = strlen(stores[i]);

		if (strncmp(path, stores[i], n) != 0 || path[n] != '/' || path[n + 1] == '.')
			continue;
		size_t name = strspn(path + n + 1, name_chars);
		return name ? n + 1 + name : 0;
	}
	return 0;
}

static size_t dir_len(const char *path)
{
	return (size_t)(strrchr(path, '/') - path);
}

static int check_word(const char *word, struct err *e)
{
	if (*word != '/')
		return err_set(e, EINVAL, WHERE_CLOSURE ": '%s' is not an absolute path", word);
	for (const char *c = word; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, EINVAL, WHERE_CLOSURE ": '%s' holds a control character", word);
	return 0;
}

enum path_place { PATH_NONE, PATH_PREPEND, PATH_APPEND, PATH_REPLACE };

static int read_place(const struct oci_spec *s, enum path_place *ret, struct err *e)
{
	static const char *const names[] = {
		[PATH_NONE] = "none", [PATH_PREPEND] = "prepend", [PATH_APPEND] = "append", [PATH_REPLACE] = "replace",
	};
	const char *text = plan_annotation(s, PATH);

	*ret = PATH_NONE;
	if (!text)
		return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum path_place)i;
			return 0;
		}
	return err_set(e, EINVAL, WHERE_PATH ": '%s' is not prepend, append, replace or none", text);
}

static int split(struct arena *a, const char *text, char ***ret, struct err *e)
{
	size_t len = 0;
	char **slot;

	*ret = NULL;
	for (text += strspn(text, " ,"); *text; text += strspn(text, " ,")) {
		size_t n = strcspn(text, " ,");

		slot = arena_push(a, ret, &len, sizeof *slot);
		if (!slot || !(*slot = arena_strndup(a, text, n)))
			return err_oom(e);
		int r = check_word(*slot, e);
		if (r < 0)
			return r;
		text += n;
	}
	if (len == 0)
		return err_set(e, EINVAL, WHERE_CLOSURE " is empty: it names store paths, a closureInfo directory or a "
			       "file with a list of paths");
	return arena_push(a, ret, &len, sizeof *slot) ? 0 : err_oom(e);
}

int plan_closure_words(struct arena *a, const struct oci_spec *spec, char ***ret, struct err *e)
{
	const char *text = plan_annotation(spec, CLOSURE);
	enum path_place place;
	int r = read_place(spec, &place, e);

	*ret = NULL;
	if (r < 0)
		return r;
	if (!text && place != PATH_NONE)
		return err_set(e, EINVAL, WHERE_PATH " is about the store paths of " CLOSURE ", which is missing");
	if (!text)
		return 0;
	if (strlen(text) > CLOSURE_TEXT_MAX)
		return err_set(e, E2BIG, WHERE_CLOSURE " is longer than %d bytes: name a file with the list of paths",
			       CLOSURE_TEXT_MAX);
	return split(a, text, ret, e);
}

int plan_closure_parse(struct arena *a, char *text, struct plan_closure *ret, struct err *e)
{
	const char *last = "";

	ret->len = 0;
	for (char *line = text, *end; *line; line = end + 1) {
		struct closure_path *p;

		end = strchr(line, '\n');
		if (!end)
			return err_set(e, EBADMSG, "the list of paths is cut off");
		*end = '\0';
		if (!*line || store_path_len(line) != (size_t)(end - line))
			return err_set(e, EBADMSG, "'%s' is not a path of a known store", line);
		if (strcmp(last, line) >= 0)
			return err_set(e, EBADMSG, "the list of paths is not sorted");
		last = line;
		p = arena_push(a, &ret->paths, &ret->len, sizeof *p);
		if (!p)
			return err_oom(e);
		p->path = line;
	}
	return ret->len ? 0 : err_set(e, EBADMSG, "the list of paths is empty");
}

static bool has_admin(char **names, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(names[i], "CAP_SYS_ADMIN") == 0)
			return true;
	return false;
}

static bool may_unmount(const struct oci_spec *s)
{
	const struct oci_capabilities *c = s->process ? s->process->capabilities : NULL;

	return c && (has_admin(c->bounding, c->bounding_len) || has_admin(c->permitted, c->permitted_len) ||
		     has_admin(c->effective, c->effective_len) || has_admin(c->inheritable, c->inheritable_len) ||
		     has_admin(c->ambient, c->ambient_len));
}

int plan_closure_lock(struct build *b, struct err *e)
{
	const char *lock = plan_annotation(b->spec, "run.cloister.lock");
	bool wanted = b->facts->closure && !(lock && strcmp(lock, "false") == 0);

	if (b->facts->closure && (b->joined_ns & CLONE_NEWNS))
		return err_set(e, EINVAL, WHERE_CLOSURE ": nothing can be mounted in a mount namespace that is "
			"joined by "
			       "path, whose owner has made its mounts: leave it out");
	if (wanted && (b->new_ns & CLONE_NEWUSER)) {
		b->lock = true;
		return 0;
	}
	if (wanted && may_unmount(b->spec))
		return err_set(e, EPERM, WHERE_CLOSURE ": store paths cannot be locked against a container with "
			       "CAP_SYS_ADMIN and no user namespace of its own: leave the capability out, add a user "
			       "namespace, or set run.cloister.lock to \"false\"");
	return 0;
}

static int compare(const void *key, const void *item)
{
	const struct closure_path *p = item;

	return strcmp(key, p->path);
}

static bool covers(const char *dest, const char *path)
{
	size_t n = strlen(dest);

	return n <= dir_len(path) && strncmp(dest, path, n) == 0 && path[n] == '/';
}

/* A mount at the store's directory or above would hide it, one on a path or in it would change it. */
int plan_closure_meets(const struct build *b, size_t index, const char *dest, struct err *e)
{
	const struct plan_closure *c = b->facts->closure;
	const char *path;

	if (!c)
		return 0;
	/* They are sorted, so these two are of the one store and of the other. */
	if (covers(dest, c->paths[0].path) || covers(dest, c->paths[c->len - 1].path))
		return err_set(e, EINVAL, "mounts[%zu]: %s would cover the store paths of " WHERE_CLOSURE
			       ": leave one of them out", index, dest);
	if (!store_path_len(dest))
		return 0;
	path = plan_text(b->plan, "%.*s", (int)store_path_len(dest), dest);
	if (bsearch(path, c->paths, c->len, sizeof *c->paths, compare))
		return err_set(e, EINVAL, "mounts[%zu]: %s is a store path of " WHERE_CLOSURE ": leave one of them out",
			       index, dest);
	return 0;
}

static void add_bind(struct build *b, const struct plan_closure *c, const struct closure_path *path,
		     enum plan_stage stage)
{
	const char *source = *c->root ? plan_text(b->plan, "%s%s", c->root, path->path) : path->path;
	size_t slot = PLAN_NO_SLOT;

	if (b->sources_by_slot) {
		slot = b->plan->slots++;
		plan_add(b->plan, STAGE_RUNTIME, OP_OPEN_TREE, WHERE_CLOSURE)->open_tree =
			(struct op_open_tree){ .path = source, .slot = slot, .nofollow = true,
					       .propagation = MS_PRIVATE };
	}
	plan_add(b->plan, stage, OP_BIND, WHERE_CLOSURE)->bind = (struct op_bind){
		.source = source, .dest = path->path, .slot = slot, .source_nofollow = true, .dest_nofollow = true,
		.in_group = true,
	};
}

void plan_closure(struct build *b)
{
	const struct plan_closure *c = b->facts->closure;
	enum plan_stage stage = b->lock ? STAGE_OUTER : STAGE_INIT;
	size_t len;

	for (size_t first = 0; c && first < c->len; first += len) {
		const struct closure_path *paths = c->paths + first;
		size_t dir = dir_len(paths->path);
		const char *name = plan_text(b->plan, "%.*s", (int)dir, paths->path);

		for (len = 1; first + len < c->len && strncmp(name, paths[len].path, dir) == 0;)
			len++;
		plan_add(b->plan, stage, OP_STORE, WHERE_CLOSURE)->store =
			(struct op_store){ name, paths, len, plan_mount_label(b) };
		for (size_t i = 0; i < len; i++)
			if (paths[i].kind != CLOSURE_LINK)
				add_bind(b, c, &paths[i], stage);
		plan_add(b->plan, stage, OP_GROUP_END, WHERE_CLOSURE)->group = (struct op_group){
			name, { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV },
		};
	}
}

/* "PATH=" of the environment, or what execvp(3) would take without one. */
static const char *old_path(char *const *env)
{
	for (; *env; env++)
		if (str_has_prefix(*env, "PATH="))
			return *env + strlen("PATH=");
	return NULL;
}

/* The `bin` of each store path that the annotation names by itself, in its order. NULL if there is none. */
static const char *programs(struct build *b, char *const *words)
{
	const char *all = NULL;

	for (; *words; words++)
		if (store_path_len(*words) == strlen(*words))
			all = all ? plan_text(b->plan, "%s:%s/bin", all, *words) : plan_text(b->plan, "%s/bin", *words);
	return all;
}

static const char *new_path(struct build *b, enum path_place place, const char *bins, const char *old)
{
	if (place == PATH_REPLACE || !old || !*old)
		return plan_text(b->plan, "PATH=%s", bins);
	return place == PATH_PREPEND ? plan_text(b->plan, "PATH=%s:%s", bins, old)
				     : plan_text(b->plan, "PATH=%s:%s", old, bins);
}

int plan_closure_env(struct build *b, struct op_exec *exec, struct err *e)
{
	enum path_place place;
	const char *bins;
	char **words, **out;
	size_t n = 0, len = 0;
	int r = read_place(b->spec, &place, e);

	if (r < 0 || place == PATH_NONE)
		return r;
	r = plan_closure_words(b->plan->arena, b->spec, &words, e);
	if (r < 0)
		return r;
	bins = programs(b, words);
	if (!bins)
		return err_set(e, EINVAL, WHERE_PATH ": " CLOSURE " names a list only, and no store path whose bin "
			"could be "
			       "added to PATH");
	while (exec->env[len])
		len++;
	out = arena_array(b->plan->arena, len + 2, sizeof *out);
	if (!out)
		return err_oom(e);
	exec->path = new_path(b, place, bins, old_path(exec->env));
	out[n++] = (char *)exec->path;
	for (size_t i = 0; i < len; i++)
		if (!str_has_prefix(exec->env[i], "PATH="))
			out[n++] = exec->env[i];
	exec->env = out;
	return 0;
}
