/* The database as its owner and as anyone else sees it, in each of SQLite's states; and databases made to harm. */
#include "store/database.h"

#include "fake.h"
#include "store/closure.h"

static const char whole[] = HELLO "\n" GLIBC "\n" BASH "\n";

/* hello -> glibc -> bash -> glibc, hello -> hello. */
static void fill(struct fake *f)
{
	fake_valid(f, HELLO);
	fake_valid(f, GLIBC);
	fake_valid(f, BASH);
	fake_valid(f, OTHER);
	fake_reference(f, HELLO, HELLO);
	fake_reference(f, HELLO, GLIBC);
	fake_reference(f, GLIBC, BASH);
	fake_reference(f, BASH, GLIBC);
	fake_reference(f, OTHER, HELLO);
}

static void read_whole(struct fake *f)
{
	struct store_paths roots = fake_list(f, HELLO), closure;

	assert_ok(closure_from_database(f->arena, &f->store, &roots, &closure, &f->e), &f->e);
	assert_string_equal(fake_text(f, &closure), whole);
}

static char *beside(struct fake *f, const char *suffix)
{
	return arena_printf(f->arena, "%s%s", f->store.database, suffix);
}

static void database_dir_mode(struct fake *f, mode_t mode)
{
	assert_int_equal(chmod(arena_printf(f->arena, "%s/db", f->store.state_dir), mode), 0);
}

static void journal_modes(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fill(&f);
	read_whole(&f);
	fake_sql(&f, "pragma journal_mode = wal");
	assert_int_equal(access(beside(&f, "-wal"), F_OK), -1);
	read_whole(&f);
	/* Reading left no trace. */
	assert_int_equal(access(beside(&f, "-wal"), F_OK), -1);
	assert_int_equal(access(beside(&f, "-shm"), F_OK), -1);
	database_dir_mode(&f, 0555);
	read_whole(&f);
	database_dir_mode(&f, 0755);
	fake_end(&f);
}

/* A process has it open, and has put the newest state in its WAL only. */
static void open_writer(void **state)
{
	struct fake f;
	sqlite3 *db;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10\n");
	fake_sql(&f, "pragma journal_mode = wal");
	assert_int_equal(sqlite3_open(f.store.database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "pragma wal_autocheckpoint = 0", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "create table hold (x)", NULL, NULL, NULL), SQLITE_OK);
	fill(&f);
	assert_int_equal(access(beside(&f, "-wal"), F_OK), 0);
	read_whole(&f);
	database_dir_mode(&f, 0555);
	read_whole(&f);
	database_dir_mode(&f, 0755);
	sqlite3_close(db);
	fake_end(&f);
}

/* The writer was killed: a WAL without its -shm, in a folder where none can be made. Its content must not be lost. */
static void killed_writer(void **state)
{
	struct fake f;
	sqlite3 *db;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fake_sql(&f, "pragma journal_mode = wal");
	assert_int_equal(sqlite3_open(f.store.database, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "pragma wal_autocheckpoint = 0; create table hold (x)", NULL, NULL, NULL),
			 SQLITE_OK);
	fill(&f);
	assert_int_equal(rename(beside(&f, "-wal"), beside(&f, "-kept")), 0);
	sqlite3_close(db);
	assert_int_equal(rename(beside(&f, "-kept"), beside(&f, "-wal")), 0);
	unlink(beside(&f, "-shm"));
	database_dir_mode(&f, 0555);
	read_whole(&f);
	database_dir_mode(&f, 0755);
	assert_int_equal(access(beside(&f, "-shm"), F_OK), -1);
	fake_end(&f);
}

static void guix(void **state)
{
	static const char a[] = "/gnu/store/" A32 "-hello", b[] = "/gnu/store/" B32 "-glibc";
	struct store_paths roots, closure;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_GUIX);
	fake_database(&f, "7");
	fake_valid(&f, a);
	fake_valid(&f, b);
	fake_reference(&f, a, b);
	roots = fake_list(&f, a);
	assert_ok(closure_from_database(f.arena, &f.store, &roots, &closure, &f.e), &f.e);
	assert_string_equal(fake_text(&f, &closure), arena_printf(f.arena, "%s\n%s\n", a, b));
	fake_end(&f);
}

static void refused(struct fake *f, int number, const char *text)
{
	struct store_paths roots = fake_list(f, HELLO), closure;

	assert_error(closure_from_database(f->arena, &f->store, &roots, &closure, &f->e), &f->e, number, text);
}

static void schemas(void **state)
{
	struct fake f;
	const char *file;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "11");
	file = arena_printf(f.arena, "%s/db/schema", f.store.state_dir);
	refused(&f, ENOTSUP,
		arena_printf(f.arena,
			     "%s: the nix database has schema 11, known is 10: give the closure by "
			     "--path-info, --closure-info or --closure",
			     file));
	fake_file(&f, "/nix/var/nix/db/schema", "ten", 0644);
	refused(&f, EINVAL, arena_printf(f.arena, "%s: 'ten' is not a schema number", file));
	unlink(file);
	refused(&f, ENOENT,
		arena_printf(f.arena, "schema of the store database: open %s: no such file or directory", file));
	/* A database given by name has no schema file beside it. */
	f.store.database_given = true;
	refused(&f, ENOENT,
		arena_printf(f.arena, "store path " HELLO " is not valid: the store database %s does not list it",
			     f.store.database));
	fake_end(&f);
}

static void not_a_database(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fake_sql(&f, "drop table Refs");
	refused(&f, EINVAL,
		arena_printf(f.arena,
			     "store database %s has no tables ValidPaths and Refs: it belongs to no Nix or "
			     "Guix store",
			     f.store.database));
	fake_file(&f, "/nix/var/nix/db/db.sqlite", "SQLite format 3", 0644);
	refused(&f, EINVAL, arena_printf(f.arena, "store database %s is not an SQLite database", f.store.database));
	unlink(f.store.database);
	assert_false(database_exists(&f.store));
	refused(&f, ENOENT,
		arena_printf(f.arena, "open store database %s: no such file or directory", f.store.database));
	assert_int_equal(mkfifo(f.store.database, 0644), 0);
	refused(&f, EINVAL, arena_printf(f.arena, "store database %s is not a regular file", f.store.database));
	fake_end(&f);
}

/* Paths that would lead elsewhere, values of the wrong type, and a view that never ends. */
static void hostile(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fill(&f);
	fake_sql(&f, "update ValidPaths set path = '/nix/store/../../etc' where id = 3");
	refused(&f, EINVAL, arena_printf(f.arena, "%s: '/nix/store/../../etc' is not a store path of /nix/store",
					 f.store.database));
	fake_sql(&f, "update ValidPaths set path = x'2f6e697800' where id = 3");
	refused(&f, EINVAL, arena_printf(f.arena, "store database %s: a reference is not text", f.store.database));
	fake_sql(&f, "update ValidPaths set path = zeroblob(2000000) where id = 3");
	refused(&f, EIO,
		arena_printf(f.arena, "store database %s: read references: string or blob too big", f.store.database));
	fake_sql(&f,
		 "drop table Refs; create view Refs as with recursive n(i) as (select 1 union all select i + 1 from n) "
		 "select 1 as referrer, i as reference from n");
	refused(&f, EINVAL,
		arena_printf(f.arena,
			     "store database %s has no tables ValidPaths and Refs: it belongs to no Nix or "
			     "Guix store",
			     f.store.database));
	fake_end(&f);
}

/* No index, so that each look-up reads a great many rows, and a long chain of them: bounded work. */
static void slow(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fake_sql(&f, "drop table ValidPaths; create table ValidPaths (id integer primary key, path text); insert into "
		     "ValidPaths values (1, '" HELLO
		     "'); with recursive n(i) as (select 2 union all select i + 1 from n where "
		     "i < 100000) insert into ValidPaths select i, '/nix/store/" A32
		     "-' || i from n; insert into Refs select "
		     "id, id + 1 from ValidPaths where id between 95000 and 99998 union select 1, 95000");
	refused(&f, E2BIG,
		arena_printf(f.arena,
			     "store database %s: look up a path took too many steps: the database is damaged "
			     "or crafted",
			     f.store.database));
	fake_end(&f);
}

/* More references than any path has. */
static void endless(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fill(&f);
	fake_sql(&f, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100020) insert or "
		     "ignore into "
		     "Refs select 1, 2 + i from n; with recursive n(i) as (select 10 union all select i + 1 from n "
		     "where i < "
		     "100030) insert into ValidPaths (id, path, hash, registrationTime) select i, '/nix/store/" A32
		     "-' || i, "
		     "'x', 1 from n");
	refused(&f, E2BIG, arena_printf(f.arena, "store database %s: " HELLO " has more than 100000 references",
					f.store.database));
	fake_end(&f);
}

/* Every single byte of the file may be wrong: an error or a closure of store paths, never a crash. */
static void damaged(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fill(&f);
	for (int i = 0; i < 3000; i++) {
		struct store_paths roots = fake_list(&f, HELLO), closure = { 0 };
		off_t at = 20 + (off_t)i * 7919 % (5 * 4096);
		unsigned char old, now;
		int fd = open(f.store.database, O_RDWR);

		assert_int_equal(pread(fd, &old, 1, at), 1);
		now = (unsigned char)(old ^ (1 + i * 31 % 255));
		assert_int_equal(pwrite(fd, &now, 1, at), 1);
		if (closure_from_database(f.arena, &f.store, &roots, &closure, &f.e) == 0)
			for (size_t n = 0; n < closure.len; n++)
				assert_true(store_path_ok(&f.store, closure.items[n]));
		else
			assert_true(f.e.num > 0 && f.e.text[0]);
		assert_int_equal(pwrite(fd, &old, 1, at), 1);
		close(fd);
	}
	read_whole(&f);
	fake_end(&f);
}

static void changed_meanwhile(void **state)
{
	struct database *db;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "10");
	fill(&f);
	fake_sql(&f, "pragma journal_mode = wal");
	assert_ok(database_open(&f.store, &db, &f.e), &f.e);
	assert_ok(database_check_unchanged(db, &f.e), &f.e);
	fake_sql(&f, "delete from Refs");
	assert_error(database_check_unchanged(db, &f.e), &f.e, EAGAIN,
		     arena_printf(f.arena, "store database %s changed while it was read: try again", f.store.database));
	database_close(db);
	fake_end(&f);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(journal_modes), cmocka_unit_test(open_writer),       cmocka_unit_test(killed_writer),
	cmocka_unit_test(guix),          cmocka_unit_test(schemas),           cmocka_unit_test(not_a_database),
	cmocka_unit_test(hostile),       cmocka_unit_test(endless),           cmocka_unit_test(slow),
	cmocka_unit_test(damaged),       cmocka_unit_test(changed_meanwhile),
};
UNIT_MAIN(tests)
