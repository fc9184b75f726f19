/*
 * Why: the database knows the references exactly, but SQLite's usual way of reading one takes locks and writes files
 * beside it, which an ordinary user may not do to a system's store. So the way of opening is chosen by what is there:
 *
 *   rollback journal mode           mode=ro: SQLite only takes read locks
 *   WAL mode, no -wal file          nobody has it open: immutable=1; at the end the file is checked to be the same
 *   WAL mode, a -wal file           mode=ro, which shares the -shm file of the process that has it open; where that
 *                                   cannot be (a writer was killed, and the folder is not ours) database and WAL are
 *                                   copied aside and read there. Ignoring the WAL would be reading an old state.
 */
#include "store/database.h"

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"

enum {
	NIX_SCHEMA = 10,
	GUIX_SCHEMA = 7,
	VALUE_MAX = 1 << 20, /* bytes of one row: signatures are long, nothing is this long */
	STEPS_UNIT = 1000,   /* virtual machine steps between two calls of count_steps */
	STEPS_MAX =
		100 * 1000 * 1000,   /* of all queries: the largest closures by index need a tenth, and it is seconds */
	REFERENCES_MAX = 100 * 1000, /* of one path */
};

struct database {
	const struct store *store;
	sqlite3 *sql;
	sqlite3_stmt *find, *references;
	struct stat seen;  /* of an immutable database when it was opened */
	bool immutable;
	long long steps;
};

bool database_exists(const struct store *s)
{
	return s->database_given || access(s->database, F_OK) == 0;
}

static int fail_sql(struct database *db, int code, const char *what, struct err *e)
{
	const char *file = db->store->database;

	if (code == SQLITE_INTERRUPT)
		return err_set(e, E2BIG,
			       "store database %s: %s took too many steps: the database is damaged or crafted", file,
			       what);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_set(e, EAGAIN, "store database %s is locked by a writer: try again", file);
	return err_set(e, EIO, "store database %s: %s: %s", file, what, db->sql ? sqlite3_errmsg(db->sql) :
		       sqlite3_errstr(code));
}

/* The header's "read version": 2 is WAL (sqlite.org/fileformat.html, 1.3). Also says clearly what is no database. */
static int read_header(const char *file, bool *ret_wal, struct stat *ret, struct err *e)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	unsigned char header[100];
	ssize_t n;

	if (fd < 0)
		return err_sys(e, errno, "open store database %s", file);
	if (fstat(fd, ret) < 0)
		return err_sys(e, errno, "stat store database %s", file);
	if (!S_ISREG(ret->st_mode))
		return err_set(e, EINVAL, "store database %s is not a regular file", file);
	n = io_read_full(fd, header, sizeof header);
	if (n < 0)
		return err_sys(e, (int)-n, "read store database %s", file);
	if (n < (ssize_t)sizeof header || memcmp(header, "SQLite format 3", 16) != 0)
		return err_set(e, EINVAL, "store database %s is not an SQLite database", file);
	*ret_wal = header[19] == 2;
	return 0;
}

static int check_schema(const struct store *s, struct err *e)
{
	int known = s->kind == STORE_NIX ? NIX_SCHEMA : GUIX_SCHEMA;
	_cleanup_arena_ struct arena *a = arena_new();
	unsigned long long version;
	char *text, *file;

	if (!a)
		return err_oom(e);
	if (s->database_given)
		return 0;  /* a file by itself has no schema file beside it; the tables are checked all the same */
	file = arena_printf(a, "%s/db/schema", s->state_dir);
	if (!file)
		return err_oom(e);
	if (io_read_file(a, AT_FDCWD, file, 64, &text, NULL, e) < 0)
		return err_prefix(e, "schema of the store database");
	text[strcspn(text, "\n")] = '\0';
	if (parse_u64(text, INT_MAX, &version) < 0)
		return err_set(e, EINVAL, "%s: '%s' is not a schema number", file, text);
	if (version != (unsigned long long)known)
		return err_set(e, ENOTSUP,
			       "%s: the %s database has schema %llu, known is %d: give the closure by "
			       "--path-info, --closure-info or --closure",
			       file, store_kind_name(s->kind), version, known);
	return 0;
}

static int count_steps(void *data)
{
	struct database *db = data;

	db->steps += STEPS_UNIT;
	return db->steps > STEPS_MAX;
}

/* No code from the file may run, and nothing of it is believed. */
static void distrust(struct database *db)
{
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_limit(db->sql, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(db->sql, SQLITE_LIMIT_SQL_LENGTH, VALUE_MAX);
	sqlite3_limit(db->sql, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db->sql, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_progress_handler(db->sql, STEPS_UNIT, count_steps, db);
	sqlite3_exec(db->sql, "pragma cell_size_check = on; pragma mmap_size = 0", NULL, NULL, NULL);
}

/* SQLite takes the name as a URI, in which '%', '?' and '#' are special. */
static void add_uri(struct str *uri, const char *file, const char *parameters)
{
	str_add(uri, "file:");
	for (; *file; file++)
		if (strchr("%?#", *file))
			str_addf(uri, "%%%02X", (unsigned char)*file);
		else
			str_addc(uri, *file);
	str_add(uri, parameters);
}

/* Opens and reads once, since SQLite opens files only when they are needed. */
static int open_sql(struct database *db, const char *file, const char *parameters)
{
	_cleanup_str_ struct str uri = STR_INIT;
	int r;

	add_uri(&uri, file, parameters);
	if (uri.failed)
		return SQLITE_NOMEM;
	r = sqlite3_open_v2(uri.text, &db->sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	if (r == SQLITE_OK) {
		distrust(db);
		sqlite3_busy_timeout(db->sql, 5000);
		r = sqlite3_exec(db->sql, "select count(*) from sqlite_schema", NULL, NULL, NULL);
	}
	return r;
}

static void close_sql(struct database *db)
{
	sqlite3_close_v2(db->sql);
	db->sql = NULL;
}

static int copy_file(const char *from, const char *to, struct err *e)
{
	_cleanup_close_ int in = open(from, O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0)
		return err_sys(e, errno, "open %s", from);
	if (out < 0)
		return err_sys(e, errno, "create %s", to);
	while ((n = sendfile(out, in, NULL, 1 << 30)) > 0)
		;
	return n < 0 ? err_sys(e, errno, "copy %s to %s", from, to) : 0;
}

/* The copy needs no name once SQLite holds it open, so that nothing stays behind however this process ends. */
static int open_copy(struct database *db, const char *file, const char *wal, struct err *e)
{
	static const char *const leavings[] = { "db.sqlite", "db.sqlite-wal", "db.sqlite-shm" };
	const char *tmp = getenv("TMPDIR");
	char dir[PATH_MAX / 2], copy[PATH_MAX], copy_wal[PATH_MAX];
	int r, code = SQLITE_OK;

	if (snprintf(dir, sizeof dir, "%s/cloister-bundle.XXXXXX", tmp && *tmp ? tmp : "/tmp") >= (int)sizeof dir)
		return err_sys(e, ENAMETOOLONG, "TMPDIR");
	if (!mkdtemp(dir))
		return err_sys(e, errno, "create a folder for a copy of the store database in %s", dir);
	snprintf(copy, sizeof copy, "%s/db.sqlite", dir);
	snprintf(copy_wal, sizeof copy_wal, "%s/db.sqlite-wal", dir);
	r = copy_file(file, copy, e);
	if (r == 0)
		r = copy_file(wal, copy_wal, e);
	if (r == 0)
		code = open_sql(db, copy, "?mode=ro");
	for (size_t i = 0; i < sizeof leavings / sizeof *leavings; i++) {
		snprintf(copy, sizeof copy, "%s/%s", dir, leavings[i]);
		unlink(copy);
	}
	rmdir(dir);
	return r < 0 || code == SQLITE_OK ? r : fail_sql(db, code, "read a copy", e);
}

static int open_suitably(struct database *db, struct err *e)
{
	const char *file = db->store->database;
	_cleanup_str_ struct str wal = STR_INIT;
	bool is_wal = false;
	int r, code;

	r = read_header(file, &is_wal, &db->seen, e);
	if (r < 0)
		return r;
	str_addf(&wal, "%s-wal", file);
	if (wal.failed)
		return err_oom(e);
	if (is_wal && access(wal.text, F_OK) < 0) {
		db->immutable = true;
		code = open_sql(db, file, "?immutable=1");
		return code == SQLITE_OK ? 0 : fail_sql(db, code, "open", e);
	}
	code = open_sql(db, file, "?mode=ro");
	if (code == SQLITE_OK)
		return 0;
	if (!is_wal || (code != SQLITE_CANTOPEN && code != SQLITE_READONLY && code != SQLITE_IOERR))
		return fail_sql(db, code, "open", e);
	close_sql(db);
	return open_copy(db, file, wal.text, e);
}

/* A view or virtual table of the right name could make a query do anything. */
static int check_tables(struct database *db, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int count = 0, code;

	code = sqlite3_prepare_v2(db->sql,
				  "select count(*) from sqlite_schema where type = 'table' and rootpage > 0 and "
				  "name in ('ValidPaths', 'Refs')",
				  -1, &st, NULL);
	if (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		count = sqlite3_column_int(st, 0);
	code = sqlite3_finalize(st);
	if (code != SQLITE_OK)
		return fail_sql(db, code, "read the schema", e);
	if (count != 2)
		return err_set(
			e, EINVAL,
			"store database %s has no tables ValidPaths and Refs: it belongs to no Nix or Guix store",
			db->store->database);
	return 0;
}

static int prepare(struct database *db, struct err *e)
{
	int code = sqlite3_prepare_v3(db->sql, "select id from ValidPaths where path = ?", -1,
				      SQLITE_PREPARE_PERSISTENT, &db->find, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_prepare_v3(db->sql,
					  "select path from Refs join ValidPaths on id = reference where referrer = ?",
					  -1, SQLITE_PREPARE_PERSISTENT, &db->references, NULL);
	return code == SQLITE_OK ? 0 : fail_sql(db, code, "read the tables ValidPaths and Refs", e);
}

int database_open(const struct store *s, struct database **ret, struct err *e)
{
	_cleanup_database_ struct database *db = calloc(1, sizeof *db);
	int r;

	if (!db)
		return err_oom(e);
	db->store = s;
	r = check_schema(s, e);
	if (r == 0)
		r = open_suitably(db, e);
	if (r == 0)
		r = check_tables(db, e);
	if (r == 0)
		r = prepare(db, e);
	if (r < 0)
		return r;
	*ret = db;
	db = NULL;
	return 0;
}

void database_close(struct database *db)
{
	if (!db)
		return;
	sqlite3_finalize(db->find);
	sqlite3_finalize(db->references);
	close_sql(db);
	free(db);
}

static int find_id(struct database *db, const char *path, sqlite3_int64 *ret, struct err *e)
{
	int code;

	sqlite3_bind_text(db->find, 1, path, -1, SQLITE_STATIC);
	code = sqlite3_step(db->find);
	*ret = code == SQLITE_ROW ? sqlite3_column_int64(db->find, 0) : 0;
	sqlite3_reset(db->find);
	if (code == SQLITE_ROW)
		return 0;
	if (code == SQLITE_DONE)
		return err_set(e, ENOENT, "store path %s is not valid: the store database %s does not list it", path,
			       db->store->database);
	return fail_sql(db, code, "look up a path", e);
}

static int add_row(struct database *db, struct arena *a, struct store_paths *ret, struct err *e)
{
	const unsigned char *text = sqlite3_column_text(db->references, 0);
	int n = sqlite3_column_bytes(db->references, 0);

	if (!text || strlen((const char *)text) != (size_t)n)
		return err_set(e, EINVAL, "store database %s: a reference is not text", db->store->database);
	return store_paths_add(a, ret, db->store, (const char *)text, db->store->database, e);
}

int database_references(struct database *db, struct arena *a, const char *path, struct store_paths *ret, struct err *e)
{
	size_t before = ret->len;
	sqlite3_int64 id;
	int code = SQLITE_OK, r;

	r = find_id(db, path, &id, e);
	if (r < 0)
		return r;
	sqlite3_bind_int64(db->references, 1, id);
	while (r == 0 && (code = sqlite3_step(db->references)) == SQLITE_ROW) {
		r = add_row(db, a, ret, e);
		if (r == 0 && ret->len - before > REFERENCES_MAX)
			r = err_set(e, E2BIG, "store database %s: %s has more than %d references", db->store->database,
				    path, REFERENCES_MAX);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = fail_sql(db, code, "read references", e);
	sqlite3_reset(db->references);
	return r;
}

/* Text of a column, in the arena; NULL for null or "". -EINVAL: there is a NUL in it. */
static int take_text(struct database *db, struct arena *a, sqlite3_stmt *st, int column, char **ret, struct err *e)
{
	const char *text = (const char *)sqlite3_column_text(st, column);

	*ret = NULL;
	if (!text || !*text)
		return 0;
	if (strlen(text) != (size_t)sqlite3_column_bytes(st, column))
		return err_set(e, EINVAL, "store database %s: a column has a NUL in it", db->store->database);
	*ret = arena_strdup(a, text);
	return *ret ? 0 : err_oom(e);
}

static int take_info(struct database *db, struct arena *a, sqlite3_stmt *st, struct store_path_info *ret,
		     struct err *e)
{
	char *hash;
	int r = take_text(db, a, st, 0, &hash, e);

	if (r == 0 && (!hash || hash_parse(hash, "sha256", &ret->hash, e) < 0))
		return err_set(e, EINVAL, "store database %s: the hash of %s is not a SHA-256", db->store->database,
			       ret->path);
	if (sqlite3_column_int64(st, 1) > 0)
		ret->nar_size = (unsigned long long)sqlite3_column_int64(st, 1);
	if (r == 0)
		r = take_text(db, a, st, 2, &ret->deriver, e);
	if (ret->deriver && !store_path_ok(db->store, ret->deriver))
		ret->deriver = NULL;
	ret->ultimate = sqlite3_column_int(st, 3) != 0;
	if (r == 0)
		r = take_text(db, a, st, 4, &ret->sigs, e);
	return r == 0 ? take_text(db, a, st, 5, &ret->ca, e) : r;
}

int database_path_info(struct database *db, struct arena *a, const char *path, struct store_path_info *ret,
		       struct err *e)
{
	/* Guix' table ends with narSize. */
	const char *query = db->store->kind == STORE_NIX ?
		"select hash, narSize, deriver, ultimate, sigs, ca from ValidPaths where path = ?" :
		"select hash, narSize, deriver, 0, null, null from ValidPaths where path = ?";
	int r = -ENOENT, code;
	sqlite3_stmt *st;

	*ret = (struct store_path_info){ .path = arena_strdup(a, path) };
	if (!ret->path)
		return err_oom(e);
	code = sqlite3_prepare_v2(db->sql, query, -1, &st, NULL);
	if (code != SQLITE_OK)
		return fail_sql(db, code, "read the table ValidPaths", e);
	sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC);
	code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		r = take_info(db, a, st, ret, e);
	else if (code == SQLITE_DONE)
		err_set(e, ENOENT, "store path %s is not valid: the store database %s does not list it", path,
			db->store->database);
	else
		r = fail_sql(db, code, "look up a path", e);
	sqlite3_finalize(st);
	return r == 0 ? database_references(db, a, path, &ret->references, e) : r;
}

int database_check_unchanged(struct database *db, struct err *e)
{
	_cleanup_str_ struct str wal = STR_INIT;
	struct stat now;

	if (!db->immutable)
		return 0;
	str_addf(&wal, "%s-wal", db->store->database);
	if (wal.failed)
		return err_oom(e);
	if (stat(db->store->database, &now) < 0)
		return err_sys(e, errno, "stat store database %s", db->store->database);
	/* A writer that came meanwhile may have moved its WAL into the file; a WAL alone changed nothing. */
	if (now.st_ino != db->seen.st_ino || now.st_dev != db->seen.st_dev || now.st_size != db->seen.st_size ||
	    now.st_mtim.tv_sec != db->seen.st_mtim.tv_sec || now.st_mtim.tv_nsec != db->seen.st_mtim.tv_nsec)
		return err_set(e, EAGAIN, "store database %s changed while it was read: try again",
			       db->store->database);
	return 0;
}
