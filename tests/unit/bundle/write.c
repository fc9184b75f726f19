/* The folder: what is in it, that it is there whole or not at all, and that nothing of others is touched. */
#include "bundle/write.h"

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>

#include "kitchen.h"
#include "libocispec/field/read.h"
#include "oci_spec.h"

static struct oci_spec *read_config(struct kitchen *k, const char *dir)
{
	struct oci_spec *spec;
	char text[65536];
	int fd = open(arena_printf(k->fake.arena, "%s/config.json", dir), O_RDONLY);
	ssize_t n = read(fd, text, sizeof text);

	assert_true(n > 0 && n < (ssize_t)sizeof text);
	close(fd);
	assert_ok(oci_read(k->fake.arena, &oci_spec_type, "config.json", text, (size_t)n, &spec, &k->fake.e),
		  &k->fake.e);
	return spec;
}

static const char *output(struct kitchen *k)
{
	return arena_printf(k->fake.arena, "%s/bundle", k->fake.root);
}

static const char *write_bundle(struct kitchen *k)
{
	char *dir, *warning;

	k->recipe.gc_root = GC_ROOT_NONE;
	assert_ok(bundle_write(k->fake.arena, &k->recipe, output(k), &dir, &warning, &k->fake.e), &k->fake.e);
	assert_null(warning);
	return dir;
}

static mode_t mode_of(struct kitchen *k, const char *path)
{
	struct stat st;

	if (lstat(arena_printf(k->fake.arena, "%s/bundle%s", k->fake.root, path), &st) < 0)
		fail_msg("%s is missing", path);
	return st.st_mode;
}

static const char *link_of(struct kitchen *k, const char *path)
{
	static char target[4096];
	ssize_t n = readlink(arena_printf(k->fake.arena, "%s/bundle%s", k->fake.root, path), target, sizeof target - 1);

	assert_true(n > 0);
	target[n] = '\0';
	return target;
}

static const struct oci_mount *mount_at(const struct oci_spec *s, const char *destination)
{
	for (size_t i = 0; i < s->mounts_len; i++)
		if (strcmp(s->mounts[i].destination, destination) == 0)
			return &s->mounts[i];
	return NULL;
}

static const char *options_of(struct kitchen *k, const struct oci_mount *m)
{
	char *text = arena_strdup(k->fake.arena, "");

	assert_non_null(m);
	for (size_t i = 0; i < m->options_len; i++)
		text = arena_printf(k->fake.arena, "%s%s%s", text, i ? "," : "", m->options[i]);
	return text;
}

static void config(void **state)
{
	struct kitchen k;
	const struct oci_spec *s;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	s = read_config(&k, write_bundle(&k));
	/* The store comes first, each path at its own place and read-only; the symbolic link is no mount. */
	assert_string_equal(s->mounts[0].destination, HELLO);
	assert_string_equal(s->mounts[1].destination, GLIBC);
	assert_string_equal(s->mounts[2].destination, BASH);
	assert_string_equal(s->mounts[3].destination, "/proc");
	for (int i = 0; i < 3; i++) {
		assert_string_equal(options_of(&k, &s->mounts[i]), "bind,ro,nosuid,nodev");
		assert_string_equal(s->mounts[i].source,
				    arena_printf(k.fake.arena, "%s%s", k.fake.root, s->mounts[i].destination));
	}
	assert_true(s->root->readonly);
	assert_true(s->process->no_new_privileges);
	assert_int_equal(s->process->capabilities->bounding_len, 0);
	assert_non_null(s->process->capabilities->bounding);
	assert_non_null(s->process->capabilities->ambient);
	assert_int_equal(s->linux->uid_mappings_len, 1);
	assert_int_equal(s->linux->uid_mappings->container_id, 0);
	assert_int_equal(s->linux->uid_mappings->host_id, geteuid());
	assert_int_equal(s->linux->gid_mappings->host_id, getegid());
	assert_int_equal(s->linux->uid_mappings->size, 1);
	assert_int_equal(s->linux->namespaces_len, 7);
	assert_string_equal(options_of(&k, mount_at(s, "/tmp")), "nosuid,nodev,mode=1777");
	assert_non_null(mount_at(s, "/sys"));
	assert_string_equal(s->annotations->keys[0], "run.cloister.store");
	assert_string_equal(s->annotations->values[0], "/nix/store");
	assert_string_equal(s->annotations->keys[1], "run.cloister.lock");
	assert_string_equal(s->annotations->values[1], "true");
	kitchen_end(&k);
}

static void places(void **state)
{
	const char *binds[] = { "/usr:/a",           "/usr:/b:rw",     "/etc/passwd:/f",
				"/dev/null:/w/null", "/usr:/tmp/x:rw", "/usr:/dev/shm:rw" };
	const char *writable[] = { "/w" };
	const struct oci_spec *s;
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.binds = binds;
	k.request.binds_len = 6;
	k.request.writable = writable;
	k.request.writable_len = 1;
	k.request.network = "host";
	k.request.user = "7:8";
	k.request.cwd = "/home/me";
	cook(&k);
	s = read_config(&k, write_bundle(&k));
	assert_string_equal(options_of(&k, mount_at(s, "/a")), "rbind,ro,rro,nosuid,nodev");
	assert_string_equal(options_of(&k, mount_at(s, "/b")), "rbind,rw,nosuid,nodev");
	assert_string_equal(options_of(&k, mount_at(s, "/f")), "bind,ro,nosuid,nodev");
	assert_string_equal(options_of(&k, mount_at(s, "/w/null")), "bind,rw,nosuid");
	assert_string_equal(mount_at(s, "/w")->source, arena_printf(k.fake.arena, "%s/writable/w", output(&k)));
	assert_null(mount_at(s, "/sys"));
	/* Read-only places come before anything writable; a place at the container's own mount takes its stead. */
	assert_true(mount_at(s, "/a") < mount_at(s, "/proc") && mount_at(s, "/f") < mount_at(s, "/proc"));
	assert_true(mount_at(s, "/b") > mount_at(s, "/tmp") && mount_at(s, "/tmp/x") > mount_at(s, "/tmp"));
	assert_string_equal(mount_at(s, "/dev/shm")->type, "bind");
	assert_int_equal(s->linux->namespaces_len, 6);
	assert_int_equal(s->process->user->uid, 7);
	assert_int_equal(s->linux->uid_mappings->container_id, 7);
	assert_int_equal(s->linux->gid_mappings->container_id, 8);
	/* Every mount point is where it will be looked for; what lies on a tmpfs is not made. */
	assert_true(S_ISDIR(mode_of(&k, "/rootfs/a")) && S_ISDIR(mode_of(&k, "/rootfs/w")));
	assert_true(S_ISREG(mode_of(&k, "/rootfs/f")));
	assert_true(S_ISREG(mode_of(&k, "/writable/w/null")));
	assert_true(S_ISDIR(mode_of(&k, "/rootfs/home/me")));
	assert_int_equal(access(arena_printf(k.fake.arena, "%s/rootfs/tmp/x", output(&k)), F_OK), -1);
	kitchen_end(&k);
}

static void skeleton(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	umask(077);
	write_bundle(&k);
	assert_int_equal(umask(022), 077);
	assert_int_equal(mode_of(&k, ""), S_IFDIR | 0700);
	assert_int_equal(mode_of(&k, "/config.json"), S_IFREG | 0600);
	assert_int_equal(mode_of(&k, "/rootfs"), S_IFDIR | 0755);
	assert_int_equal(mode_of(&k, "/rootfs" HELLO), S_IFDIR | 0755);
	assert_int_equal(mode_of(&k, "/rootfs" GLIBC), S_IFREG | 0644);
	assert_string_equal(link_of(&k, "/rootfs" LINK), BASH);
	assert_string_equal(link_of(&k, "/rootfs/bin/sh"), BASH "/bin/sh");
	assert_string_equal(link_of(&k, "/gcroot"), HELLO);
	for (const char *const *p = (const char *const[]){ "/proc", "/dev", "/sys", "/tmp", "/etc", NULL }; *p; p++)
		assert_int_equal(mode_of(&k, arena_printf(k.fake.arena, "/rootfs%s", *p)), S_IFDIR | 0755);
	for (const char *const *p = (const char *const[]){ "passwd", "group", "hosts", "nsswitch.conf", NULL }; *p; p++)
		assert_true(S_ISREG(mode_of(&k, arena_printf(k.fake.arena, "/rootfs/etc/%s", *p))));
	kitchen_end(&k);
}

/* Nothing in the folder but what was there before and, perhaps, the bundle. */
static void assert_clean(struct kitchen *k)
{
	DIR *d = opendir(k->fake.root);
	struct dirent *entry;

	while ((entry = readdir(d)))
		if (strncmp(entry->d_name, ".cloister", 9) == 0)
			fail_msg("left behind: %s", entry->d_name);
	closedir(d);
}

static void refused(struct kitchen *k, const char *out, int number, const char *message)
{
	char *dir, *warning;

	assert_error(bundle_write(k->fake.arena, &k->recipe, out, &dir, &warning, &k->fake.e), &k->fake.e, number,
		     message);
	assert_clean(k);
}

static void never_overwrites(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	fake_file(&k.fake, "/bundle/mine", "", 0644);
	const char *message = arena_printf(
		k.fake.arena, "%s exists already: remove it, or give another name with --output", output(&k));
	refused(&k, output(&k), EEXIST, message);
	assert_true(S_ISREG(mode_of(&k, "/mine")));
	unlink(arena_printf(k.fake.arena, "%s/mine", output(&k)));
	refused(&k, output(&k), EEXIST, message);
	rmdir(output(&k));
	fake_link(&k.fake, "/bundle", "nowhere");
	refused(&k, output(&k), EEXIST, message);
	refused(&k, "/no/such/bundle", ENOENT, "output directory /no/such: no such file or directory");
	refused(&k, "..", EINVAL, "output '..' is not the name of a new directory");
	refused(&k, "/", EINVAL, "output '/' is not the name of a new directory");
	kitchen_end(&k);
}

/* The last step that can fail is reached with all the rest written. */
static void fails_clean(void **state)
{
	char *bad[] = { (char *)HELLO "/bin/hello", (char *)"\xff", NULL };
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	k.recipe.args = bad;
	k.recipe.args_len = 2;
	refused(&k, output(&k), EINVAL, "config.json: an argument, an environment variable or a path is not UTF-8");
	assert_int_equal(access(output(&k), F_OK), -1);
	kitchen_end(&k);
}

/* SIGTERM while it is written: the process ends by it, nothing is left. */
static void interrupted(void **state)
{
	struct kitchen k;
	sigset_t held;
	int status;
	pid_t pid;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	pid = fork();
	if (pid == 0) {
		char *dir, *warning;

		sigemptyset(&held);
		sigaddset(&held, SIGTERM);
		sigprocmask(SIG_BLOCK, &held, NULL);
		raise(SIGTERM);
		_exit(bundle_write(k.fake.arena, &k.recipe, output(&k), &dir, &warning, &k.fake.e) == -EINTR ? 7 : 8);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	assert_clean(&k);
	assert_int_equal(access(output(&k), F_OK), -1);
	kitchen_end(&k);
}

static void gc_roots(void **state)
{
	char *dir, *warning;
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	const char *why =
		arena_printf(k.fake.arena, "open %s/gcroots/auto: no such file or directory", k.fake.store.state_dir);
	k.recipe.gc_root = GC_ROOT_REQUIRE;
	refused(&k, output(&k), ENOENT,
		arena_printf(k.fake.arena,
			     "the closure cannot be protected from the garbage collector: "
			     "%s",
			     why));
	assert_int_equal(access(output(&k), F_OK), -1);
	k.recipe.gc_root = GC_ROOT_TRY;
	assert_ok(bundle_write(k.fake.arena, &k.recipe, output(&k), &dir, &warning, &k.fake.e), &k.fake.e);
	assert_string_equal(warning, arena_printf(k.fake.arena,
						  "the closure is not protected from the garbage collector: %s", why));
	unit_remove_tree(dir);
	fake_dir(&k.fake, "/nix/var/nix/gcroots/auto");
	k.recipe.gc_root = GC_ROOT_REQUIRE;
	assert_ok(bundle_write(k.fake.arena, &k.recipe, output(&k), &dir, &warning, &k.fake.e), &k.fake.e);
	assert_null(warning);
	unit_remove_tree(dir);
	/* A collector was faster than the root: what is missing is said, and no bundle stays. */
	unlink(arena_printf(k.fake.arena, "%s" GLIBC, k.fake.root));
	refused(&k, output(&k), ENOENT, arena_printf(k.fake.arena, "store path %s" GLIBC ": no such file or directory",
						     k.fake.root));
	kitchen_end(&k);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(config),           cmocka_unit_test(places),      cmocka_unit_test(skeleton),
	cmocka_unit_test(never_overwrites), cmocka_unit_test(fails_clean), cmocka_unit_test(interrupted),
	cmocka_unit_test(gc_roots),
};
UNIT_MAIN(tests)
