/*
 * Why: outputs that a store's own tools shall accept must be rows of its database. The rows of one build are one
 * transaction, so that a store never lists a path without its references.
 */
#include "store/registry.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/io.h"

enum { WAIT_MS = 60 * 1000 };

struct registry {
	const struct store *store;
	sqlite3 *sql;
	sqlite3_stmt *find, *add, *refer, *output;
	int lock;  /* big-lock: held shared, as Nix does, so that nobody changes the schema */
};

/* The tables, as Nix's and Guix' own tools expect them. Guix has a table more, and three columns less. */
static const char tables[] =
	"create table if not exists Refs (referrer integer not null, reference integer not null, "
	" primary key (referrer, reference), "
	" foreign key (referrer) references ValidPaths(id) on delete cascade, "
	" foreign key (reference) references ValidPaths(id) on delete restrict);"
	"create index if not exists IndexReference on Refs(reference);"
	"create trigger if not exists DeleteSelfRefs before delete on ValidPaths begin"
	" delete from Refs where referrer = old.id and reference = old.id; end;"
	"create table if not exists DerivationOutputs (drv integer not null, id text not null, path text not null, "
	" primary key (drv, id), foreign key (drv) references ValidPaths(id) on delete cascade);"
	"create index if not exists IndexDerivationOutputs on DerivationOutputs(path);";

static const struct {
	const char *schema, *valid_paths, *add;
} kinds[STORE_KINDS] = {
	[STORE_NIX] = {
		"10",
		"create table if not exists ValidPaths (id integer primary key autoincrement not null, "
		" path text unique not null, hash text not null, registrationTime integer not null, deriver text, "
		" narSize integer, ultimate integer, sigs text, ca text);",
		"insert into ValidPaths (path, hash, registrationTime, deriver, narSize, ultimate, sigs, ca)"
		" values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) on conflict (path) do update set hash = ?2, deriver = ?4,"
		" narSize = ?5, ultimate = ?6, sigs = ?7, ca = ?8",
	},
	[STORE_GUIX] = {
		"7",
		"create table if not exists ValidPaths (id integer primary key autoincrement not null, "
		" path text unique not null, hash text not null, registrationTime integer not null, deriver text, "
		" narSize integer);"
		"create table if not exists FailedPaths (path text primary key not null, time integer not null);",
		"insert into ValidPaths (path, hash, registrationTime, deriver, narSize)"
		" values (?1, ?2, ?3, ?4, ?5) on conflict (path) do update set hash = ?2, deriver = ?4, narSize = ?5",
	},
};

static int fail_sql(struct registry *g, const char *what, struct err *e)
{
	int code = sqlite3_errcode(g->sql);

	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		return err_set(e, EAGAIN, "store database %s is locked by another writer: try again",
			       g->store->database);
	return err_set(e, EIO, "store database %s: %s: %s", g->store->database, what, sqlite3_errmsg(g->sql));
}

static int execute(struct registry *g, const char *text, struct err *e)
{
	return sqlite3_exec(g->sql, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail_sql(g, text, e);
}

static int make_store(struct arena *a, const struct store *s, struct err *e)
{
	const char *const folders[] = {
		store_physical(a, s, s->dir), arena_printf(a, "%s/db", s->state_dir),
		arena_printf(a, "%s/gcroots", s->state_dir), arena_printf(a, "%s/temproots", s->state_dir),
		arena_printf(a, "%s/profiles", s->state_dir),
	};
	int r = arena_failed(a) ? err_oom(e) : 0;

	for (size_t i = 0; r == 0 && i < sizeof folders / sizeof *folders; i++)
		r = io_make_folders(folders[i], e);
	return r;
}

static int open_lock(struct arena *a, struct registry *g, struct err *e)
{
	char *path = arena_printf(a, "%s/db/big-lock", g->store->state_dir);

	if (!path)
		return err_oom(e);
	g->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return g->lock < 0 ? err_sys(e, errno, "open %s", path) : 0;
}

static int lock(struct registry *g, int how, struct err *e)
{
	while (flock(g->lock, how) < 0)
		if (errno != EINTR)
			return err_sys(e, errno, "lock the store database %s", g->store->database);
	return 0;
}

static int check_schema(struct arena *a, struct registry *g, bool *ret_new, struct err *e)
{
	char *path = arena_printf(a, "%s/db/schema", g->store->state_dir), *text;
	int r;

	if (!path)
		return err_oom(e);
	r = io_read_file(a, AT_FDCWD, path, 64, &text, NULL, e);
	*ret_new = r == -ENOENT;
	if (r < 0)
		return *ret_new ? 0 : r;
	text[strcspn(text, "\n")] = '\0';
	if (strcmp(text, kinds[g->store->kind].schema) != 0)
		return err_set(e, ENOTSUP, "%s: the %s database has schema %.20s, written can be %s only", path,
			       store_kind_name(g->store->kind), text, kinds[g->store->kind].schema);
	return 0;
}

static int make_tables(struct arena *a, struct registry *g, struct err *e)
{
	const char *schema = kinds[g->store->kind].schema;
	int r = execute(g, "begin exclusive", e);

	if (r == 0)
		r = execute(g, kinds[g->store->kind].valid_paths, e);
	if (r == 0)
		r = execute(g, tables, e);
	if (r == 0)
		r = execute(g, "commit", e);
	if (r < 0)
		return r;
	char *dir = arena_printf(a, "%s/db", g->store->state_dir);
	_cleanup_close_ int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return err_sys(e, errno, "open folder %s", dir ? dir : "");
	return io_write_file_atomic(fd, "schema", schema, strlen(schema), 0644, e);
}

static int prepare(struct registry *g, struct err *e)
{
	const struct {
		sqlite3_stmt **st;
		const char *text;
	} rows[] = {
		{ &g->find, "select id from ValidPaths where path = ?1" },
		{ &g->add, kinds[g->store->kind].add },
		{ &g->refer, "insert or ignore into Refs (referrer, reference) values (?1, ?2)" },
		{ &g->output, "insert or replace into DerivationOutputs (drv, id, path) values (?1, ?2, ?3)" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (sqlite3_prepare_v3(g->sql, rows[i].text, -1, SQLITE_PREPARE_PERSISTENT, rows[i].st, NULL) !=
		    SQLITE_OK)
			return fail_sql(g, "the tables are not those of a store", e);
	return 0;
}

static int open_sql(struct registry *g, struct err *e)
{
	if (sqlite3_open_v2(g->store->database, &g->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
		return fail_sql(g, "open", e);
	sqlite3_busy_timeout(g->sql, WAIT_MS);
	return execute(g, "pragma foreign_keys = on", e);
}

int registry_open(struct arena *a, const struct store *s, struct registry **ret, struct err *e)
{
	_cleanup_registry_ struct registry *g = calloc(1, sizeof *g);
	bool is_new = false;
	int r;

	if (!g)
		return err_oom(e);
	g->store = s;
	g->lock = -1;
	r = make_store(a, s, e);
	if (r == 0)
		r = open_lock(a, g, e);
	if (r == 0)
		r = lock(g, LOCK_SH, e);
	if (r == 0)
		r = check_schema(a, g, &is_new, e);
	/* Exclusive only where there is no database yet: a daemon holds the shared lock for as long as it runs. */
	if (r == 0 && is_new)
		r = lock(g, LOCK_EX, e);
	if (r == 0 && is_new)
		r = check_schema(a, g, &is_new, e);
	if (r == 0)
		r = open_sql(g, e);
	if (r == 0 && is_new)
		r = make_tables(a, g, e);
	if (r == 0)
		r = lock(g, LOCK_SH, e);
	if (r == 0)
		r = prepare(g, e);
	if (r < 0)
		return r;
	*ret = g;
	g = NULL;
	return 0;
}

void registry_close(struct registry *g)
{
	if (!g)
		return;
	sqlite3_finalize(g->find);
	sqlite3_finalize(g->add);
	sqlite3_finalize(g->refer);
	sqlite3_finalize(g->output);
	sqlite3_close(g->sql);
	close_fd(&g->lock);
	free(g);
}

/* The id of a path, 0 if it is not valid. */
static int find(struct registry *g, const char *path, sqlite3_int64 *ret, struct err *e)
{
	int code;

	sqlite3_bind_text(g->find, 1, path, -1, SQLITE_STATIC);
	code = sqlite3_step(g->find);
	*ret = code == SQLITE_ROW ? sqlite3_column_int64(g->find, 0) : 0;
	sqlite3_reset(g->find);
	return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : fail_sql(g, "look up a path", e);
}

int registry_has(struct registry *g, const char *path, struct err *e)
{
	sqlite3_int64 id;
	int r = find(g, path, &id, e);

	return r < 0 ? r : id != 0;
}

static int step(struct registry *g, sqlite3_stmt *st, const char *what, struct err *e)
{
	int code = sqlite3_step(st), r = code == SQLITE_DONE ? 0 : fail_sql(g, what, e);

	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return r;
}

static int add_row(struct registry *g, const struct store_path_info *info, struct err *e)
{
	char hash[HASH_TEXT_MAX];

	hash_spell(&info->hash, HASH_NAMED_HEX, hash);
	sqlite3_bind_text(g->add, 1, info->path, -1, SQLITE_STATIC);
	sqlite3_bind_text(g->add, 2, hash, -1, SQLITE_STATIC);
	sqlite3_bind_int64(g->add, 3, time(NULL));
	sqlite3_bind_text(g->add, 4, info->deriver, -1, SQLITE_STATIC);
	if (info->nar_size)
		sqlite3_bind_int64(g->add, 5, (sqlite3_int64)info->nar_size);
	if (g->store->kind == STORE_NIX) {
		if (info->ultimate)
			sqlite3_bind_int(g->add, 6, 1);
		sqlite3_bind_text(g->add, 7, info->sigs, -1, SQLITE_STATIC);
		sqlite3_bind_text(g->add, 8, info->ca, -1, SQLITE_STATIC);
	}
	return step(g, g->add, "add a path", e);
}

static int add_references(struct registry *g, const struct store_path_info *info, struct err *e)
{
	sqlite3_int64 referrer, reference;
	int r = find(g, info->path, &referrer, e);

	for (size_t i = 0; r == 0 && i < info->references.len; i++) {
		r = find(g, info->references.items[i], &reference, e);
		if (r == 0 && !reference)
			return err_set(e, EINVAL, "%s refers to %s, which is not valid in the store", info->path,
				       info->references.items[i]);
		sqlite3_bind_int64(g->refer, 1, referrer);
		sqlite3_bind_int64(g->refer, 2, reference);
		if (r == 0)
			r = step(g, g->refer, "add a reference", e);
	}
	return r;
}

int registry_add(struct registry *g, const struct store_path_info *infos, size_t n, struct err *e)
{
	int r = execute(g, "begin immediate", e);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_row(g, &infos[i], e);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_references(g, &infos[i], e);
	if (r == 0)
		r = execute(g, "commit", e);
	if (r < 0)
		sqlite3_exec(g->sql, "rollback", NULL, NULL, NULL);
	return r;
}

int registry_add_output(struct registry *g, const char *drv, const char *output, const char *path, struct err *e)
{
	sqlite3_int64 id;
	int r = find(g, drv, &id, e);

	if (r < 0 || !id)
		return r;
	sqlite3_bind_int64(g->output, 1, id);
	sqlite3_bind_text(g->output, 2, output, -1, SQLITE_STATIC);
	sqlite3_bind_text(g->output, 3, path, -1, SQLITE_STATIC);
	return step(g, g->output, "add an output of a derivation", e);
}
