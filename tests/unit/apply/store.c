/* Where store paths are to be mounted: over an empty place, over an image's own store, and what is refused. */
#include "tests/unit/apply/fake_mount.h"

#include <linux/mount.h>

#include "apply/apply.h"
#include "plan/closure.h"

#define A "/nix/store/aaaa-dir"
#define B "/nix/store/bbbb-file"
#define C "/nix/store/cccc-link"

static const struct closure_path paths[] = {
	{ A, CLOSURE_DIRECTORY, NULL }, { B, CLOSURE_FILE, NULL }, { C, CLOSURE_LINK, "../else" },
};
static struct op op;

static int set_up(void **state)
{
	op = (struct op){ .store = { "/nix/store", paths, 3, NULL } };
	return fake_set_up(state);
}

static mode_t type_on_host(const char *path)
{
	char whole[600];
	struct stat st;

	snprintf(whole, sizeof whole, "%s%s", host_path, path);
	return lstat(whole, &st) < 0 ? 0 : st.st_mode & S_IFMT;
}

static void an_empty_place_gets_a_tmpfs(void **state)
{
	(void)state;
	assert_ok(apply_store(&ctx, &op, &err), &err);
	assert_calls("fs-open tmpfs\n"
		     "fs-set source=cloister\n"
		     "fs-set mode=0755\n"
		     "fs-create\n"
		     "fs-mount +0\n"
		     "setattr host: +7 -0 \n"
		     "attach host: /nix/store\n");
	assert_int_equal(type_on_host("/aaaa-dir"), S_IFDIR);
	assert_int_equal(type_on_host("/bbbb-file"), S_IFREG);
	assert_int_equal(type_on_host("/cccc-link"), S_IFLNK);
	/* in the root file system there is the directory, and nothing else */
	assert_int_equal(type_below_root("/nix/store"), S_IFDIR);
	assert_int_equal(type_below_root(A), 0);
	assert_string_equal(name_of(ctx.group_fd), "host:");
}

static void a_label_is_set(void **state)
{
	(void)state;
	op.store.label = "system_u:object_r:container_file_t:s0";
	assert_ok(apply_store(&ctx, &op, &err), &err);
	assert_non_null(strstr(calls.text, "label host: system_u:object_r:container_file_t:s0\nsetattr"));
}

/* The image's is below, so that ours hides what it has under the same name; nothing of it is touched. */
static void a_store_of_the_image_stays_visible(void **state)
{
	const char *overlay;

	(void)state;
	make(root_path, "/nix/store/own/");
	assert_ok(apply_store(&ctx, &op, &err), &err);
	overlay = strstr(calls.text, "attach host: /nix/store\nfs-open overlay\nfs-set source=cloister\nfs-set "
		"lowerdir=/proc");
	assert_non_null(overlay);
	assert_non_null(strstr(overlay, "setattr host: +7 -0 \nattach host: host:\n"));
	assert_int_equal(type_below_root("/nix/store/own"), S_IFDIR);
	assert_int_equal(type_below_root(A), 0);
}

static void links_are_refused(void **state)
{
	(void)state;
	make(root_path, "/target/");
	make_link("target", "/nix");
	assert_error(apply_store(&ctx, &op, &err), &err, ELOOP,
		"store paths are mounted on an ordinary directory, and /nix/store leads over a symlink: too many "
		"levels of "
		"symbolic links");
	assert_calls("");
	assert_int_equal(type_below_root("/target/store"), 0);
}

static void failures_are_said(void **state)
{
	(void)state;
	failing = "attach";
	failure = -EPERM;
	assert_error(apply_store(&ctx, &op, &err), &err, EPERM, "mount onto /nix/store: operation not permitted");
	assert_int_equal(ctx.group_fd, -1);
	failing = "fs-open";
	failure = -ENODEV;
	assert_error(apply_store(&ctx, &op, &err), &err, ENODEV, "the kernel has no file system 'tmpfs'");
	failing = "fs-set lowerdir";
	failure = -EINVAL;
	make(root_path, "/nix/store/own/");
	unit_remove_tree(host_path);
	assert_int_equal(mkdir(host_path, 0755), 0);
	kernel_says = "overlay: no";
	assert_error(apply_store(&ctx, &op, &err), &err, EINVAL, "/nix/store is not empty in the root file system: "
		"mount "
		"overlay for the store paths: overlay: no: invalid argument");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, fake_tear_down)

static const struct CMUnitTest tests[] = {
	TEST(an_empty_place_gets_a_tmpfs), TEST(a_label_is_set), TEST(a_store_of_the_image_stays_visible),
	TEST(links_are_refused), TEST(failures_are_said),
};

UNIT_MAIN(tests)
