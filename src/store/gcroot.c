/* Why: a closure that is collected under a running container is a container that fails hours later. See gcroot.h. */
#include "store/gcroot.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "store/daemon.h"
#include "store/sha256.h"

/* The name only has to be the same for the same link; Nix makes its own from another hash, in the same form. */
static void root_name(const char *link, char ret[static 33])
{
	unsigned char digest[SHA256_BYTES];
	struct sha256 hash;

	sha256_init(&hash);
	sha256_add(&hash, link, strlen(link));
	sha256_end(&hash, digest);
	base32_encode(digest, 20, ret);
}

/* A collector that runs meanwhile sees either no link or a whole one. */
static int link_root(int dirfd, const char *name, const char *link)
{
	char tmp[64], old[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, old, sizeof old - 1);

	if (n >= 0) {
		old[n] = '\0';
		if (strcmp(old, link) == 0)
			return 0;
	}
	snprintf(tmp, sizeof tmp, ".tmp-%ld-%s", (long)getpid(), name);
	if (symlinkat(link, dirfd, tmp) < 0)
		return -errno;
	if (renameat(dirfd, tmp, dirfd, name) < 0) {
		int saved = errno;

		unlinkat(dirfd, tmp, 0);
		return -saved;
	}
	return 0;
}

static int write_root(const struct store *s, const char *link, struct err *e)
{
	char dir[PATH_MAX], name[33];
	int r;

	if (snprintf(dir, sizeof dir, "%s/gcroots/auto", s->state_dir) >= (int)sizeof dir)
		return err_sys(e, ENAMETOOLONG, "state directory %s", s->state_dir);
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "open %s", dir);
	root_name(link, name);
	r = link_root(fd, name, link);
	return r < 0 ? err_sys(e, -r, "write to %s", dir) : 0;
}

int gcroot_register(const struct store *s, const char *link, struct err *e)
{
	struct err daemon = { 0 };
	int r = daemon_add_indirect_root(s, link, &daemon);

	if (r == 0)
		return 0;
	if (write_root(s, link, e) == 0)
		return 0;
	/* With a daemon there, its answer is the one to act on. */
	if (r != -ENOENT && r != -ECONNREFUSED)
		*e = daemon;
	return -e->num;
}
