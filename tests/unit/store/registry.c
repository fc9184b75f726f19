/* store/registry, land, lock: paths land in a store that is made for them, and are found there again. */
#include "fake.h"

#include "store/database.h"
#include "store/land.h"
#include "store/lock.h"
#include "store/registry.h"
#include "store/remove.h"

static struct store_path_info info_of(struct fake *f, const char *path, const char *reference)
{
	struct store_path_info info = { .path = arena_strdup(f->arena, path), .nar_size = 120, .ultimate = true,
					.deriver = arena_strdup(f->arena, OTHER),
					.ca = arena_strdup(f->arena, "text:x") };

	memset(info.hash.bytes, 0x5a, 32);
	info.hash.algorithm = HASH_SHA256;
	if (reference)
		info.references = fake_list(f, reference);
	return info;
}

static void registers(void **state)
{
	for (int kind = 0; kind < STORE_KINDS; kind++) {
		const char *const own[] = { "/nix/store/" A32 "-a", "/gnu/store/" A32 "-a" };
		const char *const other[] = { "/nix/store/" B32 "-b", "/gnu/store/" B32 "-b" };
		struct store_path_info infos[2], read;
		struct registry *g;
		struct database *db;
		struct fake f;

		(void)state;
		fake_begin(&f, (enum store_kind)kind);
		assert_ok(registry_open(f.arena, &f.store, &g, &f.e), &f.e);
		infos[0] = info_of(&f, own[kind], NULL);
		infos[1] = info_of(&f, other[kind], own[kind]);
		infos[0].deriver = infos[1].deriver = arena_strdup(f.arena, own[kind]);
		/* a reference to what is not there adds nothing */
		assert_int_equal(registry_add(g, &infos[1], 1, &f.e), -EINVAL);
		assert_non_null(strstr(f.e.text, "which is not valid in the store"));
		assert_int_equal(registry_has(g, other[kind], &f.e), 0);
		assert_ok(registry_add(g, infos, 2, &f.e), &f.e);
		assert_ok(registry_add(g, infos, 2, &f.e), &f.e);
		assert_int_equal(registry_has(g, other[kind], &f.e), 1);
		assert_ok(registry_add_output(g, own[kind], "out", other[kind], &f.e), &f.e);
		assert_ok(registry_add_output(g, OTHER, "out", other[kind], &f.e), &f.e);
		registry_close(g);
		assert_ok(registry_open(f.arena, &f.store, &g, &f.e), &f.e);
		registry_close(g);

		assert_ok(database_open(&f.store, &db, &f.e), &f.e);
		assert_ok(database_path_info(db, f.arena, other[kind], &read, &f.e), &f.e);
		assert_true(hash_equal(&read.hash, &infos[1].hash));
		assert_int_equal(read.nar_size, 120);
		assert_string_equal(read.deriver, own[kind]);
		assert_int_equal(read.references.len, 1);
		assert_string_equal(read.references.items[0], own[kind]);
		assert_int_equal(read.ultimate, kind == STORE_NIX);
		assert_int_equal(read.ca != NULL, kind == STORE_NIX);
		assert_int_equal(database_path_info(db, f.arena, GLIBC, &read, &f.e), -ENOENT);
		database_close(db);
		fake_end(&f);
	}
}

/* A daemon that holds the shared lock, as Nix's does, is no hindrance. */
static void shared(void **state)
{
	struct registry *g, *other;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	assert_ok(registry_open(f.arena, &f.store, &g, &f.e), &f.e);
	assert_ok(registry_open(f.arena, &f.store, &other, &f.e), &f.e);
	registry_close(other);
	registry_close(g);
	fake_end(&f);
}

static void unknown_schema(void **state)
{
	struct registry *g;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_database(&f, "11\n");
	assert_int_equal(registry_open(f.arena, &f.store, &g, &f.e), -ENOTSUP);
	assert_non_null(strstr(f.e.text, "has schema 11, written can be 10 only"));
	fake_end(&f);
}

/* A path that names itself: copied as it is, and with another name in it; measured without its name. */
static void lands(void **state)
{
	struct land_place place;
	struct landing first, second;
	struct landing one, two;
	struct store_paths found = { 0 };
	struct search *search;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_file(&f, HELLO "/bin/self", "in " HELLO " and " GLIBC, 0700);
	place = (struct land_place){ open(f.store.folder, O_RDONLY | O_DIRECTORY), "s" };
	struct nar_tree tree = { AT_FDCWD, store_physical(f.arena, &f.store, HELLO), "hello", true };
	struct store_paths candidates = fake_list(&f, HELLO);
	assert_ok(store_paths_add(f.arena, &candidates, &f.store, GLIBC, "", &f.e), &f.e);
	assert_ok(store_paths_add(f.arena, &candidates, &f.store, BASH, "", &f.e), &f.e);
	assert_ok(search_open(f.arena, &f.store, &candidates, &search, &f.e), &f.e);

	assert_ok(land_tree(&place, &tree, &(struct land_way){ .search = search }, &first, &f.e), &f.e);
	assert_ok(search_take(search, f.arena, &found, &f.e), &f.e);
	assert_string_equal(fake_text(&f, &found), HELLO "\n" GLIBC "\n");
	assert_ok(land_publish(&place, &first, C32 "-copy", &f.e), &f.e);
	const struct nar_tree copy = { place.dirfd, C32 "-copy", "copy", false };
	const struct nar_tree other = { place.dirfd, D32 "-hello-2.12", "hello", false };
	assert_ok(land_measure(&copy, &(struct land_way){ 0 }, HASH_SHA256, &one, &f.e), &f.e);
	assert_true(hash_equal(&one.hash, &first.hash));
	assert_int_equal(one.nar_size, first.nar_size);

	const struct land_rewrite rewrites[] = { { A32, F32 }, { F32, D32 } };
	const struct land_way rewriting = { .rewrites = rewrites, .rewrites_len = 2 };
	assert_ok(land_tree(&place, &tree, &rewriting, &second, &f.e), &f.e);
	assert_ok(land_publish(&place, &second, D32 "-hello-2.12", &f.e), &f.e);
	assert_false(hash_equal(&first.hash, &second.hash));
	assert_ok(land_measure(&copy, &(struct land_way){ .modulo = A32 }, HASH_SHA256, &one, &f.e), &f.e);
	assert_ok(land_measure(&other, &(struct land_way){ .modulo = D32 }, HASH_SHA256, &two, &f.e), &f.e);
	assert_true(hash_equal(&one.hash, &two.hash));

	/* what exists keeps its name; what is given up leaves nothing */
	assert_ok(land_tree(&place, &tree, &(struct land_way){ 0 }, &first, &f.e), &f.e);
	assert_int_equal(land_publish(&place, &first, C32 "-copy", &f.e), -EEXIST);
	land_discard(&place, &first);
	fake_file(&f, HELLO "/setuid", "", 0700);
	chmod(arena_printf(f.arena, "%s%s/setuid", f.root, HELLO), 04755);
	assert_int_equal(land_tree(&place, &tree, &(struct land_way){ 0 }, &first, &f.e), -EPERM);
	assert_int_equal(system(arena_printf(f.arena, "! ls -a %s | grep -q tmp-cloister", f.store.folder)), 0);
	assert_ok(tree_remove(place.dirfd, C32 "-copy", &f.e), &f.e);
	assert_ok(tree_remove(place.dirfd, D32 "-hello-2.12", &f.e), &f.e);
	close(place.dirfd);
	fake_end(&f);
}

static void flat(void **state)
{
	struct hash hash;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_file(&f, HELLO, "abc", 0644);
	struct nar_tree tree = { AT_FDCWD, store_physical(f.arena, &f.store, HELLO), "hello", true };
	char text[HASH_TEXT_MAX];
	assert_ok(land_measure_file(&tree, HASH_SHA1, &hash, &f.e), &f.e);
	hash_spell(&hash, HASH_HEX, text);
	assert_string_equal(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
	chmod(tree.name, 0755);
	assert_int_equal(land_measure_file(&tree, HASH_SHA1, &hash, &f.e), -EINVAL);
	fake_link(&f, GLIBC, HELLO);
	tree.name = store_physical(f.arena, &f.store, GLIBC);
	assert_int_equal(land_measure_file(&tree, HASH_SHA1, &hash, &f.e), -EINVAL);
	fake_end(&f);
}

static void locks(void **state)
{
	struct path_lock one, two;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	char *path = store_physical(f.arena, &f.store, HELLO);
	assert_ok(path_lock_try(f.arena, path, &one, &f.e), &f.e);
	assert_int_equal(path_lock_try(f.arena, path, &two, &f.e), -EAGAIN);
	path_lock_release(&two);
	path_lock_release(&one);
	assert_int_equal(access(one.file, F_OK), -1);
	assert_ok(path_lock_try(f.arena, path, &two, &f.e), &f.e);
	path_lock_release(&two);
	fake_end(&f);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(registers), cmocka_unit_test(shared), cmocka_unit_test(unknown_schema),
	cmocka_unit_test(lands), cmocka_unit_test(flat), cmocka_unit_test(locks),
};
UNIT_MAIN(tests)
