/*
 * Why: what a service is stands in more than its unit file: an administrator's drop-in may confine it, or give it away.
 * So the files are found and ordered as systemd does it.
 */
#include "unit/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"

#define TYPE ".service"

enum { NAME_LEN_MAX = 255, DROP_INS_MAX = 1000, ALIAS_DEPTH_MAX = 8 };

const char *const unit_system_dirs[] = {
	"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient",
	"/run/systemd/generator.early", "/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system",
	"/run/systemd/system.attached", "/run/systemd/generator", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/run/systemd/generator.late", NULL,
};

struct loader {
	struct arena *arena;
	const char *const *dirs;
	struct unit *unit;
	char **alias;              /* the names that the unit goes by, the wanted one first */
	size_t alias_len;
	char **drop_in_dirs;       /* from the one that wins to the one that loses */
	size_t drop_in_dirs_len;
};

bool unit_split_name(struct arena *a, const char *name, const char **ret_prefix, const char **ret_instance)
{
	static const char valid[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";
	size_t len = strlen(name);
	const char *at = strchr(name, '@');

	if (len > NAME_LEN_MAX || len <= strlen(TYPE) || strcmp(name + len - strlen(TYPE), TYPE) != 0)
		return false;
	len -= strlen(TYPE);
	if (strspn(name, valid) < len || at == name)
		return false;
	*ret_prefix = arena_strndup(a, name, at && (size_t)(at - name) < len ? (size_t)(at - name) : len);
	*ret_instance = at ? arena_strndup(a, at + 1, len - (size_t)(at + 1 - name)) : NULL;
	return true;
}

static int add_text(struct arena *a, char ***list, size_t *len, char *text)
{
	char **slot = text ? arena_push(a, list, len, sizeof **list) : NULL;

	if (!slot)
		return -ENOMEM;
	*slot = text;
	return 0;
}

/* systemd(1): an empty file, or a link to /dev/null, hides what is of lower priority. */
static bool is_masked(const struct stat *st)
{
	return (S_ISREG(st->st_mode) && st->st_size == 0) || S_ISCHR(st->st_mode);
}

static int read_lines(struct loader *l, const char *path, struct err *e)
{
	size_t len;
	char *text;
	int r = io_read_file(l->arena, AT_FDCWD, path, UNIT_FILE_MAX, &text, &len, e);

	return r < 0 ? r : unit_file_parse(l->arena, path, text, len, &l->unit->lines, e);
}

/* ---- the unit file ---- */

/* The other name of a unit: a link to another service's file. NULL: this is its own. */
static const char *link_target(struct loader *l, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof target - 1);
	const char *slash, *ignored;

	if (n < 0)
		return NULL;
	target[n] = '\0';
	slash = strrchr(target, '/');
	slash = slash ? slash + 1 : target;
	/* A link into a store keeps its name; one to a file with no service's name says nothing about the name. */
	if (!unit_split_name(l->arena, slash, &ignored, &ignored) || strcmp(slash, strrchr(path, '/') + 1) == 0)
		return NULL;
	return arena_strdup(l->arena, slash);
}

static const char *template_of(struct loader *l, const char *name)
{
	const char *at = strchr(name, '@');

	return at && strcmp(at + 1, TYPE) != 0 ?
		arena_printf(l->arena, "%.*s" TYPE, (int)(at + 1 - name), name) : NULL;
}

/* The first directory that has the file; NULL: none. A masked one is found as well. */
static char *find_in_dirs(struct loader *l, const char *name)
{
	for (const char *const *dir = l->dirs; *dir; dir++) {
		char *path = arena_printf(l->arena, "%s/%s", *dir, name);
		struct stat st;

		if (path && (stat(path, &st) == 0 || (errno == ELOOP || lstat(path, &st) == 0)))
			return path;
	}
	return NULL;
}

/* An instance may have a file of its own, else there is the template's. */
static char *find_file(struct loader *l, const char *name)
{
	char *path = find_in_dirs(l, name);
	const char *template = template_of(l, name);

	return path || !template ? path : find_in_dirs(l, template);
}

/* Of "alias@x.service", a link to "web@.service", the name is "web@x.service". */
static const char *real_name(struct loader *l, const char *target, const char *name)
{
	const char *at = strchr(target, '@'), *instance = strchr(name, '@');

	if (!at || strcmp(at + 1, TYPE) != 0 || !instance)
		return target;
	return arena_printf(l->arena, "%.*s%s", (int)(at - target), target, instance);
}

static int find_fragment(struct loader *l, const char *wanted, struct err *e)
{
	const char *name = wanted;
	struct stat st;
	char *path;

	for (int depth = 0;; depth++) {
		const char *target;

		if (add_text(l->arena, &l->alias, &l->alias_len, (char *)name) < 0)
			return err_oom(e);
		path = find_file(l, name);
		if (!path)
			return err_set(e, ENOENT, "there is no unit %s in systemd's directories: give the path of its "
				       "file", name);
		target = link_target(l, path);
		if (!target)
			break;
		if (depth == ALIAS_DEPTH_MAX)
			return err_set(e, ELOOP, "the unit %s is a link to a link, more than %d times", wanted,
				       ALIAS_DEPTH_MAX);
		name = real_name(l, target, name);
		if (!name)
			return err_oom(e);
	}
	if (stat(path, &st) < 0)
		return err_sys(e, errno, "the unit file %s", path);
	if (is_masked(&st))
		return err_set(e, EINVAL, "the unit %s is masked by %s: it shall not run", name, path);
	l->unit->name = name;
	l->unit->path = path;
	return 0;
}

/* ---- drop-ins ---- */

/* "a-b-c.service.d", "a-b-.service.d", "a-.service.d": also what a whole family of services has in common. */
static int add_dirs_of_name(struct loader *l, const char *dir, const char *name)
{
	size_t stem = strcspn(name, "@");
	int r = add_text(l->arena, &l->drop_in_dirs, &l->drop_in_dirs_len,
			 arena_printf(l->arena, "%s/%s.d", dir, name));

	if (!name[stem])
		stem -= strlen(TYPE);
	for (size_t n = stem - 1; r == 0 && n > 1; n--)
		if (name[n - 1] == '-')
			r = add_text(l->arena, &l->drop_in_dirs, &l->drop_in_dirs_len,
				     arena_printf(l->arena, "%s/%.*s%s.d", dir, (int)n, name, name + stem));
	return r;
}

static int find_drop_in_dirs(struct loader *l)
{
	int r = 0;

	for (size_t i = 0; i < l->alias_len; i++) {
		for (const char *const *dir = l->dirs; *dir && r == 0; dir++) {
			const char *template = template_of(l, l->alias[i]);

			r = add_dirs_of_name(l, *dir, l->alias[i]);
			if (r == 0 && template)
				r = add_dirs_of_name(l, *dir, template);
		}
	}
	for (const char *const *dir = l->dirs; *dir && r == 0; dir++)
		r = add_text(l->arena, &l->drop_in_dirs, &l->drop_in_dirs_len,
			     arena_printf(l->arena, "%s/service.d", *dir));
	return r;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool have_already(const struct unit *u, const char *name)
{
	for (size_t i = 0; i < u->drop_ins_len; i++)
		if (strcmp(base_name(u->drop_ins[i]), name) == 0)
			return true;
	return false;
}

/* A file of the same name in a directory that wins hides the others, wherever it lies. */
static int list_dir(struct loader *l, const char *dir, struct err *e)
{
	_cleanup_closedir_ DIR *d = opendir(dir);
	struct unit *u = l->unit;
	struct dirent *entry;

	if (!d && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!d)
		return err_sys(e, errno, "list the drop-ins in %s", dir);
	while ((errno = 0, entry = readdir(d))) {
		size_t len = strlen(entry->d_name);

		if (entry->d_name[0] == '.' || len < 6 || strcmp(entry->d_name + len - 5, ".conf") != 0 ||
		    have_already(u, entry->d_name))
			continue;
		if (u->drop_ins_len == DROP_INS_MAX)
			return err_set(e, E2BIG, "%s: the unit has more than %d drop-ins", dir, DROP_INS_MAX);
		if (add_text(l->arena, &u->drop_ins, &u->drop_ins_len,
			     arena_printf(l->arena, "%s/%s", dir, entry->d_name)) < 0)
			return err_oom(e);
	}
	return errno ? err_sys(e, errno, "list the drop-ins in %s", dir) : 0;
}

static int compare_drop_ins(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static int apply_drop_ins(struct loader *l, struct err *e)
{
	struct unit *u = l->unit;
	size_t kept = 0;

	if (u->drop_ins_len > 0)
		qsort(u->drop_ins, u->drop_ins_len, sizeof *u->drop_ins, compare_drop_ins);
	for (size_t i = 0; i < u->drop_ins_len; i++) {
		struct stat st;
		int r;

		if (stat(u->drop_ins[i], &st) < 0)
			return err_sys(e, errno, "the drop-in %s", u->drop_ins[i]);
		if (is_masked(&st))
			continue;
		r = read_lines(l, u->drop_ins[i], e);
		if (r < 0)
			return r;
		u->drop_ins[kept++] = u->drop_ins[i];
	}
	u->drop_ins_len = kept;
	return 0;
}

static int find_drop_ins(struct loader *l, struct err *e)
{
	int r = find_drop_in_dirs(l) < 0 ? err_oom(e) : 0;

	for (size_t i = 0; i < l->drop_in_dirs_len && r == 0; i++)
		r = list_dir(l, l->drop_in_dirs[i], e);
	return r;
}

/* ---- all together ---- */

static int begin_with_file(struct loader *l, const char *path, const char **only_dir, struct err *e)
{
	const char *dir;

	/* The name is the one that was given: a store's file behind a link may have any. */
	l->unit->name = arena_strdup(l->arena, base_name(path));
	l->unit->path = arena_strdup(l->arena, path);
	dir = arena_strndup(l->arena, path, (size_t)(base_name(path) - 1 - path));
	only_dir[0] = dir;
	l->dirs = only_dir;
	if (!l->unit->name || !l->unit->path || !dir ||
	    add_text(l->arena, &l->alias, &l->alias_len, (char *)l->unit->name) < 0)
		return err_oom(e);
	return 0;
}

int unit_load(struct arena *a, const char *wanted, const char *const *dirs, struct unit *ret, struct err *e)
{
	const char *only_dir[2] = { NULL }, *name = strrchr(wanted, '/');
	struct loader l = { .arena = a, .dirs = dirs, .unit = ret };
	int r;

	*ret = (struct unit){ 0 };
	if (!unit_split_name(a, name ? name + 1 : wanted, &ret->prefix, &ret->instance))
		return err_set(e, EINVAL, "%s is not the name of a service, which ends in " TYPE, wanted);
	if (ret->instance && !*ret->instance)
		return err_set(e, EINVAL, "%s is a template: name an instance of it, such as %s@one" TYPE, wanted,
			       ret->prefix);
	r = name ? begin_with_file(&l, wanted, only_dir, e) : find_fragment(&l, wanted, e);
	if (r == 0 && !unit_split_name(a, ret->name, &ret->prefix, &ret->instance))
		r = err_oom(e);
	if (r == 0)
		r = read_lines(&l, ret->path, e);
	if (r == 0)
		r = find_drop_ins(&l, e);
	return r < 0 ? r : apply_drop_ins(&l, e);
}
