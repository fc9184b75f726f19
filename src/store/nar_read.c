/*
 * Why: an archive is unpacked while it is made or received, so the reader is fed; and it may come from anywhere, so it
 * accepts exactly what a writer of archives writes: an order of entries or a padding that hides something is an error.
 *
 * A string is collected whole before it means something, but for contents, which go on as they come.
 */
#include <stdlib.h>
#include <string.h>

#include "store/nar.h"

/* What the next string has to be. */
enum expect {
	MAGIC,
	NODE_OPEN,     /* "(" of a node */
	TYPE,          /* "type" */
	KIND,          /* regular, symlink, directory */
	FILE_PART,     /* executable or contents */
	EXECUTABLE,    /* "" */
	CONTENTS_WORD, /* "contents" */
	CONTENTS,
	NODE_CLOSE,    /* ")" of a node */
	TARGET_WORD,   /* "target" */
	TARGET,
	ENTRY,         /* "entry" or the ")" of the folder */
	ENTRY_OPEN,    /* "(" */
	NAME_WORD,     /* "name" */
	NAME,
	NODE_WORD,     /* "node" */
	ENTRY_CLOSE,   /* ")" of an entry */
	NOTHING,       /* the end of the archive */
};

struct nar_reader {
	const struct nar_events *events;
	void *data;
	enum expect expect;
	uint64_t offset;          /* of the byte that comes next */
	unsigned char length[8];
	unsigned length_have;     /* bytes of the length that are there; 8: the string itself is being read */
	uint64_t left, padding;   /* bytes of the string, and zeros behind it, that are still to come */
	char text[NAR_TARGET_MAX + 1];
	size_t text_len;
	bool executable;
	int depth;                /* folders that are open */
	char names[NAR_DEPTH_MAX + 1][NAR_NAME_MAX + 1]; /* of the last entry in each of them */
};

struct nar_reader *nar_reader_new(const struct nar_events *events, void *data)
{
	struct nar_reader *r = calloc(1, sizeof *r);

	if (r) {
		r->events = events;
		r->data = data;
	}
	return r;
}

void nar_reader_free(struct nar_reader *r)
{
	free(r);
}

static int fail(const struct nar_reader *r, const char *what, struct err *e)
{
	return err_set(e, EINVAL, "archive, byte %llu: %s", (unsigned long long)r->offset, what);
}

static bool is(const struct nar_reader *r, const char *word)
{
	return strlen(word) == r->text_len && memcmp(r->text, word, r->text_len) == 0;
}

static int need(struct nar_reader *r, const char *word, enum expect next, struct err *e)
{
	if (!is(r, word)) {
		err_set(e, EINVAL, "archive, byte %llu: '%s' is missing", (unsigned long long)r->offset, word);
		return -EINVAL;
	}
	r->expect = next;
	return 0;
}

/* The name of the node at hand: "" for the root. */
static const char *node_name(const struct nar_reader *r)
{
	return r->depth ? r->names[r->depth] : "";
}

/* After the ")" of a node. */
static void leave_node(struct nar_reader *r)
{
	r->expect = r->depth ? ENTRY_CLOSE : NOTHING;
}

static int read_kind(struct nar_reader *r, struct err *e)
{
	int result;

	if (is(r, "regular")) {
		r->executable = false;
		r->expect = FILE_PART;
		return 0;
	}
	if (is(r, "symlink")) {
		r->expect = TARGET_WORD;
		return 0;
	}
	if (!is(r, "directory"))
		return fail(r, "a node is neither regular nor symlink nor directory", e);
	if (r->depth == NAR_DEPTH_MAX)
		return fail(r, "folders lie too deep", e);
	result = r->events->directory(r->data, node_name(r), e);
	r->names[++r->depth][0] = '\0';
	r->expect = ENTRY;
	return result;
}

static int read_file_part(struct nar_reader *r, struct err *e)
{
	if (is(r, "executable")) {
		r->executable = true;
		r->expect = EXECUTABLE;
		return 0;
	}
	return need(r, "contents", CONTENTS, e);
}

static int read_target(struct nar_reader *r, struct err *e)
{
	if (r->text_len == 0 || memchr(r->text, '\0', r->text_len))
		return fail(r, "the target of a symbolic link is empty or has a NUL in it", e);
	r->text[r->text_len] = '\0';
	r->expect = NODE_CLOSE;
	return r->events->symlink(r->data, node_name(r), r->text, e);
}

static int read_entry(struct nar_reader *r, struct err *e)
{
	if (is(r, "entry")) {
		r->expect = ENTRY_OPEN;
		return 0;
	}
	if (!is(r, ")"))
		return fail(r, "neither an entry nor the end of a folder", e);
	r->depth--;
	leave_node(r);
	return r->events->end(r->data, e);
}

static int read_name(struct nar_reader *r, struct err *e)
{
	char *last = r->names[r->depth];

	r->text[r->text_len] = '\0';
	if (r->text_len == 0 || r->text_len > NAR_NAME_MAX || strlen(r->text) != r->text_len ||
	    strchr(r->text, '/') || strcmp(r->text, ".") == 0 || strcmp(r->text, "..") == 0)
		return fail(r, "an entry's name is not the name of a file", e);
	if (strcmp(last, r->text) >= 0)
		return fail(r, "an entry's name is not behind the one before it", e);
	memcpy(last, r->text, r->text_len + 1);
	r->expect = NODE_WORD;
	return 0;
}

/* A whole string is there. */
static int read_text(struct nar_reader *r, struct err *e)
{
	switch (r->expect) {
	case MAGIC: return need(r, "nix-archive-1", NODE_OPEN, e);
	case NODE_OPEN: return need(r, "(", TYPE, e);
	case TYPE: return need(r, "type", KIND, e);
	case KIND: return read_kind(r, e);
	case FILE_PART: return read_file_part(r, e);
	case EXECUTABLE: return need(r, "", CONTENTS_WORD, e);
	case CONTENTS_WORD: return need(r, "contents", CONTENTS, e);
	case NODE_CLOSE:
		leave_node(r);
		return is(r, ")") ? 0 : fail(r, "')' is missing", e);
	case TARGET_WORD: return need(r, "target", TARGET, e);
	case TARGET: return read_target(r, e);
	case ENTRY: return read_entry(r, e);
	case ENTRY_OPEN: return need(r, "(", NAME_WORD, e);
	case NAME_WORD: return need(r, "name", NAME, e);
	case NAME: return read_name(r, e);
	case NODE_WORD: return need(r, "node", NODE_OPEN, e);
	case ENTRY_CLOSE: return need(r, ")", ENTRY, e);
	case CONTENTS:
		r->expect = NODE_CLOSE;
		return r->events->end(r->data, e);
	case NOTHING: break;
	}
	return fail(r, "something lies behind the end", e);
}

static int begin_text(struct nar_reader *r, struct err *e)
{
	r->left = 0;
	for (int i = 0; i < 8; i++)
		r->left |= (uint64_t)r->length[i] << 8 * i;
	r->padding = (8 - r->left % 8) % 8;
	r->text_len = 0;
	if (r->expect == CONTENTS)
		return r->left > INT64_MAX ? fail(r, "a file is impossibly large", e) :
			r->events->file(r->data, node_name(r), r->executable, r->left, e);
	return r->left > NAR_TARGET_MAX ? fail(r, "a string is too long", e) : 0;
}

/* Takes some of the bytes, at least one; how many comes back in *ret. */
static int take(struct nar_reader *r, const unsigned char *bytes, size_t len, size_t *ret, struct err *e)
{
	*ret = 1;
	if (r->expect == NOTHING)
		return fail(r, "something lies behind the end", e);
	if (r->length_have < 8) {
		r->length[r->length_have++] = *bytes;
		return r->length_have == 8 ? begin_text(r, e) : 0;
	}
	if (r->left > 0) {
		*ret = r->left < len ? (size_t)r->left : len;
		r->left -= *ret;
		if (r->expect == CONTENTS)
			return r->events->bytes(r->data, bytes, *ret, e);
		memcpy(r->text + r->text_len, bytes, *ret);
		r->text_len += *ret;
		return 0;
	}
	r->padding--;
	return *bytes ? fail(r, "padding is not zero", e) : 0;
}

int nar_reader_add(struct nar_reader *r, const void *bytes, size_t len, struct err *e)
{
	const unsigned char *p = bytes;
	int result = 0;

	while (result == 0 && len > 0) {
		size_t n;

		result = take(r, p, len, &n, e);
		p += n;
		len -= n;
		r->offset += n;
		if (result == 0 && r->length_have == 8 && r->left == 0 && r->padding == 0) {
			r->length_have = 0;
			result = read_text(r, e);
		}
	}
	return result;
}

int nar_reader_end(struct nar_reader *r, struct err *e)
{
	return r->expect == NOTHING && r->length_have == 0 ? 0 : fail(r, "it is cut off", e);
}
