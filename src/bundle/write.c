/* Why: half a bundle must never be taken for one, and a bundle that someone uses must never be overwritten. */
#include "bundle/write.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "bundle/config.h"
#include "bundle/origin.h"
#include "bundle/skeleton.h"
#include "libocispec/field/write.h"
#include "store/closure.h"
#include "store/gcroot.h"
#include "store/remove.h"

struct writer {
	struct arena *arena;
	const struct recipe *recipe;
	char *parent, *name;  /* output is parent/name */
	char *dir;            /* absolute */
	int parent_fd, fd;
	char tmp[32];
	struct err *e;
};

static int split_output(struct writer *w, const char *output)
{
	char *path = arena_strdup(w->arena, output), real[PATH_MAX], *slash;
	size_t n = strlen(output);

	if (!path)
		return err_oom(w->e);
	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	w->name = slash ? slash + 1 : path;
	if (slash)
		*slash = '\0';
	if (!*w->name || strcmp(w->name, ".") == 0 || strcmp(w->name, "..") == 0)
		return err_set(w->e, EINVAL, "output '%s' is not the name of a new directory", output);
	w->parent = slash ? *path ? path : (char *)"/" : (char *)".";
	if (!realpath(w->parent, real))
		return err_sys(w->e, errno, "output directory %s", w->parent);
	w->dir = arena_printf(w->arena, "%s/%s", strcmp(real, "/") == 0 ? "" : real, w->name);
	return w->dir ? 0 : err_oom(w->e);
}

static int exists_already(struct writer *w)
{
	return err_set(w->e, EEXIST, "%s exists already: remove it, or give another name with --output", w->dir);
}

static int make_tmp(struct writer *w)
{
	struct stat st;
	unsigned salt = (unsigned)getpid();

	w->parent_fd = open(w->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->parent_fd < 0)
		return err_sys(w->e, errno, "open %s", w->parent);
	if (fstatat(w->parent_fd, w->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return exists_already(w);
	for (int tries = 0; tries < 100; tries++) {
		snprintf(w->tmp, sizeof w->tmp, ".cloister-bundle-%06x", (salt + (unsigned)tries * 7919) & 0xffffff);
		if (mkdirat(w->parent_fd, w->tmp, 0700) == 0)
			break;
		w->tmp[0] = '\0';
		if (errno != EEXIST)
			return err_sys(w->e, errno, "create a directory in %s", w->parent);
	}
	if (!w->tmp[0])
		return err_set(w->e, EEXIST, "%s is full of unfinished bundles: remove its .cloister-bundle-*",
			       w->parent);
	w->fd = openat(w->parent_fd, w->tmp, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return w->fd < 0 ? err_sys(w->e, errno, "open %s/%s", w->parent, w->tmp) : 0;
}

static int open_new(struct writer *w, const char *name)
{
	int fd = -1;

	if (mkdirat(w->fd, name, 0755) == 0)
		fd = openat(w->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(w->e, errno, "create %s in the bundle", name) : fd;
}

static bool has_writable(const struct recipe *r)
{
	for (size_t i = 0; i < r->places_len; i++)
		if (!r->places[i].source && !r->places[i].build)
			return true;
	return false;
}

static int write_rootfs(struct writer *w)
{
	_cleanup_close_ int rootfs = open_new(w, "rootfs"), writable = -1, build = -1, store = -1;
	const struct recipe *r = w->recipe;

	if (rootfs < 0)
		return rootfs;
	if (has_writable(r)) {
		writable = open_new(w, "writable");
		if (writable < 0)
			return writable;
	}
	if (r->build && r->build->own_dir) {
		build = open_new(w, "build");
		if (build < 0)
			return build;
	}
	if (r->build) {
		store = open_new(w, "store");
		if (store < 0)
			return store;
	}
	return skeleton_fill(w->arena, r, &(struct skeleton_folders){ rootfs, writable, build, store }, w->e);
}

static int write_config(struct writer *w)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_spec *config;
	int r = bundle_config(w->arena, w->recipe, w->dir, &config, w->e);

	if (r < 0)
		return r;
	r = oci_write(&text, &oci_spec_type, config, OCI_LINES);
	if (r == -EINVAL)
		return err_set(w->e, EINVAL,
			       "config.json: an argument, an environment variable or a path is not UTF-8");
	if (r < 0)
		return err_oom(w->e);
	return io_write_file_atomic(w->fd, "config.json", text.text, text.len, 0600, w->e);
}

static int write_origin(struct writer *w)
{
	_cleanup_str_ struct str text = STR_INIT;
	int r = origin_write(w->arena, w->recipe, &text);

	if (r == -EINVAL)
		return err_set(w->e, EINVAL, "cloister.json: a path is not UTF-8");
	return r < 0 ? err_oom(w->e) : io_write_file_atomic(w->fd, "cloister.json", text.text, text.len, 0644, w->e);
}

/* "gcroot" for the first root, "gcroot-2" and so on for more. */
static void gcroot_name(size_t index, char ret[static 32])
{
	if (index == 0)
		strcpy(ret, "gcroot");
	else
		snprintf(ret, 32, "gcroot-%zu", index + 1);
}

static int write_gcroots(struct writer *w)
{
	char name[32];

	for (size_t i = 0; i < w->recipe->roots.len; i++) {
		gcroot_name(i, name);
		if (symlinkat(w->recipe->roots.items[i], w->fd, name) < 0)
			return err_sys(w->e, errno, "create %s in the bundle", name);
	}
	return 0;
}

/* Signals are held back while the bundle is written, so that one that came is seen here. */
static int check_signals(struct writer *w)
{
	sigset_t pending;

	sigpending(&pending);
	if (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) || sigismember(&pending, SIGHUP))
		return err_set(w->e, EINTR, "interrupted");
	return 0;
}

static int publish(struct writer *w)
{
	int r = check_signals(w);

	if (r < 0)
		return r;
	if (renameat2(w->parent_fd, w->tmp, w->parent_fd, w->name, RENAME_NOREPLACE) == 0) {
		w->tmp[0] = '\0';
		return 0;
	}
	if (errno == EEXIST)
		return exists_already(w);
	return err_sys(w->e, errno, "rename the finished bundle to %s", w->dir);
}

static int write_all(struct writer *w)
{
	struct err ignored;
	int r = make_tmp(w);

	if (r == 0)
		r = write_rootfs(w);
	if (r == 0)
		r = write_config(w);
	if (r == 0)
		r = write_origin(w);
	if (r == 0)
		r = write_gcroots(w);
	if (r == 0)
		r = publish(w);
	if (r < 0 && w->tmp[0])
		tree_remove(w->parent_fd, w->tmp, &ignored);
	return r;
}

/*
 * The roots can only be registered under the bundle's final name. A collector that ran before may have taken a path, so
 * it is asked afterwards whether all are still there.
 */
static int protect(struct writer *w, char **ret_warning)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < w->recipe->roots.len && w->recipe->gc_root != GC_ROOT_NONE; i++) {
		char name[32], *link;

		gcroot_name(i, name);
		link = arena_printf(w->arena, "%s/%s", w->dir, name);
		r = link ? gcroot_register(w->recipe->store, link, w->e) : err_oom(w->e);
	}
	if (r < 0 && w->recipe->gc_root == GC_ROOT_TRY) {
		*ret_warning = arena_printf(w->arena, "the closure is not protected from the garbage collector: %s",
					    w->e->text);
		r = *ret_warning ? 0 : err_oom(w->e);
	}
	if (r < 0)
		return err_prefix(w->e, "the closure cannot be protected from the garbage collector");
	return closure_check_present(w->recipe->store, &w->recipe->closure, w->e);
}

int bundle_write(struct arena *a, const struct recipe *r, const char *output, char **ret_dir, char **ret_warning,
		 struct err *e)
{
	struct writer w = { .arena = a, .recipe = r, .parent_fd = -1, .fd = -1, .e = e };
	mode_t mask = umask(022);
	sigset_t held, before;
	struct err ignored;
	int result;

	*ret_warning = NULL;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &before);
	result = split_output(&w, output);
	if (result == 0)
		result = write_all(&w);
	/* Here a signal that waited ends the process, with nothing left behind. */
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (result == 0) {
		result = protect(&w, ret_warning);
		if (result < 0)
			tree_remove(w.parent_fd, w.name, &ignored);
	}
	close_fd(&w.fd);
	close_fd(&w.parent_fd);
	umask(mask);
	*ret_dir = w.dir;
	return result;
}
