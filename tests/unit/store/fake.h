/*
 * A store made for a test: real files below a temporary root, and a database of either schema written with SQLite
 * itself. Hashes are one letter 32 times, so that a test reads well: FAKE('a', "hello") is /nix/store/aaaa...-hello.
 */
#pragma once

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "../unit.h"
#include "base/arena.h"
#include "store/location.h"
#include "store/path.h"

struct fake {
	struct arena *arena;
	char root[4096];
	struct store store;
	struct err e;
};

#define A32 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B32 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C32 "cccccccccccccccccccccccccccccccc"
#define D32 "dddddddddddddddddddddddddddddddd"
#define F32 "ffffffffffffffffffffffffffffffff"
#define HELLO "/nix/store/" A32 "-hello-2.12"
#define GLIBC "/nix/store/" B32 "-glibc"
#define BASH "/nix/store/" C32 "-bash"
#define LINK "/nix/store/" D32 "-link"
#define OTHER "/nix/store/" F32 "-other"

static const char fake_schema[] =
	"create table ValidPaths (id integer primary key autoincrement not null, path text unique not null, hash text "
	"not "
	"null, registrationTime integer not null, deriver text, narSize integer);"
	"create table Refs (referrer integer not null, reference integer not null, primary key (referrer, reference));"
	"create table DerivationOutputs (drv integer not null, id text not null, path text not null, primary key (drv, "
	"id));";

static inline void fake_dir(struct fake *f, const char *path)
{
	char *whole = arena_printf(f->arena, "%s%s", f->root, path);

	for (char *slash = whole + strlen(f->root); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
}

static inline void fake_bytes(struct fake *f, const char *path, const void *bytes, size_t len, mode_t mode)
{
	char *whole = arena_printf(f->arena, "%s%s", f->root, path), *dir = arena_strdup(f->arena, path);
	int fd;

	*strrchr(dir, '/') = '\0';
	fake_dir(f, dir);
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	close(fd);
}

static inline void fake_file(struct fake *f, const char *path, const char *text, mode_t mode)
{
	fake_bytes(f, path, text, strlen(text), mode);
}

static inline void fake_link(struct fake *f, const char *path, const char *target)
{
	char *dir = arena_strdup(f->arena, path);

	*strrchr(dir, '/') = '\0';
	fake_dir(f, dir);
	assert_int_equal(symlink(target, arena_printf(f->arena, "%s%s", f->root, path)), 0);
}

static inline void fake_sql(struct fake *f, const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	assert_int_equal(sqlite3_open(f->store.database, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %s", sql, message);
	sqlite3_free(message);
	sqlite3_close(db);
}

static inline void fake_begin(struct fake *f, enum store_kind kind)
{
	*f = (struct fake){ .arena = arena_new() };
	assert_non_null(f->arena);
	snprintf(f->root, sizeof f->root, "%s", unit_temp_dir());
	assert_ok(store_describe(f->arena, kind, f->root, &f->store, &f->e), &f->e);
	fake_dir(f, f->store.dir);
	fake_dir(f, f->store.state_dir + strlen(f->root));
}

/* An empty database with the tables and the schema number. */
static inline void fake_database(struct fake *f, const char *schema)
{
	fake_file(f, arena_printf(f->arena, "%s/db/schema", f->store.state_dir + strlen(f->root)), schema, 0644);
	fake_sql(f, fake_schema);
}

/* One valid path and what it refers to, by id in the order of adding. */
static inline void fake_valid(struct fake *f, const char *path)
{
	fake_sql(f, arena_printf(f->arena,
				 "insert into ValidPaths (path, hash, registrationTime) values ('%s', 'x', 1)", path));
}

static inline void fake_reference(struct fake *f, const char *from, const char *to)
{
	fake_sql(f, arena_printf(f->arena,
				 "insert into Refs select a.id, b.id from ValidPaths a, ValidPaths b where a.path = "
				 "'%s' and b.path = '%s'",
				 from, to));
}

static inline void fake_end(struct fake *f)
{
	unit_remove_tree(f->root);
	arena_free(f->arena);
}

static inline struct store_paths fake_list(struct fake *f, const char *path)
{
	struct store_paths list = { 0 };

	assert_ok(store_paths_add(f->arena, &list, &f->store, path, "test", &f->e), &f->e);
	return list;
}

/* The whole list, one a line. */
static inline const char *fake_text(struct fake *f, const struct store_paths *list)
{
	char *text = arena_strdup(f->arena, "");

	for (size_t i = 0; i < list->len; i++)
		text = arena_printf(f->arena, "%s%s\n", text, list->items[i]);
	return text;
}
