/* Why: closures also come from where no database is: another machine, a derivation, a CI job. See graph.h. */
#include "store/graph.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"

void graph_free(struct graph *g)
{
	set_free(&g->paths);
}

int graph_add(struct graph *g, char *path, struct store_paths *references, const char *origin, struct err *e)
{
	const struct set_item *known;
	const struct store_paths *old;
	bool is_new;

	store_paths_sort(references);
	if (set_add(&g->paths, path, references, &is_new) < 0)
		return err_oom(e);
	if (is_new)
		return 0;
	known = set_find(&g->paths, path);
	old = known->value;
	for (size_t i = 0; i < old->len || i < references->len; i++)
		if (old->len != references->len || strcmp(old->items[i], references->items[i]) != 0)
			return err_set(e, EINVAL, "%s: %s comes twice with different references", origin, path);
	return 0;
}

int graph_references(void *graph, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	const struct set_item *item = set_find(&((struct graph *)graph)->paths, path);
	const struct store_paths *references;
	char **slot;

	if (!item)
		return err_set(e, ENOENT,
			       "%s is not in the reference graph that was given: make it of the whole closure", path);
	references = item->value;
	for (size_t i = 0; i < references->len; i++) {
		slot = arena_push(a, &ret->items, &ret->len, sizeof *slot);
		if (!slot)
			return err_oom(e);
		*slot = references->items[i];
	}
	return 0;
}

int graph_read_file(struct arena *a, const char *file, char **ret, size_t *ret_len, struct err *e)
{
	size_t len;
	int r;

	if (strcmp(file, "-") == 0)
		r = io_read_fd(a, STDIN_FILENO, "standard input", GRAPH_FILE_MAX, ret, &len, e);
	else
		r = io_read_file(a, AT_FDCWD, file, GRAPH_FILE_MAX, ret, &len, e);
	if (r < 0)
		return r;
	if (ret_len)
		*ret_len = len;
	if (memchr(*ret, '\0', len))
		return err_set(e, EINVAL, "%s holds a NUL byte: it is not a text file", file);
	return 0;
}

/* A text file, line by line. */
struct lines {
	struct arena *arena;
	const struct store *store;
	const char *file;
	char *next;
	size_t number;  /* of the line that was read last, from 1 */
	struct err *e;
};

static int open_lines(struct lines *l)
{
	return graph_read_file(l->arena, l->file, &l->next, NULL, l->e);
}

/* NULL at the end of the file. */
static char *read_line(struct lines *l)
{
	char *line = l->next, *end;

	if (!*line)
		return NULL;
	end = line + strcspn(line, "\n");
	l->next = end + (*end == '\n');
	*end = '\0';
	l->number++;
	return line;
}

static int bad_line(struct lines *l, const char *expected)
{
	return err_set(l->e, EINVAL, "%s: line %zu: %s", l->file, l->number, expected);
}

static int add_line_path(struct lines *l, struct store_paths *list, const char *line)
{
	int r = store_paths_add(l->arena, list, l->store, line, l->file, l->e);

	return r == -EINVAL ? bad_line(l, "expected a store path of this store") : r;
}

/* `skipped` lines lie between a path and its deriver: hash and size, or nothing. */
static int read_record(struct lines *l, char *path_line, int skipped, struct graph *ret)
{
	struct store_paths *references = arena_alloc(l->arena, sizeof *references), self = { 0 };
	unsigned long long count;
	char *line = path_line;
	int r;

	if (!references)
		return err_oom(l->e);
	r = add_line_path(l, &self, path_line);
	if (r < 0)
		return r;
	for (int i = 0; line && i < skipped + 1; i++)
		line = read_line(l);
	line = line ? read_line(l) : NULL;
	if (!line || parse_u64(line, 1000 * 1000, &count) < 0)
		return bad_line(l, "expected the number of references");
	for (; count > 0; count--) {
		line = read_line(l);
		r = line ? add_line_path(l, references, line)
			 : bad_line(l, "the file ends where a reference is expected");
		if (r < 0)
			return r;
	}
	return graph_add(ret, self.items[0], references, l->file, l->e);
}

static int read_records(struct lines *l, int skipped, struct graph *ret)
{
	char *line;
	int r = open_lines(l);

	while (r == 0 && (line = read_line(l)))
		r = read_record(l, line, skipped, ret);
	return r;
}

int graph_read_registration(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e)
{
	return read_records(&(struct lines){ .arena = a, .store = s, .file = file, .e = e }, 2, ret);
}

int graph_read_export(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e)
{
	return read_records(&(struct lines){ .arena = a, .store = s, .file = file, .e = e }, 0, ret);
}

int graph_read_list(struct arena *a, const struct store *s, const char *file, struct store_paths *ret, struct err *e)
{
	struct lines l = { .arena = a, .store = s, .file = file, .e = e };
	char *line;
	int r = open_lines(&l);

	*ret = (struct store_paths){ 0 };
	while (r == 0 && (line = read_line(&l)))
		if (*line)
			r = add_line_path(&l, ret, line);
	if (r == 0 && ret->len == 0)
		r = err_set(e, EINVAL, "%s lists no store path", strcmp(file, "-") == 0 ? "standard input" : file);
	if (r == 0)
		store_paths_sort(ret);
	return r;
}

int graph_read_closure_info(struct arena *a, const struct store *s, const char *dir, struct graph *ret, struct err *e)
{
	char *registration = arena_printf(a, "%s/registration", dir), *list = arena_printf(a, "%s/store-paths", dir);
	struct store_paths listed;
	int r;

	if (!registration || !list)
		return err_oom(e);
	r = graph_read_registration(a, s, registration, ret, e);
	if (r == 0)
		r = graph_read_list(a, s, list, &listed, e);
	if (r < 0)
		return err_prefix(e, "closureInfo folder %s", dir);
	for (size_t i = 0; i < listed.len; i++)
		if (!set_find(&ret->paths, listed.items[i]))
			return err_set(e, EINVAL, "closureInfo folder %s: store-paths lists %s, registration does not",
				       dir, listed.items[i]);
	return 0;
}
