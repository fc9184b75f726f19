/*
 * Why: compiling an engine's default filter takes libseccomp milliseconds, more than all the rest of starting a
 * container; and it is nearly always the same filter. The cache has a fixed number of slots, so it needs no
 * cleaning up, and each file holds its whole key, so that a slot that is shared costs a compilation and nothing
 * else.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>

#include "apply/seccomp.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/log.h"
#include "sys/process.h"

#define CACHE_DIR ".seccomp-cache"
#define SLOTS 256
#define FILE_MAX (4 * 1024 * 1024)

static const char magic[8] = "cloisec1";

/* In front of the key and the filter. Byte order and layout are this machine's: the key names the architecture. */
struct header {
	char magic[8];
	uint64_t sum;                 /* of all that follows it */
	uint64_t key_len;
	uint64_t filter_len;          /* instructions */
};

/* FNV-1a, which finds what a disk or a writer broke; it is no defence, and needs to be none: the files are ours. */
static uint64_t sum_bytes(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
	return sum;
}

/* All that the compiled filter depends on. */
static void make_key(const struct plan_seccomp *filter, struct str *key)
{
	const struct scmp_version *v = seccomp_version();

	str_addf(key, "libseccomp %u.%u.%u api %u arch %#x", v->major, v->minor, v->micro, seccomp_api_get(),
		 seccomp_arch_native());
	plan_seccomp_print(filter, key);
}

/* The directory if it is the caller's and closed to everyone else, made if it is missing; else -1. */
static int open_cache(const char *state_root)
{
	_cleanup_close_ int root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int dir = -1;
	struct stat st;

	if (root < 0 || (mkdirat(root, CACHE_DIR, 0700) < 0 && errno != EEXIST))
		return -1;
	dir = openat(root, CACHE_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st) < 0)
		return -1;
	if (st.st_uid != geteuid() || (st.st_mode & 077)) {
		log_debug("seccomp: %s/" CACHE_DIR " is not ours alone, not used", state_root);
		return -1;
	}
	return take_fd(&dir);
}

/* True if the file in the slot is whole, ours, and made from the same key. */
static bool read_slot(struct arena *a, int dir, const char *slot, const struct str *key, struct seccomp_program *ret)
{
	_cleanup_close_ int fd = openat(dir, slot, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct header h;
	struct err ignored;
	struct stat st;
	size_t size;
	char *bytes;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return false;
	if (io_read_fd(a, fd, slot, FILE_MAX, &bytes, &size, &ignored) < 0 || size < sizeof h)
		return false;
	memcpy(&h, bytes, sizeof h);
	if (memcmp(h.magic, magic, sizeof magic) != 0 || h.key_len != key->len || h.filter_len == 0 ||
	    h.filter_len > BPF_MAXINSNS || size != sizeof h + key->len + h.filter_len * sizeof(struct sock_filter))
		return false;
	if (sum_bytes(bytes + sizeof h, size - sizeof h) != h.sum || memcmp(bytes + sizeof h, key->text, key->len) != 0)
		return false;
	ret->filter = arena_array(a, h.filter_len, sizeof(struct sock_filter));
	if (!ret->filter)
		return false;
	memcpy(ret->filter, bytes + sizeof h + key->len, h.filter_len * sizeof(struct sock_filter));
	ret->len = h.filter_len;
	return true;
}

static void write_slot(int dir, const char *slot, const struct str *key, const struct seccomp_program *program)
{
	_cleanup_str_ struct str file = STR_INIT;
	struct header h = { .key_len = key->len, .filter_len = program->len };
	struct err e;

	memcpy(h.magic, magic, sizeof magic);
	str_addn(&file, &h, sizeof h);
	str_addn(&file, key->text, key->len);
	str_addn(&file, program->filter, program->len * sizeof(struct sock_filter));
	if (file.failed)
		return;
	h.sum = sum_bytes(file.text + sizeof h, file.len - sizeof h);
	memcpy(file.text, &h, sizeof h);
	if (io_write_file_atomic(dir, slot, file.text, file.len, 0600, &e) < 0)
		log_debug("seccomp: cannot keep the compiled filter: %s", e.text);
}

int seccomp_compile_cached(struct arena *a, const char *state_root, const struct plan_seccomp *filter,
			   struct seccomp_program *ret, struct err *e)
{
	_cleanup_str_ struct str key = STR_INIT;
	_cleanup_close_ int dir = -1;
	char slot[16];
	int r;

	make_key(filter, &key);
	if (key.failed)
		return err_oom(e);
	dir = open_cache(state_root);
	snprintf(slot, sizeof slot, "%02x", (unsigned)(sum_bytes(key.text, key.len) % SLOTS));
	if (dir >= 0 && read_slot(a, dir, slot, &key, ret))
		return 0;
	r = seccomp_compile(a, filter, ret, e);
	/* libseccomp has had more than a megabyte for it, which a created container would hold until it is started. */
	sys_trim_heap();
	if (r == 0 && dir >= 0)
		write_slot(dir, slot, &key, ret);
	return r;
}
