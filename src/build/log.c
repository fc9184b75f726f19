/* Why: see log.h. A log is kept whether the build fails or not, and the next build of the derivation replaces it. */
#include "build/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "build/target.h"

static int make_parent(struct arena *a, const char *file, struct err *e)
{
	char *folder = arena_strdup(a, file);

	if (!folder)
		return err_oom(e);
	*strrchr(folder, '/') = '\0';
	return io_make_folders(folder, e);
}

int build_log_open(struct arena *a, const struct build_options *o, const char *drv, int *ret_fd, char **ret_file,
		   struct err *e)
{
	const struct store *s = &o->target->store;
	const char *name = build_target_name(o->target, drv);
	int r;

	if (o->log_dir)
		*ret_file = arena_printf(a, "%s/%s.log", o->log_dir, name);
	else if (!o->target->complete)
		*ret_file = arena_printf(a, "%s/log/%s.log", s->state_dir, name);
	else if (s->kind == STORE_NIX)
		*ret_file = arena_printf(a, "%s/nix/var/log/nix/drvs/%.2s/%s", s->root, name, name + 2);
	else
		*ret_file = arena_printf(a, "%s/var/log/guix/drvs/%.2s/%s", s->root, name, name + 2);
	if (!*ret_file)
		return err_oom(e);
	r = make_parent(a, *ret_file, e);
	if (r < 0)
		return r;
	/* A new file, so that whoever reads the old one has it whole. */
	unlink(*ret_file);
	*ret_fd = open(*ret_file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	return *ret_fd < 0 ? err_sys(e, errno, "create log file %s", *ret_file) : 0;
}
