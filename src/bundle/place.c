/*
 * Why: a place that hides the store, or that lies where no mount point can be, would make a bundle that fails or lies
 * at run time. All that is known now is refused now.
 */
#include "bundle/place.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

int place_normalize(struct arena *a, const char *what, const char *path, char **ret, struct err *e)
{
	char *out = arena_alloc(a, strlen(path) + 2), *end = out;

	if (!out)
		return err_oom(e);
	if (*path != '/')
		return err_set(e, EINVAL, "%s: '%s' is not an absolute path", what, path);
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0)
			return err_set(e, EINVAL, "%s: '..' is not allowed in a path of the container", what);
		if (n && !(n == 1 && *path == '.')) {
			*end++ = '/';
			memcpy(end, path, n);
			end += n;
		}
		path += n + (path[n] == '/');
	}
	if (end == out)
		*end++ = '/';
	*end = '\0';
	*ret = out;
	return 0;
}

/* What a place must not cover: the store, and what the container's own kernel interfaces are mounted on. */
static int check_destination(const struct recipe *r, const char *what, const char *destination, struct err *e)
{
	static const char *const own[] = { "/proc", "/sys" };

	if (strcmp(destination, "/") == 0)
		return err_set(e, EINVAL, "%s: the root of the container is the bundle's own", what);
	if (path_is_below(r->store->dir, destination))
		return err_set(e, EINVAL, "%s: %s would hide the store %s", what, destination, r->store->dir);
	if (path_is_below(destination, r->store->dir))
		return err_set(e, EINVAL, "%s: %s lies in the store, which holds the closure and nothing else", what,
			       destination);
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (path_is_below(destination, own[i]))
			return err_set(e, EINVAL, "%s: %s is the container's own", what, own[i]);
	if (strcmp(destination, "/dev") == 0)
		return err_set(e, EINVAL, "%s: /dev is the container's own; bind single devices", what);
	if (strcmp(destination, "/bin/sh") == 0)
		return err_set(e, EINVAL, "%s: give the shell with --bin-sh", what);
	return 0;
}

static int add(struct arena *a, struct recipe *r, const struct recipe_place *place, struct err *e)
{
	struct recipe_place *slot = arena_push(a, &r->places, &r->places_len, sizeof *slot);

	if (!slot)
		return err_oom(e);
	*slot = *place;
	return 0;
}

/* Fills in what the source is. It stays a name: what is there when the container starts is what is mounted. */
static int look_at_source(struct arena *a, const char *what, const char *source, struct recipe_place *place,
			  struct err *e)
{
	char cwd[PATH_MAX];
	struct stat st;

	if (*source != '/' && !getcwd(cwd, sizeof cwd))
		return err_sys(e, errno, "current directory");
	place->source = *source == '/' ? arena_strdup(a, source) : arena_printf(a, "%s/%s", cwd, source);
	if (!place->source)
		return err_oom(e);
	if (stat(place->source, &st) < 0)
		return err_sys(e, errno, "%s: %s", what, place->source);
	place->directory = S_ISDIR(st.st_mode);
	place->device = S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode);
	return 0;
}

int place_add_bind(struct arena *a, struct recipe *r, const char *text, struct err *e)
{
	char *what = arena_printf(a, "--bind %s", text), *parts[3] = { arena_strdup(a, text), NULL, NULL };
	struct recipe_place place = { 0 };
	int result;

	if (!what || !parts[0])
		return err_oom(e);
	for (int i = 1; i < 3; i++) {
		parts[i] = strchr(parts[i - 1], ':');
		if (!parts[i])
			break;
		*parts[i]++ = '\0';
	}
	if (!*parts[0])
		return err_set(e, EINVAL, "%s: what is to be bound? It is SRC[:DST[:ro|rw]]", what);
	if (parts[2] && strcmp(parts[2], "ro") != 0 && strcmp(parts[2], "rw") != 0)
		return err_set(e, EINVAL, "%s: '%s' is neither 'ro' nor 'rw'", what, parts[2]);
	result = look_at_source(a, what, parts[0], &place, e);
	/* On a device node, read-only is about the node, not about the device. */
	place.writable = parts[2] ? strcmp(parts[2], "rw") == 0 : place.device;
	if (result == 0)
		result = place_normalize(a, what, parts[1] ? parts[1] : place.source, &place.destination, e);
	if (result == 0)
		result = check_destination(r, what, place.destination, e);
	return result < 0 ? result : add(a, r, &place, e);
}

int place_add_writable(struct arena *a, struct recipe *r, const char *destination, struct err *e)
{
	struct recipe_place place = { .writable = true, .directory = true };
	char *what = arena_printf(a, "--writable %s", destination);
	int result;

	if (!what)
		return err_oom(e);
	result = place_normalize(a, what, destination, &place.destination, e);
	if (result == 0)
		result = check_destination(r, what, place.destination, e);
	return result < 0 ? result : add(a, r, &place, e);
}

bool place_covers(const struct recipe *r, const char *path)
{
	for (size_t i = 0; i < r->places_len; i++)
		if (path_is_below(path, r->places[i].destination))
			return true;
	return false;
}

int place_add_host_network(struct arena *a, struct recipe *r, struct err *e)
{
	static const char *const files[] = { "/etc/hosts", "/etc/resolv.conf" };
	int result = 0;

	for (size_t i = 0; result == 0 && i < sizeof files / sizeof *files; i++) {
		struct recipe_place place = { 0 };
		struct stat st;

		if (place_covers(r, files[i]) || stat(files[i], &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		place.source = arena_strdup(a, files[i]);
		place.destination = arena_strdup(a, files[i]);
		result = place.source && place.destination ? add(a, r, &place, e) : err_oom(e);
	}
	return result;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct recipe_place *)a)->destination, ((const struct recipe_place *)b)->destination);
}

const struct recipe_place *place_around(const struct recipe *r, size_t index)
{
	for (size_t i = index; i-- > 0;)
		if (path_is_below(r->places[index].destination, r->places[i].destination))
			return &r->places[i];
	return NULL;
}

bool place_exists(const struct recipe *r, const char *destination)
{
	for (size_t i = 0; i < r->places_len; i++)
		if (strcmp(destination, r->places[i].destination) == 0)
			return true;
	return false;
}

bool place_is_in_tmpfs(const struct recipe *r, size_t index)
{
	static const char *const tmpfs[] = { "/tmp/", "/dev/" };

	for (size_t i = 0; i < sizeof tmpfs / sizeof *tmpfs; i++)
		if (str_has_prefix(r->places[index].destination, tmpfs[i]))
			return !place_around(r, index);
	return false;
}

bool place_comes_first(const struct recipe *r, size_t index)
{
	const struct recipe_place *around = place_around(r, index);

	if (r->places[index].writable)
		return false;
	return around ? place_comes_first(r, (size_t)(around - r->places)) : !place_is_in_tmpfs(r, index);
}

/* A mount point inside a bind is the host's business: nothing is made there. */
static int check_mount_point(struct arena *a, const struct recipe *r, size_t index, struct err *e)
{
	const struct recipe_place *place = &r->places[index], *around = place_around(r, index);
	const char *point;
	struct stat st;

	if (!around || !around->source)
		return 0;
	point = arena_printf(a, "%s%s", around->source, place->destination + strlen(around->destination));
	if (!point)
		return err_oom(e);
	if (lstat(point, &st) == 0 && S_ISDIR(st.st_mode) == place->directory && !S_ISLNK(st.st_mode))
		return 0;
	return err_set(e, EINVAL, "%s cannot be mounted inside the bind of %s: %s must be an existing %s",
		       place->destination, around->source, point, place->directory ? "directory" : "file");
}

int place_check_all(struct arena *a, struct recipe *r, struct err *e)
{
	int result = 0;

	if (r->places_len > 1)
		qsort(r->places, r->places_len, sizeof *r->places, compare);
	for (size_t i = 1; i < r->places_len; i++)
		if (strcmp(r->places[i - 1].destination, r->places[i].destination) == 0)
			return err_set(e, EINVAL, "%s is asked for twice, by --bind or --writable",
				       r->places[i].destination);
	for (size_t i = 0; result == 0 && i < r->places_len; i++)
		result = check_mount_point(a, r, i, e);
	return result;
}
