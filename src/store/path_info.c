/*
 * Why: `nix path-info --json --recursive` is the one way to ask any Nix, also a remote one, for references; and its
 * output has had three shapes (graph.h). One reader takes all, told apart by what stands where:
 *
 *   [ {"path": P, "references": [P...]} ]      {P: {"references": [P...]}}      {"info": {P: {"references": [P...]}}}
 */
#include <string.h>

#include "libocispec/json/json.h"
#include "store/graph.h"

enum where {
	BEFORE,      /* the document */
	LIST,        /* of records: the first shape */
	OUTER,       /* the object of the second and third */
	BY_PATH,     /* the object "info" of the third */
	RECORD,
	REFERENCES,
	ELSEWHERE,   /* what no one asks for; `depth` counts how deep */
};

struct reader {
	struct arena *arena;
	const struct store *store;
	const char *file;
	struct graph *graph;
	enum where where, above;  /* above: where the record lies */
	enum where after;         /* where to go on behind ELSEWHERE */
	size_t depth;
	char *key;
	char *path;
	struct store_paths *references;
};

static char *take_text(struct reader *r, const struct json_event *event)
{
	return arena_strndup(r->arena, event->text, event->len);
}

/* A path, by its full name or by its base name. */
static int take_path(struct reader *r, const char *text, struct store_paths *list, struct err *e)
{
	if (strchr(text, '/'))
		return store_paths_add(r->arena, list, r->store, text, "path-info", e);
	text = arena_printf(r->arena, "%s/%s", r->store->dir, text);
	return text ? store_paths_add(r->arena, list, r->store, text, "path-info", e) : err_oom(e);
}

static int begin_record(struct reader *r, const char *path, enum where above, struct err *e)
{
	struct store_paths one = { 0 };
	int result;

	r->where = RECORD;
	r->above = above;
	r->path = NULL;
	r->references = NULL;
	if (!path)
		return 0;
	result = take_path(r, path, &one, e);
	if (result == 0)
		r->path = one.items[0];
	return result;
}

static int end_record(struct reader *r, struct err *e)
{
	r->where = r->above;
	if (!r->path)
		return err_set(e, EINVAL, "a record without \"path\"");
	if (!r->references)
		return err_set(e, EINVAL, "%s has no \"references\": it is not valid in the store that was asked",
			       r->path);
	return graph_add(r->graph, r->path, r->references, r->file, e);
}

static int pass_over(struct reader *r, const struct json_event *event, enum where after)
{
	if (event->type == JSON_OBJECT || event->type == JSON_ARRAY) {
		r->where = ELSEWHERE;
		r->after = after;
		r->depth = 1;
	}
	return 0;
}

static int in_elsewhere(struct reader *r, const struct json_event *event)
{
	if (event->type == JSON_OBJECT || event->type == JSON_ARRAY)
		r->depth++;
	else if (event->type == JSON_END && --r->depth == 0)
		r->where = r->after;
	return 0;
}

static int expected(const struct json_event *event, const char *what, struct err *e)
{
	return err_set(e, EINVAL, "expected %s, found %s", what, json_type_name(event->type));
}

static int in_record(struct reader *r, const struct json_event *event, struct err *e)
{
	struct store_paths one = { 0 };
	char *text;
	int result;

	if (event->type == JSON_END)
		return end_record(r, e);
	if (strcmp(r->key, "references") == 0) {
		if (event->type != JSON_ARRAY)
			return expected(event, "an array of references", e);
		r->where = REFERENCES;
		r->references = arena_alloc(r->arena, sizeof *r->references);
		return r->references ? 0 : err_oom(e);
	}
	if (strcmp(r->key, "path") != 0 || r->above != LIST)
		return pass_over(r, event, RECORD);
	if (event->type != JSON_STRING)
		return expected(event, "a store path", e);
	text = take_text(r, event);
	result = text ? take_path(r, text, &one, e) : err_oom(e);
	if (result == 0)
		r->path = one.items[0];
	return result;
}

static int in_references(struct reader *r, const struct json_event *event, struct err *e)
{
	char *text;

	if (event->type == JSON_END) {
		r->where = RECORD;
		return 0;
	}
	if (event->type != JSON_STRING)
		return expected(event, "a store path", e);
	text = take_text(r, event);
	return text ? take_path(r, text, r->references, e) : err_oom(e);
}

static int in_paths(struct reader *r, const struct json_event *event, struct err *e)
{
	bool outer = r->where == OUTER;

	if (event->type == JSON_END) {
		r->where = outer ? BEFORE : OUTER;
		return 0;
	}
	if (outer && strcmp(r->key, "info") == 0 && event->type == JSON_OBJECT) {
		r->where = BY_PATH;
		return 0;
	}
	if (outer && *r->key != '/')
		return pass_over(r, event, OUTER);
	if (event->type == JSON_NULL)
		return err_set(e, EINVAL, "%s is not valid in the store that was asked", r->key);
	if (event->type != JSON_OBJECT)
		return expected(event, "an object", e);
	return begin_record(r, r->key, r->where, e);
}

static int take_event(void *context, struct json_event *event, struct err *e)
{
	struct reader *r = context;

	if (r->where == ELSEWHERE)
		return in_elsewhere(r, event);
	if (event->type == JSON_KEY) {
		r->key = take_text(r, event);
		return r->key ? 0 : err_oom(e);
	}
	switch (r->where) {
	case BEFORE:
		r->where = event->type == JSON_ARRAY ? LIST : OUTER;
		return event->type == JSON_ARRAY || event->type == JSON_OBJECT ? 0 :
			expected(event, "what nix path-info --json writes", e);
	case LIST:
		if (event->type == JSON_END)
			r->where = BEFORE;
		else if (event->type == JSON_OBJECT)
			return begin_record(r, NULL, LIST, e);
		else
			return expected(event, "an object", e);
		return 0;
	case RECORD:
		return in_record(r, event, e);
	case REFERENCES:
		return in_references(r, event, e);
	default:
		return in_paths(r, event, e);
	}
}

int graph_read_path_info(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e)
{
	struct reader reader = { .arena = a, .store = s, .file = file, .graph = ret, .where = BEFORE };
	char *text;
	size_t len;
	int r;

	r = graph_read_file(a, file, &text, &len, e);
	return r < 0 ? r
		     : json_parse(strcmp(file, "-") == 0 ? "standard input" : file, text, len, take_event, &reader, e);
}
