/* store/nar, unpack, rewrite, search: a tree becomes an archive, and an archive the same tree. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"
#include "store/nar.h"
#include "store/remove.h"
#include "store/rewrite.h"
#include "store/search.h"
#include "store/unpack.h"

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C32 "cccccccccccccccccccccccccccccccc"

struct bench {
	char dir[4096];
	int fd;
	struct err e;
};

static void begin(struct bench *b)
{
	*b = (struct bench){ 0 };
	strcpy(b->dir, unit_temp_dir());
	b->fd = open(b->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->fd >= 0);
}

static void end(struct bench *b)
{
	assert_ok(tree_remove(AT_FDCWD, b->dir, &b->e), &b->e);
	assert_int_equal(access(b->dir, F_OK), -1);
	close(b->fd);
}

static void file(struct bench *b, const char *name, const char *text, mode_t mode)
{
	int fd = openat(b->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int to_str(void *data, const void *bytes, size_t len, struct err *e)
{
	(void)e;
	str_addn(data, bytes, len);
	return 0;
}

static int pack(struct bench *b, const char *name, bool untrusted, struct str *ret)
{
	const struct nar_tree tree = { b->fd, name, name, untrusted };
	const struct sink to = { to_str, ret };

	b->e = (struct err){ 0 };
	return nar_write(&tree, &to, &b->e);
}

/* In pieces of that many bytes. */
static int unpack_pieces(struct bench *b, const char *name, const char *bytes, size_t len, size_t piece)
{
	struct unpack *u;
	int r;

	b->e = (struct err){ 0 };
	assert_ok(unpack_open(b->fd, name, name, &u, &b->e), &b->e);
	for (r = 0; r == 0 && len > 0; bytes += piece, len -= piece) {
		piece = piece < len ? piece : len;
		r = unpack_add(u, bytes, piece, &b->e);
	}
	if (r == 0)
		r = unpack_end(u, &b->e);
	unpack_close(u);
	return r;
}

static void make_tree(struct bench *b)
{
	assert_int_equal(mkdirat(b->fd, "t", 0755), 0);
	assert_int_equal(mkdirat(b->fd, "t/empty", 0755), 0);
	assert_int_equal(mkdirat(b->fd, "t/a", 0700), 0);
	file(b, "t/a.b", "between a and a/", 0640);
	file(b, "t/a/run", "#!/bin/sh\n", 0755);
	file(b, "t/a/none", "", 0444);
	assert_int_equal(symlinkat("../nowhere", b->fd, "t/a/link"), 0);
}

static void round_trip(void **state)
{
	_cleanup_str_ struct str first = STR_INIT;
	struct bench b;

	(void)state;
	begin(&b);
	make_tree(&b);
	assert_ok(pack(&b, "t", true, &first), &b.e);
	for (size_t piece = 1; piece <= first.len + 1; piece = piece * 3 + 1) {
		_cleanup_str_ struct str again = STR_INIT;
		struct stat st;

		assert_ok(unpack_pieces(&b, "u", first.text, first.len, piece), &b.e);
		assert_ok(pack(&b, "u", true, &again), &b.e);
		assert_int_equal(again.len, first.len);
		assert_memory_equal(again.text, first.text, first.len);
		assert_int_equal(fstatat(b.fd, "u/a/run", &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0555);
		assert_int_equal(st.st_mtim.tv_sec, 1);
		assert_int_equal(st.st_mtim.tv_nsec, 0);
		assert_int_equal(fstatat(b.fd, "u/a.b", &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFREG | 0444);
		assert_int_equal(fstatat(b.fd, "u/a/link", &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mtim.tv_sec, 1);
		assert_int_equal(fstatat(b.fd, "u", &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 0555);
		assert_int_equal(st.st_mtim.tv_sec, 1);
		/* what exists is not written to */
		assert_true(unpack_pieces(&b, "u", first.text, first.len, piece) < 0);
		assert_ok(tree_remove(b.fd, "u", &b.e), &b.e);
	}
	end(&b);
}

/* An archive that is cut off anywhere, or has one bit changed, is refused, or is another archive. */
static void damaged(void **state)
{
	_cleanup_str_ struct str whole = STR_INIT;
	struct bench b;

	(void)state;
	begin(&b);
	make_tree(&b);
	assert_ok(pack(&b, "t", false, &whole), &b.e);
	for (size_t len = 0; len < whole.len; len++) {
		assert_int_equal(unpack_pieces(&b, "u", whole.text, len, 1000), -EINVAL);
		assert_ok(tree_remove(b.fd, "u", &b.e), &b.e);
	}
	for (size_t at = 0; at < whole.len; at++) {
		whole.text[at] ^= 0x40;
		if (unpack_pieces(&b, "u", whole.text, whole.len, 1000) == 0) {
			_cleanup_str_ struct str again = STR_INIT;

			assert_ok(pack(&b, "u", true, &again), &b.e);
			assert_int_equal(again.len, whole.len);
			assert_memory_equal(again.text, whole.text, whole.len);
		}
		whole.text[at] ^= 0x40;
		assert_ok(tree_remove(b.fd, "u", &b.e), &b.e);
	}
	str_addc(&whole, '\0');
	assert_error(unpack_pieces(&b, "u", whole.text, whole.len, 1000), &b.e, EINVAL, b.e.text);
	assert_non_null(strstr(b.e.text, "something lies behind the end"));
	end(&b);
}

static void hostile_outputs(void **state)
{
	_cleanup_str_ struct str archive = STR_INIT;
	struct bench b;

	(void)state;
	begin(&b);
	make_tree(&b);
	/* what nobody can read is made readable, if it is the caller's own */
	assert_int_equal(fchmodat(b.fd, "t/a/run", 0100, 0), 0);
	assert_int_equal(fchmodat(b.fd, "t/a", 0, 0), 0);
	assert_true(pack(&b, "t", false, &archive) < 0);
	assert_ok(pack(&b, "t", true, &archive), &b.e);
	assert_int_equal(mkfifoat(b.fd, "t/fifo", 0644), 0);
	assert_error(pack(&b, "t", true, &archive), &b.e, EPERM,
		     "t/fifo is neither a file nor a folder nor a symbolic link");
	assert_int_equal(unlinkat(b.fd, "t/fifo", 0), 0);
	file(&b, "t/setuid", "x", 04755);
	assert_error(pack(&b, "t", true, &archive), &b.e, EPERM,
		     "t/setuid has a set-user-id or set-group-id bit");
	assert_int_equal(unlinkat(b.fd, "t/setuid", 0), 0);
	/* the root itself is never followed */
	assert_int_equal(symlinkat("t", b.fd, "link"), 0);
	str_free(&archive);
	assert_ok(pack(&b, "link", true, &archive), &b.e);
	assert_non_null(memmem(archive.text, archive.len, "symlink", 7));
	end(&b);
}

/* Deeper than there are descriptors or than a name can say, and without permissions. */
static void deep(void **state)
{
	_cleanup_str_ struct str archive = STR_INIT;
	struct bench b;
	int fd;

	(void)state;
	begin(&b);
	assert_int_equal(mkdirat(b.fd, "deep", 0700), 0);
	fd = openat(b.fd, "deep", O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 5000; i++) {
		int next;

		assert_int_equal(mkdirat(fd, "0123456789", 0700), 0);
		next = openat(fd, "0123456789", O_RDONLY | O_DIRECTORY);
		if (i % 100 == 0)
			fchmod(fd, 0);
		close(fd);
		fd = next;
	}
	close(fd);
	assert_int_equal(pack(&b, "deep", true, &archive), -EPERM);
	assert_non_null(strstr(b.e.text, "lies too deep"));
	end(&b);
}

static size_t piece_at(size_t len, size_t at, size_t piece)
{
	return piece < len - at ? piece : len - at;
}

static void rewriting(void **state)
{
	static const char text[] = "abcXYZdeXYXYZXYZ.XY";

	(void)state;
	for (size_t piece = 1; piece < sizeof text; piece++) {
		_cleanup_str_ struct str out = STR_INIT;
		struct rewrite w = { .from = "XYZ", .to = "123", .len = 3, .next = { to_str, &out } };
		struct err e = { 0 };

		for (size_t at = 0; at < sizeof text - 1; at += piece)
			assert_ok(rewrite_add(&w, text + at, piece_at(sizeof text - 1, at, piece), &e), &e);
		assert_ok(rewrite_end(&w, &e), &e);
		assert_string_equal(str_text(&out), "abc123deXY123123.XY");
		assert_int_equal(w.offset, sizeof text - 1);
	}
}

static void searching(void **state)
{
	static const char text[] = "0123 /nix/store/" A32 "-x " B32 "b e";
	struct arena *a = arena_new();
	struct store_paths candidates = { 0 };
	struct store nix;
	struct search *s;
	struct err e = { 0 };

	(void)state;
	assert_ok(store_describe(a, STORE_NIX, NULL, &nix, &e), &e);
	assert_ok(store_paths_add(a, &candidates, &nix, "/nix/store/" B32 "-b", "", &e), &e);
	assert_ok(store_paths_add(a, &candidates, &nix, "/nix/store/" A32 "-a.lock", "", &e), &e);
	assert_ok(store_paths_add(a, &candidates, &nix, "/nix/store/" A32 "-a", "", &e), &e);
	assert_ok(store_paths_add(a, &candidates, &nix, "/nix/store/" C32 "-c", "", &e), &e);
	assert_ok(search_open(a, &nix, &candidates, &s, &e), &e);
	for (size_t piece = 1; piece < sizeof text; piece++) {
		struct store_paths found = { 0 };

		for (size_t at = 0; at < sizeof text - 1; at += piece)
			search_add(s, text + at, piece_at(sizeof text - 1, at, piece), &e);
		assert_ok(search_take(s, a, &found, &e), &e);
		assert_int_equal(found.len, 2);
		assert_string_equal(found.items[0], "/nix/store/" A32 "-a");
		assert_string_equal(found.items[1], "/nix/store/" B32 "-b");
	}
	/* halves that do not belong together are nothing */
	search_add(s, text, 30, &e);
	search_break(s);
	search_add(s, text + 30, 20, &e);
	assert_ok(search_take(s, a, &candidates, &e), &e);
	assert_int_equal(candidates.len, 4);
	arena_free(a);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(round_trip), cmocka_unit_test(damaged), cmocka_unit_test(hostile_outputs),
	cmocka_unit_test(deep), cmocka_unit_test(rewriting), cmocka_unit_test(searching),
};
UNIT_MAIN(tests)
