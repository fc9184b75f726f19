/* An archive: whatever is accepted, whole or in pieces, has proper names and is unpacked to what gives it again. */
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>

#include "store/nar.h"

struct seen {
	size_t open, entries;
	uint64_t left;
	bool in_file;
	struct str log;  /* everything, so that two ways of reading can be compared */
};

static void check_name(struct seen *s, const char *name)
{
	fuzz_check(!s->in_file);
	fuzz_check(!strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	fuzz_check((*name == '\0') == (s->open == 0 && s->entries == 0));
	s->entries++;
}

static int directory(void *data, const char *name, struct err *e)
{
	struct seen *s = data;

	(void)e;
	check_name(s, name);
	fuzz_check(++s->open <= NAR_DEPTH_MAX);
	str_addf(&s->log, "d %s\n", name);
	return 0;
}

static int file(void *data, const char *name, bool executable, uint64_t size, struct err *e)
{
	struct seen *s = data;

	(void)e;
	check_name(s, name);
	s->in_file = true;
	s->left = size;
	s->open++;
	str_addf(&s->log, "f %s %d\n", name, executable);
	return 0;
}

static int bytes(void *data, const void *p, size_t len, struct err *e)
{
	struct seen *s = data;

	(void)e;
	fuzz_check(s->in_file && len > 0 && len <= s->left);
	s->left -= len;
	str_addn(&s->log, p, len);
	return 0;
}

static int link_to(void *data, const char *name, const char *target, struct err *e)
{
	struct seen *s = data;

	(void)e;
	check_name(s, name);
	fuzz_check(*target && strlen(target) <= NAR_TARGET_MAX);
	str_addf(&s->log, "l %s %s\n", name, target);
	return 0;
}

static int end(void *data, struct err *e)
{
	struct seen *s = data;

	(void)e;
	fuzz_check(s->open-- > 0 && (!s->in_file || s->left == 0));
	s->in_file = false;
	str_add(&s->log, ".\n");
	return 0;
}

static const struct nar_events events = { directory, file, bytes, link_to, end };

static bool read_all(struct seen *seen, const uint8_t *data, size_t size, size_t piece)
{
	_cleanup_nar_reader_ struct nar_reader *r = nar_reader_new(&events, seen);
	struct err e = { 0 };
	int result = 0;

	for (size_t at = 0; result == 0 && at < size; at += piece)
		result = nar_reader_add(r, data + at, piece < size - at ? piece : size - at, &e);
	if (result == 0)
		result = nar_reader_end(r, &e);
	return fuzz_succeeded(result, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { 0 }, pieces = { 0 };

	fuzz_check(read_all(&whole, data, size, size + 1) == read_all(&pieces, data, size, 7));
	fuzz_check(whole.log.len == pieces.log.len && (!whole.log.len || memcmp(whole.log.text, pieces.log.text,
										 whole.log.len) == 0));
	str_free(&whole.log);
	str_free(&pieces.log);
	return 0;
}
