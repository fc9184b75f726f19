/*
 * Why: a builder sees nothing of the host but what somebody names; and of the store, its inputs. In Nix what is named
 * (sandbox-paths) can be written by a builder with the right user id; here it is read-only.
 */
#include "bundle/drv_place.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "bundle/place.h"

/* Where a static busybox may be. Whatever else a shell is, it would need its libraries. */
static const char *const busyboxes[] = { "/usr/lib/nix/busybox", "/bin/busybox", "/usr/bin/busybox",
					 "/bin/busybox.static", "/usr/lib/busybox/busybox" };

static int add(struct arena *a, struct recipe *r, const struct recipe_place *place, struct err *e)
{
	struct recipe_place *slot = arena_push(a, &r->places, &r->places_len, sizeof *slot);

	if (!slot)
		return err_oom(e);
	*slot = *place;
	return 0;
}

/* Follows links to what is really bound. *ret_missing: there is nothing. */
static int look_at(struct arena *a, const char *what, const char *source, struct recipe_place *place, bool *ret_missing,
		   struct err *e)
{
	char real[PATH_MAX];
	struct stat st;

	*ret_missing = false;
	if (!realpath(source, real) || stat(real, &st) < 0) {
		*ret_missing = errno == ENOENT || errno == ENOTDIR;
		return err_sys(e, errno, "%s: %s", what, source);
	}
	place->source = arena_strdup(a, real);
	place->directory = S_ISDIR(st.st_mode);
	place->device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
	place->writable = place->device;
	return place->source ? 0 : err_oom(e);
}

/* A source in the store is a logical path: its closure becomes visible, and its files are where the store has them. */
static int add_root(struct arena *a, const struct recipe *r, const char *what, const char **source,
		    struct store_paths *extra, struct err *e)
{
	struct store_ref ref;
	const char *physical;
	int result;

	if (!path_is_below(*source, r->store->dir))
		return 0;
	result = store_path_resolve(a, r->store, 1, *source, &ref, e);
	if (result == 0)
		result = store_paths_add(a, extra, r->store, ref.path, what, e);
	physical = result == 0 ? store_physical(a, r->store, ref.path) : NULL;
	if (result < 0)
		return result;
	*source = physical ? arena_printf(a, "%s%s", physical, ref.rest) : NULL;
	return *source ? 0 : err_oom(e);
}

static int add_sandbox_path(struct arena *a, const char *text, struct recipe *r, struct store_paths *extra,
			    struct err *e)
{
	char *what = arena_printf(a, "--sandbox-path %s", text), *destination = arena_strdup(a, text), *equals;
	struct recipe_place place = { 0 };
	const char *source;
	bool optional, missing;
	size_t n;
	int result;

	if (!what || !destination)
		return err_oom(e);
	n = strlen(destination);
	optional = n > 0 && destination[n - 1] == '?';
	if (optional)
		destination[n - 1] = '\0';
	equals = strchr(destination, '=');
	source = destination;
	if (equals) {
		*equals = '\0';
		source = equals + 1;
	}
	result = place_normalize(a, what, destination, &place.destination, e);
	if (result == 0 && *source != '/')
		result = err_set(e, EINVAL, "%s: '%s' is not an absolute path", what, source);
	if (result == 0)
		result = add_root(a, r, what, &source, extra, e);
	/* A path of the store at its own place comes with the closure. */
	if (result < 0 || store_path_ok(r->store, place.destination))
		return result;
	if (strcmp(place.destination, "/") == 0 || path_is_below(place.destination, r->store->dir) ||
	    path_is_below(r->store->dir, place.destination) || path_is_below(place.destination, "/proc") ||
	    strcmp(place.destination, "/dev") == 0 || strcmp(place.destination, "/tmp") == 0)
		return err_set(e, EINVAL, "%s: %s is the sandbox's own", what, place.destination);
	result = look_at(a, what, source, &place, &missing, e);
	if (result < 0)
		return missing && optional ? 0 : result;
	return add(a, r, &place, e);
}

/* An ELF file without an interpreter runs with nothing beside it. */
static bool is_static(const char *file)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	Elf64_Ehdr head;

	if (fd < 0 || io_read_full(fd, &head, sizeof head) != sizeof head || memcmp(head.e_ident, ELFMAG,
		SELFMAG) != 0 ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(Elf64_Phdr))
		return false;
	for (unsigned i = 0; i < head.e_phnum; i++) {
		Elf64_Phdr p;

		if (pread(fd, &p, sizeof p, (off_t)(head.e_phoff + i * sizeof p)) != sizeof p || p.p_type == PT_INTERP)
			return false;
	}
	return true;
}

static int add_shell(struct arena *a, const struct drv_request *q, struct recipe *r, struct store_paths *extra,
		     struct err *e)
{
	struct recipe_place place = { .destination = arena_strdup(a, "/bin/sh") };
	const char *source = q->bin_sh;
	bool by_default = !source || strcmp(source, "default") == 0, missing;
	int result;

	if (!place.destination)
		return err_oom(e);
	/* Guix's sandbox has none. */
	if (source ? strcmp(source, "none") == 0 : r->store->kind == STORE_GUIX || place_exists(r, "/bin/sh"))
		return 0;
	if (by_default) {
		source = NULL;
		for (size_t i = 0; !source && i < sizeof busyboxes / sizeof *busyboxes; i++)
			if (is_static(busyboxes[i]))
				source = busyboxes[i];
		if (!source)
			return q->bin_sh ? err_set(e, ENOENT, "--bin-sh default: there is no static busybox on this "
						   "machine: install one, or give a shell of the store") : 0;
	}
	if (*source != '/')
		return err_set(e, EINVAL, "--bin-sh %s: it is none, default, or the absolute path of a shell", source);
	result = add_root(a, r, "--bin-sh", &source, extra, e);
	if (result == 0)
		result = look_at(a, "--bin-sh", source, &place, &missing, e);
	if (result == 0 && (place.directory || place.device || access(place.source, X_OK) < 0))
		result = err_set(e, EACCES, "--bin-sh %s: it is not an executable file", place.source);
	return result < 0 ? result : add(a, r, &place, e);
}

int drv_place_add_all(struct arena *a, const struct drv_request *q, struct recipe *r, struct store_paths *extra,
		      struct err *e)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < q->sandbox_paths_len; i++)
		result = add_sandbox_path(a, q->sandbox_paths[i], r, extra, e);
	return result < 0 ? result : add_shell(a, q, r, extra, e);
}

int drv_place_add_own(struct arena *a, const struct drv_request *q, struct recipe *r, const struct recipe_build *b,
		      struct err *e)
{
	struct recipe_place tmp = { .destination = arena_strdup(a, "/tmp"), .writable = true, .directory = true };
	struct recipe_place dir = { .destination = arena_strdup(a, b->dir), .build = true };
	struct recipe_place kvm = { .destination = arena_strdup(a, "/dev/kvm") };
	bool missing, wants_kvm = access("/dev/kvm", R_OK | W_OK) == 0;
	int result = 0;

	for (size_t i = 0; wants_kvm && q->features_len && i <= q->features_len; i++) {
		if (i == q->features_len)
			wants_kvm = false;
		else if (strcmp(q->features[i], "kvm") == 0)
			break;
	}
	if (q->build_dir) {
		result = look_at(a, "--build-dir", q->build_dir, &dir, &missing, e);
		if (result == 0 && !dir.directory)
			result = err_sys(e, ENOTDIR, "--build-dir %s", dir.source);
	}
	dir.directory = dir.writable = true;
	for (size_t i = 0; result == 0 && i < r->places_len; i++)
		if (path_is_below(r->places[i].destination, b->dir))
			result = err_set(e, EINVAL, "--sandbox-path: %s is the sandbox's own",
				r->places[i].destination);
	if (result == 0)
		result = arena_failed(a) ? err_oom(e) : add(a, r, &tmp, e);
	if (result == 0)
		result = add(a, r, &dir, e);
	if (result == 0 && wants_kvm && !place_exists(r, "/dev/kvm"))
		result = look_at(a, "/dev/kvm", "/dev/kvm", &kvm, &missing, e) < 0 ? -e->num : add(a, r, &kvm, e);
	return result < 0 ? result : place_check_all(a, r, e);
}
