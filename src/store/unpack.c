/*
 * Why: what comes into a store is always written anew, from an archive. So no inode that a builder had, no hard link,
 * descriptor, access list or odd mode of its making, is ever a part of the store.
 */
#include "store/unpack.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "store/nar.h"

struct unpack {
	const char *shown, *name;
	struct nar_reader *reader;
	int fds[NAR_DEPTH_MAX + 2];  /* fds[0] is the caller's; then the open folders, the last one may be a file */
	int depth;                   /* index of the last one */
	bool in_file, executable;
};

static const struct timespec store_times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

static int fail(struct unpack *u, const char *what, const char *name, struct err *e)
{
	return err_sys(e, errno, "%s '%s' in %s", what, name, u->shown);
}

static const char *name_of(const struct unpack *u, const char *name)
{
	return u->depth == 0 ? u->name : name;
}

static int make_directory(void *data, const char *name, struct err *e)
{
	struct unpack *u = data;
	int parent = u->fds[u->depth], fd = -1;

	name = name_of(u, name);
	if (mkdirat(parent, name, 0700) == 0)
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(u, "create folder", name, e);
	u->fds[++u->depth] = fd;
	u->in_file = false;
	return 0;
}

static int make_file(void *data, const char *name, bool executable, uint64_t size, struct err *e)
{
	struct unpack *u = data;
	int fd;

	(void)size;
	name = name_of(u, name);
	fd = openat(u->fds[u->depth], name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(u, "create", name, e);
	u->fds[++u->depth] = fd;
	u->in_file = true;
	u->executable = executable;
	return 0;
}

static int write_bytes(void *data, const void *bytes, size_t len, struct err *e)
{
	struct unpack *u = data;
	int r = io_write_all(u->fds[u->depth], bytes, len);

	return r < 0 ? err_sys(e, -r, "write to %s", u->shown) : 0;
}

static int make_link(void *data, const char *name, const char *target, struct err *e)
{
	struct unpack *u = data;
	int parent = u->fds[u->depth];

	name = name_of(u, name);
	if (symlinkat(target, parent, name) < 0 || utimensat(parent, name, store_times, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(u, "create symbolic link", name, e);
	return 0;
}

static int finish(void *data, struct err *e)
{
	struct unpack *u = data;
	int fd = u->fds[u->depth];
	mode_t mode = !u->in_file || u->executable ? 0555 : 0444;

	if (fchmod(fd, mode) < 0 || futimens(fd, store_times) < 0)
		return fail(u, "set mode and time of an entry", "", e);
	close_fd(&u->fds[u->depth--]);
	u->in_file = false;
	return 0;
}

static const struct nar_events events = {
	.directory = make_directory, .file = make_file, .bytes = write_bytes, .symlink = make_link, .end = finish,
};

int unpack_open(int dirfd, const char *name, const char *shown, struct unpack **ret, struct err *e)
{
	struct unpack *u = calloc(1, sizeof *u);

	if (!u)
		return err_oom(e);
	*u = (struct unpack){ .shown = shown, .name = name, .fds = { dirfd } };
	u->reader = nar_reader_new(&events, u);
	if (!u->reader) {
		free(u);
		return err_oom(e);
	}
	*ret = u;
	return 0;
}

int unpack_add(void *data, const void *bytes, size_t len, struct err *e)
{
	struct unpack *u = data;

	return nar_reader_add(u->reader, bytes, len, e);
}

int unpack_end(struct unpack *u, struct err *e)
{
	int r = nar_reader_end(u->reader, e);

	return r < 0 ? err_prefix(e, "%s", u->shown) : 0;
}

void unpack_close(struct unpack *u)
{
	if (!u)
		return;
	while (u->depth > 0)
		close_fd(&u->fds[u->depth--]);
	nar_reader_free(u->reader);
	free(u);
}
