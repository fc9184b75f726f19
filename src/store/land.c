/* Why: see land.h. Sinks are chained so that each byte of an output, however large, is read once. */
#include "store/land.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "store/path.h"
#include "store/remove.h"
#include "store/unpack.h"

/* What passing names begin with. */
#define PASSING ".tmp-cloister-"

static const char zeros[STORE_HASH_LEN];

/* The end of the chain: what the archive is in the end. */
struct measure {
	struct hasher hasher;
	uint64_t size;
	struct unpack *unpack;  /* NULL: it is not written anywhere */
};

/* The beginning. */
struct entrance {
	struct search *search;
	struct sink next;
};

static int add_measure(void *data, const void *bytes, size_t len, struct err *e)
{
	struct measure *m = data;

	hasher_add(&m->hasher, bytes, len);
	m->size += len;
	return m->unpack ? unpack_add(m->unpack, bytes, len, e) : 0;
}

static int add_entrance(void *data, const void *bytes, size_t len, struct err *e)
{
	struct entrance *n = data;

	if (n->search)
		search_add(n->search, bytes, len, e);
	return sink_add(&n->next, bytes, len, e);
}

static int hash_place(void *data, uint64_t offset, struct err *e)
{
	(void)e;
	str_addf(data, "|%" PRIu64, offset);
	return 0;
}

/* The archive through search, rewrites and modulo, in this order, to the end. places: for modulo. */
static int pump(const struct nar_tree *tree, const struct land_way *way, struct measure *m, struct str *places,
		struct err *e)
{
	size_t n = way->rewrites_len + (way->modulo != NULL);
	_cleanup_free_ struct rewrite *chain = calloc(n + 1, sizeof *chain);
	struct entrance entrance = { way->search, { add_measure, m } };
	const struct sink sink = { add_entrance, &entrance };
	int r;

	if (!chain)
		return err_oom(e);
	for (size_t i = 0; i < n; i++) {
		bool modulo = i == way->rewrites_len;

		chain[i] = (struct rewrite){
			.from = modulo ? way->modulo : way->rewrites[i].from,
			.to = modulo ? zeros : way->rewrites[i].to, .len = STORE_HASH_LEN, .next = { add_measure, m },
			.found = modulo ? hash_place : NULL, .found_data = places,
		};
		if (i)
			chain[i - 1].next = (struct sink){ rewrite_add, &chain[i] };
	}
	if (n)
		entrance.next = (struct sink){ rewrite_add, chain };
	r = nar_write(tree, &sink, e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = rewrite_end(&chain[i], e);
	return r;
}

static int make_name(const struct land_place *place, char *ret, struct err *e)
{
	static unsigned count;
	struct stat st;

	/* Not the name of a store path: a collector of garbage may remove it when its maker is gone. */
	for (int tries = 0; tries < 1000; tries++) {
		snprintf(ret, LAND_NAME_MAX, PASSING "%ld-%u", (long)getpid(), count++);
		if (fstatat(place->dirfd, ret, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
			return 0;
	}
	return err_set(e, EEXIST, "%s is full of unfinished store paths: remove its .tmp-cloister-*", place->dir);
}

int land_tree(const struct land_place *place, const struct nar_tree *tree, const struct land_way *way,
	      struct landing *ret, struct err *e)
{
	_cleanup_unpack_ struct unpack *unpack = NULL;
	struct measure m = { .size = 0 };
	int r;

	*ret = (struct landing){ .name = "" };
	r = make_name(place, ret->name, e);
	if (r == 0)
		r = unpack_open(place->dirfd, ret->name, tree->shown, &unpack, e);
	if (r == 0) {
		hasher_start(&m.hasher, HASH_SHA256);
		m.unpack = unpack;
		r = pump(tree, way, &m, NULL, e);
	}
	if (r == 0)
		r = unpack_end(unpack, e);
	hasher_end(&m.hasher, &ret->hash);
	ret->nar_size = m.size;
	if (r < 0)
		land_discard(place, ret);
	return r;
}

int land_publish(const struct land_place *place, struct landing *l, const char *name, struct err *e)
{
	if (renameat2(place->dirfd, l->name, place->dirfd, name, RENAME_NOREPLACE) < 0)
		return err_sys(e, errno, "give %s/%s its name", place->dir, name);
	l->name[0] = '\0';
	return 0;
}

void land_discard(const struct land_place *place, struct landing *l)
{
	struct err ignored;

	if (l->name[0])
		tree_remove(place->dirfd, l->name, &ignored);
	l->name[0] = '\0';
}

void land_clean(const struct land_place *place, pid_t pid)
{
	int fd = openat(place->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	char begin[LAND_NAME_MAX];
	struct dirent *entry;
	struct err ignored;

	if (!d)
		close_fd(&fd);
	snprintf(begin, sizeof begin, PASSING "%ld-", (long)pid);
	while (d && (entry = readdir(d)))
		if (str_has_prefix(entry->d_name, begin))
			tree_remove(place->dirfd, entry->d_name, &ignored);
}

int land_measure(const struct nar_tree *tree, const struct land_way *way, enum hash_algorithm algorithm,
		 struct landing *ret, struct err *e)
{
	_cleanup_str_ struct str places = STR_INIT;
	struct measure m = { .size = 0 };
	int r;

	*ret = (struct landing){ .name = "" };
	hasher_start(&m.hasher, algorithm);
	r = pump(tree, way, &m, &places, e);
	if (places.failed)
		return err_oom(e);
	hasher_add(&m.hasher, str_text(&places), places.len);
	hasher_end(&m.hasher, &ret->hash);
	ret->nar_size = m.size;
	return r;
}

int land_measure_file(const struct nar_tree *tree, enum hash_algorithm algorithm, struct hash *ret, struct err *e)
{
	_cleanup_close_ int fd = openat(tree->dirfd, tree->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	unsigned char buffer[64 * 1024];
	struct hasher h;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, errno, "open %s", tree->shown);
	if (!S_ISREG(st.st_mode) || st.st_mode & S_IXUSR)
		return err_set(e, EINVAL, "%s should be a regular file that is not executable, since its hash is that "
			       "of a file", tree->shown);
	close_fd(&fd);
	fd = openat(tree->dirfd, tree->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, errno, "open %s", tree->shown);
	hasher_start(&h, algorithm);
	while ((n = io_read_full(fd, buffer, sizeof buffer)) > 0)
		hasher_add(&h, buffer, (size_t)n);
	hasher_end(&h, ret);
	return n < 0 ? err_sys(e, (int)-n, "read %s", tree->shown) : 0;
}
