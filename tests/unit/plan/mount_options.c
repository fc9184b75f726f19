/* Mount options: every row of the table, and what happens when several are given. */
#include "tests/unit/arena.h"

#include <linux/mount.h>
#include <sys/mount.h>

#include "plan/mount_options.h"

/* Options as fstab(5) has them: "ro,nosuid". */
static struct mount_options parse(const char *list)
{
	char *copy = arena_strdup(arena, list), *names[16], *save = NULL;
	struct mount_options m;
	size_t n = 0;

	for (char *s = strtok_r(copy, ",", &save); s; s = strtok_r(NULL, ",", &save))
		names[n++] = s;
	assert_ok(mount_options_parse(arena, names, n, &m, &err), &err);
	return m;
}

static void the_table_is_sorted_and_every_row_is_found(void **state)
{
	const char *const *names = mount_option_names();
	size_t n = 0;

	(void)state;
	for (; names[n]; n++) {
		struct mount_options m = parse(names[n]);

		if (n > 0)
			assert_true(strcmp(names[n - 1], names[n]) < 0);
		/* what the table knows goes to the file system only if it is the file system's business */
		if (m.fs_options[0]) {
			assert_string_equal(m.fs_options[0], names[n]);
			assert_string_equal(m.fs_only, names[n]);
			assert_null(m.fs_options[1]);
		}
	}
	assert_true(n > 60);
}

static void attributes_are_set_and_cleared(void **state)
{
	static const struct { const char *set, *clear; uint64_t attr; } rows[] = {
		{ "ro", "rw", MOUNT_ATTR_RDONLY }, { "nosuid", "suid", MOUNT_ATTR_NOSUID }, { "nodev", "dev",
			MOUNT_ATTR_NODEV },
		{ "noexec", "exec", MOUNT_ATTR_NOEXEC }, { "nodiratime", "diratime", MOUNT_ATTR_NODIRATIME },
		{ "nosymfollow", "symfollow", MOUNT_ATTR_NOSYMFOLLOW },
	};
	char list[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mount_options m = parse(rows[i].set);

		assert_int_equal(m.attrs.set, rows[i].attr);
		assert_int_equal(m.attrs.clear | m.attrs.rec_set | m.attrs.rec_clear, 0);
		m = parse(rows[i].clear);
		assert_int_equal(m.attrs.clear, rows[i].attr);
		assert_int_equal(m.attrs.set, 0);
		/* the last one counts */
		snprintf(list, sizeof list, "%s,%s", rows[i].set, rows[i].clear);
		m = parse(list);
		assert_int_equal(m.attrs.set, 0);
		assert_int_equal(m.attrs.clear, rows[i].attr);
		snprintf(list, sizeof list, "%s,%s", rows[i].clear, rows[i].set);
		m = parse(list);
		assert_int_equal(m.attrs.set, rows[i].attr);
		assert_int_equal(m.attrs.clear, 0);
		/* the recursive ones are the same with "r" in front, and do not touch the others */
		snprintf(list, sizeof list, "r%s,r%s", rows[i].clear, rows[i].set);
		m = parse(list);
		assert_int_equal(m.attrs.rec_set, rows[i].attr);
		assert_int_equal(m.attrs.rec_clear | m.attrs.set | m.attrs.clear, 0);
		snprintf(list, sizeof list, "r%s", rows[i].clear);
		assert_int_equal(parse(list).attrs.rec_clear, rows[i].attr);
	}
	assert_int_equal(parse("ro,nosuid,nodev,noexec").attrs.set,
			 MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

/* mount_setattr(2): access times are one field of two bits, changed by clearing all of it. */
static void access_times_are_one_field(void **state)
{
	static const struct { const char *name; uint64_t value; } rows[] = {
		{ "atime", MOUNT_ATTR_RELATIME }, { "noatime", MOUNT_ATTR_NOATIME }, { "relatime",
			MOUNT_ATTR_RELATIME },
		{ "norelatime", MOUNT_ATTR_RELATIME }, { "strictatime", MOUNT_ATTR_STRICTATIME },
		{ "nostrictatime", MOUNT_ATTR_RELATIME },
	};
	char list[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct mount_options m = parse(rows[i].name);

		assert_int_equal(m.attrs.set, rows[i].value);
		assert_int_equal(m.attrs.clear, MOUNT_ATTR__ATIME);
		snprintf(list, sizeof list, "noatime,strictatime,ro,%s", rows[i].name);
		assert_int_equal(parse(list).attrs.set, rows[i].value | MOUNT_ATTR_RDONLY);
		snprintf(list, sizeof list, "r%s", rows[i].name);
		m = parse(list);
		assert_int_equal(m.attrs.rec_set, rows[i].value);
		assert_int_equal(m.attrs.rec_clear, MOUNT_ATTR__ATIME);
		assert_int_equal(m.attrs.set | m.attrs.clear, 0);
	}
}

static void the_last_propagation_counts(void **state)
{
	static const struct { const char *name; uint64_t value; bool rec; } rows[] = {
		{ "private", MS_PRIVATE, false }, { "rprivate", MS_PRIVATE, true }, { "shared", MS_SHARED, false },
		{ "rshared", MS_SHARED, true }, { "slave", MS_SLAVE, false }, { "rslave", MS_SLAVE, true },
		{ "unbindable", MS_UNBINDABLE, false }, { "runbindable", MS_UNBINDABLE, true },
	};
	char list[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(list, sizeof list, "rshared,private,%s", rows[i].name);
		assert_int_equal(parse(list).attrs.propagation, rows[i].value);
		assert_int_equal(parse(list).attrs.propagation_rec, rows[i].rec);
	}
	assert_int_equal(parse("ro").attrs.propagation, 0);
}

static void flags_of_the_mount(void **state)
{
	struct mount_options m = parse("bind,src-nofollow");

	(void)state;
	assert_true(m.bind && !m.recursive && m.source_nofollow && !m.dest_nofollow);
	m = parse("rbind,dest-nofollow");
	assert_true(m.bind && m.recursive && !m.source_nofollow && m.dest_nofollow);
	m = parse("remount,ro");
	assert_true(m.remount && !m.bind);
	m = parse("tmpcopyup");
	assert_true(m.copy_up && !m.remount && !m.bind);
	m = parse("defaults,silent,loud,mand,nomand,iversion,noiversion");
	assert_true(!m.fs_only && !m.fs_options[0] && !m.attrs.set && !m.attrs.clear);
}

static void the_rest_is_the_file_systems(void **state)
{
	struct mount_options m = parse("mode=755,ro,size=64k,sync,newinstance,ro=1");

	(void)state;
	assert_string_equal(m.fs_options[0], "mode=755");
	assert_string_equal(m.fs_options[1], "size=64k");
	assert_string_equal(m.fs_options[2], "sync");
	assert_string_equal(m.fs_options[3], "newinstance");
	assert_string_equal(m.fs_options[4], "ro=1");
	assert_null(m.fs_options[5]);
	assert_int_equal(m.attrs.set, MOUNT_ATTR_RDONLY);
	/* of these, only what can never mean anything on a bind is told of there */
	assert_string_equal(m.fs_only, "sync");
	assert_null(parse("mode=755").fs_only);
}

static void an_empty_option_is_none(void **state)
{
	char *names[] = { "ro", "", "size=1m" };
	struct mount_options m;

	(void)state;
	assert_ok(mount_options_parse(arena, names, 3, &m, &err), &err);
	assert_string_equal(m.fs_options[0], "size=1m");
	assert_null(m.fs_options[1]);
	assert_ok(mount_options_parse(arena, NULL, 0, &m, &err), &err);
	assert_null(m.fs_options[0]);
}

static const struct CMUnitTest tests[] = {
	TEST(the_table_is_sorted_and_every_row_is_found),
	TEST(attributes_are_set_and_cleared),
	TEST(access_times_are_one_field),
	TEST(the_last_propagation_counts),
	TEST(flags_of_the_mount),
	TEST(the_rest_is_the_file_systems),
	TEST(an_empty_option_is_none),
};

UNIT_MAIN(tests)
