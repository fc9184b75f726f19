/*
 * Why: a fixed output may be fetched from anywhere, but not by way of what listens on the host's loopback, nor by the
 * host's abstract sockets, which a builder in the host's network namespace reaches (as in Nix). So it gets a network of
 * its own, and a helper connects that: pasta(1) or slirp4netns(1), started by a hook of the bundle.
 */
#include "bundle/drv_network.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "bundle/place.h"

static const struct {
	const char *name;
	enum recipe_network network;
} helpers[] = { { "pasta", RECIPE_NETWORK_PASTA }, { "slirp4netns", RECIPE_NETWORK_SLIRP } };

/* In PATH, and where the system has it that an ordinary user's PATH may lack. */
static char *find_program(struct arena *a, const char *name)
{
	const char *path = getenv("PATH");
	const char *rest = arena_printf(a, "%s:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", path ? path : "");

	while (rest && *rest) {
		size_t n = strcspn(rest, ":");
		char *file = *rest == '/' ? arena_printf(a, "%.*s/%s", (int)n, rest, name) : NULL;

		if (file && access(file, X_OK) == 0)
			return file;
		rest += n + (rest[n] == ':');
	}
	return NULL;
}

/* This program, or cloister-bundle beside it. */
static int find_hook(struct arena *a, struct recipe_build *b, struct err *e)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n < 0)
		return err_sys(e, errno, "read link /proc/self/exe");
	self[n] = '\0';
	slash = strrchr(self, '/');
	b->hook = arena_printf(a, "%.*s/cloister-bundle", (int)(slash - self), self);
	if (!b->hook)
		return err_oom(e);
	return access(b->hook, X_OK) < 0 ? err_sys(e, errno, "network of the sandbox: program %s", b->hook) : 0;
}

static int set_helper(struct arena *a, const char *choice, struct recipe_build *b, struct err *e)
{
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
		if (choice && strcmp(choice, helpers[i].name) != 0)
			continue;
		b->network_helper = find_program(a, helpers[i].name);
		b->network = helpers[i].network;
		if (b->network_helper)
			return find_hook(a, b, e);
	}
	if (choice)
		return err_set(e, ENOENT, "--network %s: there is no program of that name: install it", choice);
	return err_set(e, ENOENT, "the derivation may use a network, which takes pasta or slirp4netns: install one "
		       "(Debian: passt or slirp4netns), or give --network none or --network host");
}

/* Where it is a file of the host, the builder may read it. */
static int add_file(struct arena *a, struct recipe *r, const char *path, struct err *e)
{
	struct recipe_place *place;
	char real[PATH_MAX];
	struct stat st;

	if (place_covers(r, path) || !realpath(path, real) || stat(real, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	place = arena_push(a, &r->places, &r->places_len, sizeof *place);
	if (!place)
		return err_oom(e);
	*place = (struct recipe_place){ .source = arena_strdup(a, real), .destination = arena_strdup(a, path) };
	return place->source && place->destination ? 0 : err_oom(e);
}

int drv_network_set(struct arena *a, const struct drv_request *q, bool wanted, struct recipe *r,
		    struct recipe_build *b, struct err *e)
{
	const char *choice = q->network && strcmp(q->network, "default") != 0 ? q->network : NULL;
	int result = 0;

	b->network = RECIPE_NETWORK_NONE;
	if (choice && strcmp(choice, "none") != 0 && strcmp(choice, "host") != 0 && strcmp(choice, "pasta") != 0 &&
	    strcmp(choice, "slirp4netns") != 0)
		return err_set(e, EINVAL, "--network %s: it is default, none, host, pasta or slirp4netns", choice);
	if (choice && strcmp(choice, "none") != 0 && !wanted)
		return err_set(e, EINVAL, "--network %s: the output of the derivation is not fixed, so that its bui"
			"lder "
			       "has no network", choice);
	if (!wanted || (choice && strcmp(choice, "none") == 0))
		return 0;
	r->host_network = choice && strcmp(choice, "host") == 0;
	if (!r->host_network)
		result = set_helper(a, choice, b, e);
	if (result == 0 && r->host_network)
		result = add_file(a, r, "/etc/resolv.conf", e);
	if (result == 0)
		result = add_file(a, r, "/etc/hosts", e);
	if (result == 0)
		result = add_file(a, r, "/etc/services", e);
	if (result == 0 && r->store->kind == STORE_NIX)
		result = add_file(a, r, "/etc/ssl/certs/ca-certificates.crt", e);
	return result < 0 ? result : place_check_all(a, r, e);
}
