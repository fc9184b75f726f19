/* Why: there is no PATH and no shell of the host inside, so what is to run is found, or refused, now. */
#include "bundle/program.h"

#include <dirent.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bundle/closure_file.h"
#include "bundle/place.h"

enum { NAMES_SHOWN = 8 };

static bool is_program(struct arena *a, const struct recipe *r, const char *path)
{
	return path && closure_file_is_program(a, r->store, &r->closure, path);
}

/* The name behind the hash; of "HASH-hello-2.12.1" the version is not part. */
static char *package_name(struct arena *a, const struct recipe *r, const char *root)
{
	const char *name = root + strlen(r->store->dir) + 1 + STORE_HASH_LEN + 1;
	size_t n = 0;

	while (name[n] && !(name[n] == '-' && name[n + 1] >= '0' && name[n + 1] <= '9'))
		n++;
	return arena_strndup(a, name, n);
}

/* The programs in ROOT/bin, sorted; hidden ones (a wrapper's inside, ".x-wrapped") do not count. */
static int list_programs(struct arena *a, const struct recipe *r, const char *root, struct store_paths *ret,
			 struct err *e)
{
	const char *bin = arena_printf(a, "%s/bin", root);
	struct dirent *entry;
	struct err ignored;
	struct stat st;
	char *final;

	if (!bin || closure_file_stat(a, r->store, &r->closure, bin, &st, &final, &ignored) < 0 || !S_ISDIR(st.st_mode))
		return arena_failed(a) ? err_oom(e) : 0;
	_cleanup_closedir_ DIR *d = opendir(store_physical(a, r->store, final));
	if (!d)
		return err_sys(e, errno, "open %s", bin);
	while ((entry = readdir(d))) {
		char *path, **slot;

		if (entry->d_name[0] == '.')
			continue;
		path = arena_printf(a, "%s/%s", bin, entry->d_name);
		if (!is_program(a, r, path))
			continue;
		slot = arena_push(a, &ret->items, &ret->len, sizeof *slot);
		if (!slot)
			return err_oom(e);
		*slot = path;
	}
	store_paths_sort(ret);
	return arena_failed(a) ? err_oom(e) : 0;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int ask_which(const char *root, const struct store_paths *programs, struct err *e)
{
	_cleanup_str_ struct str names = STR_INIT;

	if (programs->len == 0)
		return err_set(e, ENOENT, "which program shall run? %s has none in bin: give one after --", root);
	for (size_t i = 0; i < programs->len && i < NAMES_SHOWN; i++)
		str_addf(&names, "%s%s", i ? ", " : "", base_name(programs->items[i]));
	if (programs->len > NAMES_SHOWN)
		str_addf(&names, " and %zu more", programs->len - NAMES_SHOWN);
	return err_set(e, ENOENT, "which program shall run? %s/bin has %s: give one after --", root, str_text(&names));
}

static int find_obvious(struct arena *a, const struct recipe *r, const char *below, char **ret, struct err *e)
{
	struct store_paths programs = { 0 };
	const char *root = r->roots.items[0];
	int result;

	if (r->roots.len != 1)
		return err_set(e, ENOENT, "which program shall run? With %zu store paths, give one after --",
			       r->roots.len);
	if (below && *below) {
		*ret = arena_printf(a, "%s%s", root, below);
		if (!*ret)
			return err_oom(e);
		return is_program(a, r, *ret) ? 0 : err_set(e, ENOENT, "%s is not a program in the closure", *ret);
	}
	result = list_programs(a, r, root, &programs, e);
	if (result < 0)
		return result;
	if (programs.len == 1) {
		*ret = programs.items[0];
		return 0;
	}
	*ret = arena_printf(a, "%s/bin/%s", root, package_name(a, r, root));
	if (is_program(a, r, *ret))
		return 0;
	*ret = arena_strdup(a, root);
	return is_program(a, r, *ret) ? 0 : ask_which(root, &programs, e);
}

static int find_by_name(struct arena *a, const struct recipe *r, const char *name, char **ret, struct err *e)
{
	_cleanup_str_ struct str looked = STR_INIT;

	for (size_t i = 0; i < r->roots.len; i++) {
		*ret = arena_printf(a, "%s/bin/%s", r->roots.items[i], name);
		if (is_program(a, r, *ret))
			return 0;
		str_addf(&looked, "%s%s/bin", i ? ", " : "", r->roots.items[i]);
	}
	return err_set(e, ENOENT, "no program '%s' in %s", name, str_text(&looked));
}

/* An absolute path: in the closure, or where a place or /bin/sh will be. */
static int find_by_path(struct arena *a, const struct recipe *r, const char *path, char **ret, struct err *e)
{
	struct stat st;
	int result;

	*ret = arena_strdup(a, path);
	if (!*ret)
		return err_oom(e);
	if (place_covers(r, path))
		return 0;
	if (r->bin_sh && strcmp(path, "/bin/sh") == 0)
		return 0;
	result = closure_file_stat(a, r->store, &r->closure, path, &st, NULL, e);
	if (result < 0)
		return result;
	return is_program(a, r, path) ? 0 : err_set(e, EACCES, "program %s is not an executable file", path);
}

int program_set(struct arena *a, struct recipe *r, char **words, size_t words_len, const char *below, struct err *e)
{
	char *found = NULL;
	int result;

	if (words_len == 0)
		result = find_obvious(a, r, below, &found, e);
	else if (*words[0] == '/')
		result = find_by_path(a, r, words[0], &found, e);
	else if (strchr(words[0], '/') || !*words[0])
		result = err_set(e, EINVAL, "program '%s' is neither a name nor an absolute path", words[0]);
	else
		result = find_by_name(a, r, words[0], &found, e);
	if (result < 0)
		return result;
	r->args_len = words_len ? words_len : 1;
	r->args = arena_array(a, r->args_len + 1, sizeof *r->args);
	if (!r->args)
		return err_oom(e);
	for (size_t i = 1; i < words_len; i++)
		r->args[i] = words[i];
	r->args[0] = found;
	return 0;
}

/* The roots know best; behind them, a path that is a shell by its name; behind them, whatever has a bin/sh. */
static char *find_shell(struct arena *a, const struct recipe *r)
{
	static const char *const by_name[] = { "bash", "dash", "busybox", "" };
	char *path;

	for (size_t i = 0; i < r->roots.len; i++) {
		path = arena_printf(a, "%s/bin/sh", r->roots.items[i]);
		if (is_program(a, r, path))
			return path;
	}
	for (size_t n = 0; n < sizeof by_name / sizeof *by_name; n++)
		for (size_t i = 0; i < r->closure.len; i++) {
			const char *name = r->closure.items[i] + strlen(r->store->dir) + 1 + STORE_HASH_LEN + 1;

			if (!str_has_prefix(name, by_name[n]))
				continue;
			path = arena_printf(a, "%s/bin/sh", r->closure.items[i]);
			if (is_program(a, r, path))
				return path;
		}
	return NULL;
}

int program_set_shell(struct arena *a, struct recipe *r, const char *choice, struct err *e)
{
	char *shell;

	r->bin_sh = NULL;
	if (choice && strcmp(choice, "none") == 0)
		return 0;
	if (!choice || strcmp(choice, "default") == 0) {
		shell = find_shell(a, r);
		if (arena_failed(a))
			return err_oom(e);
		if (!shell && choice)
			return err_set(e, ENOENT, "--bin-sh default: nothing in the closure has a bin/sh: give a "
						  "store path of a shell");
	} else {
		shell = arena_strdup(a, choice);
		if (!shell)
			return err_oom(e);
		if (!is_program(a, r, shell))
			return err_set(e, ENOENT, "--bin-sh %s is not a program in the closure", choice);
	}
	r->bin_sh = shell;
	return 0;
}
