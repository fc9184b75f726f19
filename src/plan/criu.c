/* Why: see criu.h. */
#include "plan/criu.h"

#include <errno.h>
#include <string.h>

enum { WIRE_NUMBER = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static const struct { enum criu_option option; const char *name; } names[] = {
	{ CRIU_IMAGES_DIR, "images-dir" }, { CRIU_PID, "pid" }, { CRIU_LEAVE_RUNNING, "leave-running" },
	{ CRIU_EXT_UNIX_SK, "ext-unix-sk" }, { CRIU_TCP_ESTABLISHED, "tcp-established" },
	{ CRIU_SHELL_JOB, "shell-job" }, { CRIU_FILE_LOCKS, "file-locks" }, { CRIU_LOG_LEVEL, "log-level" },
	{ CRIU_LOG_FILE, "log-file" }, { CRIU_PAGE_SERVER, "page-server" }, { CRIU_NOTIFY_SCRIPTS, "notify-scripts" },
	{ CRIU_ROOT, "root" }, { CRIU_PARENT_IMAGE, "parent-image" }, { CRIU_TRACK_MEM, "track-mem" },
	{ CRIU_AUTO_DEDUP, "auto-dedup" }, { CRIU_WORK_DIR, "work-dir" },
	{ CRIU_CGROUP_ROOT, "cgroup-root" }, { CRIU_SIBLING, "sibling" }, { CRIU_INHERIT, "inherit-fd" },
	{ CRIU_EXT_SHARING, "external-sharing" }, { CRIU_EXT_MASTERS, "external-masters" },
	{ CRIU_CGROUPS_MODE, "manage-cgroups-mode" }, { CRIU_EXTERNAL, "external" }, { CRIU_EMPTY_NS, "empty-ns" },
	{ CRIU_JOIN_NS, "join-ns" },
	{ CRIU_ORPHAN_PTS_MASTER, "orphan-pts-master" }, { CRIU_LSM_PROFILE, "lsm-profile" },
};

static const char *name_of(enum criu_option option)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].option == option)
			return names[i].name;
	return "?";
}

/* ---- writing ---- */

static void add_varint(struct str *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		str_addc(out, (char)(n | 0x80));
	str_addc(out, (char)n);
}

static void add_number(struct str *out, unsigned field, uint64_t n)
{
	add_varint(out, (uint64_t)field << 3 | WIRE_NUMBER);
	add_varint(out, n);
}

static void add_bytes(struct str *out, unsigned field, const void *bytes, size_t len)
{
	add_varint(out, (uint64_t)field << 3 | WIRE_BYTES);
	add_varint(out, len);
	str_addn(out, bytes, len);
}

static void add_message(struct criu_request *r, enum criu_option option, struct str *inner)
{
	add_bytes(&r->options, option, str_text(inner), inner->len);
	r->options.failed |= inner->failed;
	str_free(inner);
}

void criu_number(struct criu_request *r, enum criu_option option, uint64_t value)
{
	add_number(&r->options, option, value);
	str_addf(&r->text, "%s %llu\n", name_of(option), (unsigned long long)value);
}

void criu_text(struct criu_request *r, enum criu_option option, const char *value)
{
	add_bytes(&r->options, option, value, strlen(value));
	str_addf(&r->text, "%s %s\n", name_of(option), value);
}

void criu_inherit(struct criu_request *r, const char *key, int fd)
{
	struct str inner = STR_INIT;

	add_bytes(&inner, 1, key, strlen(key));
	add_number(&inner, 2, (uint64_t)fd);
	add_message(r, CRIU_INHERIT, &inner);
	str_addf(&r->text, "inherit-fd %s %d\n", key, fd);
}

void criu_join(struct criu_request *r, const char *ns, const char *file)
{
	struct str inner = STR_INIT;

	add_bytes(&inner, 1, ns, strlen(ns));
	add_bytes(&inner, 2, file, strlen(file));
	add_message(r, CRIU_JOIN_NS, &inner);
	str_addf(&r->text, "join-ns %s %s\n", ns, file);
}

void criu_page_server(struct criu_request *r, const char *address, uint16_t port)
{
	struct str inner = STR_INIT;

	add_bytes(&inner, 1, address, strlen(address));
	add_number(&inner, 2, port);
	add_message(r, CRIU_PAGE_SERVER, &inner);
	str_addf(&r->text, "page-server %s %u\n", address, (unsigned)port);
}

void criu_cgroup_root(struct criu_request *r, const char *path)
{
	struct str inner = STR_INIT;

	add_bytes(&inner, 2, path, strlen(path));
	add_message(r, CRIU_CGROUP_ROOT, &inner);
	str_addf(&r->text, "cgroup-root %s\n", path);
}

void criu_encode(const struct criu_request *r, struct str *out)
{
	add_number(out, 1, r->type);
	add_bytes(out, 2, str_text(&r->options), r->options.len);
	out->failed |= r->options.failed;
}

void criu_encode_notified(struct str *out, bool success)
{
	add_number(out, 1, CRIU_NOTIFY);
	add_number(out, 3, success);
}

void criu_free(struct criu_request *r)
{
	str_free(&r->options);
	str_free(&r->text);
}

/* ---- reading ---- */

struct reader {
	const unsigned char *next, *end;
};

struct field {
	unsigned number, wire;
	uint64_t value;               /* or the length of bytes */
	const unsigned char *bytes;
};

static int read_varint(struct reader *r, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		if (r->next == r->end)
			return -EBADMSG;
		*ret |= (uint64_t)(*r->next & 0x7f) << shift;
		if (!(*r->next++ & 0x80))
			return 0;
	}
	return -EBADMSG;
}

static int skip(struct reader *r, uint64_t len)
{
	if (len > (uint64_t)(r->end - r->next))
		return -EBADMSG;
	r->next += len;
	return 0;
}

static int read_field(struct reader *r, struct field *ret)
{
	uint64_t head;

	if (read_varint(r, &head) < 0 || head >> 3 > UINT32_MAX)
		return -EBADMSG;
	*ret = (struct field){ .number = (unsigned)(head >> 3), .wire = head & 7 };
	switch (ret->wire) {
	case WIRE_NUMBER:
		return read_varint(r, &ret->value);
	case WIRE_64:
		return skip(r, 8);
	case WIRE_32:
		return skip(r, 4);
	case WIRE_BYTES:
		if (read_varint(r, &ret->value) < 0)
			return -EBADMSG;
		ret->bytes = r->next;
		return skip(r, ret->value);
	default:
		return -EBADMSG;
	}
}

/* The restored process (field 1), or a notification (1 and 2). */
static int read_inner(struct arena *a, const struct field *f, bool notification, struct criu_answer *ret)
{
	struct reader r = { f->bytes, f->bytes + f->value };
	struct field inner;

	while (r.next < r.end) {
		if (read_field(&r, &inner) < 0)
			return -EBADMSG;
		if (inner.number == 1 && notification && inner.wire == WIRE_BYTES)
			ret->script = arena_strndup(a, (const char *)inner.bytes, inner.value);
		else if (inner.number == (notification ? 2 : 1) && inner.wire == WIRE_NUMBER)
			ret->pid = (pid_t)inner.value;
	}
	return 0;
}

int criu_decode(struct arena *a, const void *bytes, size_t len, struct criu_answer *ret)
{
	struct reader r = { bytes, (const unsigned char *)bytes + len };
	struct field f;
	int result = 0;

	*ret = (struct criu_answer){ 0 };
	while (result == 0 && r.next < r.end) {
		result = read_field(&r, &f);
		if (result < 0)
			break;
		if (f.number == 1 && f.wire == WIRE_NUMBER)
			ret->type = (int)f.value;
		else if (f.number == 2 && f.wire == WIRE_NUMBER)
			ret->success = f.value;
		else if ((f.number == 4 || f.number == 5) && f.wire == WIRE_BYTES)
			result = read_inner(a, &f, f.number == 5, ret);
		else if (f.number == 7 && f.wire == WIRE_NUMBER)
			ret->number = (int)f.value;
		else if (f.number == 9 && f.wire == WIRE_BYTES)
			ret->message = arena_strndup(a, (const char *)f.bytes, f.value);
	}
	return result < 0 || ret->type == 0 ? -EBADMSG : 0;
}
