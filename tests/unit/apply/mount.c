/* Mounts: which calls are made in which order, and how their failures are explained. */
#include "tests/unit/apply/fake_mount.h"

#include "apply/mount.h"

static const char *source(const char *path) { return arena_strdup(ctx.arena, make(host_path, path)); }

static struct op bind_of(const char *path, const char *dest)
{
	return (struct op){ .bind = { .source = source(path), .dest = dest, .slot = PLAN_NO_SLOT } };
}

/* The attributes are set on the detached copy, before anyone can see it. */
static void a_bind_is_complete_before_it_is_seen(void **state)
{
	struct op op = bind_of("/d/", "/a/b");

	(void)state;
	op.bind.recursive = true;
	op.bind.attrs = (struct mount_attrs){ .set = 1, .clear = 2, .rec_set = 4, .rec_clear = 8,
		.propagation = MS_SLAVE,
					      .propagation_rec = true };
	assert_int_equal(apply_bind(&ctx, &op, &err), 0);
	assert_calls("clone /d/ rec\n"
		     "setattr host:/d rec +4 -8 \n"
		     "setattr host:/d +1 -2 \n"
		     "setattr host:/d rec +0 -0 slave\n"
		     "attach host:/d /a/b\n");
	assert_int_equal(type_below_root("/a/b"), S_IFDIR);
}

static void a_file_needs_a_file(void **state)
{
	struct op op = bind_of("/f", "/x/f");

	(void)state;
	assert_int_equal(apply_bind(&ctx, &op, &err), 0);
	assert_calls("clone /f\nattach host:/f /x/f\n");
	assert_int_equal(type_below_root("/x/f"), S_IFREG);
}

static void links_are_followed_unless_told(void **state)
{
	struct op op = bind_of("/d/", "/link");

	(void)state;
	make(root_path, "/real/");
	make_link("real", "/link");
	assert_int_equal(apply_bind(&ctx, &op, &err), 0);
	assert_calls("clone /d/\nattach host:/d /real\n");
	forget_calls();
	op.bind.source_nofollow = op.bind.dest_nofollow = true;
	assert_int_equal(apply_bind(&ctx, &op, &err), 0);
	assert_calls("clone /d/ nofollow\nattach host:/d /link\n");
}

static void a_source_may_wait_in_a_slot(void **state)
{
	int slots[2] = { -1, -1 };
	struct op_userns mapping = { .slot = 0 };
	struct op open_tree = { .open_tree = { .path = source("/d/"), .slot = 1, .nofollow = true,
					       .propagation = MS_SLAVE } };
	struct op op = { .bind = { .source = "/gone", .dest = "/a", .slot = 1 } };

	(void)state;
	ctx.slots = slots;
	assert_int_equal(apply_open_tree(&ctx, &open_tree, &err), 0);
	assert_int_equal(apply_bind(&ctx, &op, &err), 0);
	assert_calls("clone /d/ nofollow\nsetattr host:/d rec +0 -0 slave\nattach host:/d /a\n");
	/* it was used up */
	assert_int_equal(slots[1], -1);

	forget_calls();
	slots[0] = 77;
	open_tree.open_tree.idmap = &mapping;
	open_tree.open_tree.idmap_recursive = true;
	open_tree.open_tree.propagation = MS_SLAVE | MS_SHARED;
	failing = "idmap";
	failure = -EINVAL;
	assert_int_equal(apply_open_tree(&ctx, &open_tree, &err), -EINVAL);
	assert_calls("clone /d/ nofollow\n"
		     "setattr host:/d rec +0 -0 slave\n"
		     "setattr host:/d rec +0 -0 shared\n"
		     "idmap host:/d rec 77\n");
	assert_non_null(strstr(err.text, "cannot do that on this kernel"));
	assert_int_equal(slots[1], -1);
	failing = "setattr";
	failure = -EPERM;
	assert_int_equal(apply_open_tree(&ctx, &open_tree, &err), -EPERM);
	assert_non_null(strstr(err.text, "set the propagation of "));
	open_tree.open_tree.path = "/no/such/place";
	assert_error(apply_open_tree(&ctx, &open_tree, &err), &err, ENOENT,
		"open /no/such/place for the container: no such file or directory");
}

static void failures_of_a_bind(void **state)
{
	struct op op = { .bind = { .source = "/no/such", .dest = "/a", .slot = PLAN_NO_SLOT } };

	(void)state;
	assert_error(apply_bind(&ctx, &op, &err), &err, ENOENT, "bind /no/such: no such file or directory");
	op = bind_of("/d/", "/a");
	failing = "clone";
	failure = -EINVAL;
	assert_int_equal(apply_bind(&ctx, &op, &err), -EINVAL);
	assert_non_null(strstr(err.text, ": other mounts lie below it, which a user namespace may not take away: use "
		"rbind"));
	op.bind.recursive = true;
	assert_int_equal(apply_bind(&ctx, &op, &err), -EINVAL);
	assert_null(strstr(err.text, "use rbind"));

	op.bind.attrs.clear = 1;
	failing = "setattr";
	failure = -EPERM;
	assert_int_equal(apply_bind(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "cannot be taken off in a user namespace"));
	assert_null(strstr(calls.text, "attach"));

	/* a directory onto a file, and the same number for another reason */
	op.bind.attrs.clear = 0;
	failing = "attach";
	failure = -EINVAL;
	assert_error(apply_bind(&ctx, &op, &err), &err, EINVAL, "mount onto /a: invalid argument");
	make(root_path, "/f");
	op.bind.dest = "/f";
	assert_error(apply_bind(&ctx, &op, &err), &err, ENOTDIR,
		"mount onto /f: one of the two is a directory, the other is not: not a directory");
}

/* ---- groups ---- */

static void a_group_is_one_mount_with_the_options(void **state)
{
	struct op begin = { .group = { .dir = "/nix/store" } };
	struct op end = { .group = { .dir = "/nix/store", .attrs.set = 7 } };
	struct op a = bind_of("/s/a/", "/nix/store/a"), b = bind_of("/s/b", "/nix/store/b");

	(void)state;
	a.bind.in_group = b.bind.in_group = true;
	assert_int_equal(apply_group_begin(&ctx, &begin, &err), 0);
	assert_int_equal(apply_bind(&ctx, &a, &err), 0);
	failing = "attach-at"; /* its mount point is missing */
	failure = -ENOENT;
	assert_int_equal(apply_bind(&ctx, &b, &err), 0);
	assert_int_equal(apply_group_end(&ctx, &end, &err), 0);
	assert_calls("clone-fd /nix/store rec\n"
		     "attach /nix/store /nix/store\n"
		     "clone /s/a/\n"
		     "attach-at host:/s/a /nix/store a\n"
		     "clone /s/b\n"
		     "attach-at host:/s/b /nix/store b\n"
		     "attach host:/s/b /nix/store/b\n"
		     "setattr /nix/store rec +7 -0 \n");
	assert_int_equal(ctx.group_fd, -1);
	assert_int_equal(type_below_root("/nix/store/b"), S_IFREG);
	failing = "setattr";
	failure = -EPERM;
	ctx.group_fd = open(root_path, O_PATH);
	assert_error(apply_group_end(&ctx, &end, &err), &err, EPERM,
		"set the options of all mounts below /nix/store: operation not permitted");
	assert_int_equal(ctx.group_fd, -1);
}

/* ---- new file systems ---- */

static char *no_options[] = { NULL };

static void a_file_system_is_born_with_its_attributes(void **state)
{
	char *list[] = { (char *)"mode=755", (char *)"newinstance", (char *)"x=a=b", NULL };
	struct op op = { .mount = { .fstype = "tmpfs", .source = "t", .dest = "/t", .options = list,
				    .attrs = { .set = 6, .clear = 1, .propagation = MS_SHARED } } };

	(void)state;
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	assert_calls("fs-open tmpfs\n"
		     "fs-set source=t\n"
		     "fs-set mode=755\n"
		     "fs-set newinstance\n"
		     "fs-set x=a=b\n"
		     "fs-create\n"
		     "fs-mount +6\n"
		     "setattr host: +0 -0 shared\n"
		     "attach host: /t\n");
}

static void copying_up_comes_before_read_only(void **state)
{
	struct op op = { .mount = { .fstype = "tmpfs", .source = "t", .dest = "/t", .options = no_options,
				    .copy_up = true, .attrs = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME,
								.clear = MOUNT_ATTR__ATIME } } };
	struct stat st;

	(void)state;
	make(root_path, "/t/deep/file");
	assert_int_equal(fchmodat(ctx.root_fd, "t", 0751, 0), 0);
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	/* without a mode of its own, it has that of what it covers */
	assert_calls("fs-open tmpfs\n"
		     "fs-set source=t\n"
		     "fs-set mode=751\n"
		     "fs-create\n"
		     "fs-mount +0\n"
		     "setattr host: +11 -70 \n"
		     "attach host: /t\n");
	assert_int_equal(stat(arena_printf(ctx.arena, "%s/deep/file", host_path), &st), 0);
}

static void a_label_comes_before_read_only(void **state)
{
	struct op op = { .mount = { .fstype = "mqueue", .source = "m", .dest = "/m", .options = no_options,
				    .label = "a:b",
				    .attrs.set = MOUNT_ATTR_RDONLY } };

	(void)state;
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	assert_calls("fs-open mqueue\nfs-set source=m\nfs-create\nfs-mount +0\nlabel host: a:b\nsetattr host: +1 -0 \n"
		     "attach host: /m\n");
	failing = "label";
	failure = -ENOTSUP;
	assert_error(apply_mount(&ctx, &op, &err), &err, ENOTSUP, "give /m the label a:b: operation not supported");
}

static void what_is_too_long_is_mounted_aside(void **state)
{
	char *list[] = { (char *)"index=off", arena_printf(ctx.arena, "lowerdir=%0300d", 0), NULL };
	struct op op = { .mount = { .fstype = "overlay", .source = "layers", .dest = "/t", .options = list,
				    .attrs = { .set = MOUNT_ATTR_NODEV, .propagation = MS_PRIVATE } } };

	(void)state;
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	assert_calls("mount-aside overlay layers (6) index=of (319)\n"
		     "setattr host: +4 -0 \n"
		     "setattr host: +0 -0 private\n"
		     "attach host: /t\n");
	/* 255 bytes are not */
	list[1] = arena_printf(ctx.arena, "lowerdir=%0255d", 0);
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	assert_non_null(strstr(str_text(&calls), "fs-create"));
	list[1] = arena_printf(ctx.arena, "lowerdir=%0300d", 0);
	list[0] = (char *)"context=a,b";
	assert_error(apply_mount(&ctx, &op, &err), &err, EINVAL,
		     "the option 'context=a,b' of overlay has a comma in it, which only options of at most 255 bytes "
		     "may have");
	list[0] = arena_printf(ctx.arena, "upperdir=%04000d", 0);
	assert_error(apply_mount(&ctx, &op, &err), &err, E2BIG, "the options of overlay are longer together than the "
		     "kernel takes (4095 bytes)");
	list[0] = (char *)"index=off";
	failing = "mount-aside";
	failure = -ENOENT;
	assert_error(apply_mount(&ctx, &op, &err), &err, ENOENT, "mount overlay onto /t: no such file or directory");
}

static void failures_of_a_file_system(void **state)
{
	char *list[] = { (char *)"mode=755", (char *)"size=many", NULL };
	char *long_name[] = { arena_printf(ctx.arena, "%0100d=1", 0), NULL };
	struct op op = { .mount = { .fstype = "tmpfs", .source = "t", .dest = "/t", .options = list } };

	(void)state;
	failing = "fs-set size";
	failure = -EINVAL;
	assert_error(apply_mount(&ctx, &op, &err), &err, EINVAL, "tmpfs does not take the option 'size=many': invalid "
		"argument");
	kernel_says = "tmpfs: Bad value for 'size'";
	assert_error(apply_mount(&ctx, &op, &err), &err, EINVAL,
		"tmpfs does not take the option 'size=many': tmpfs: Bad value for 'size': invalid argument");
	kernel_says = NULL;
	op.mount.options = long_name;
	assert_int_equal(apply_mount(&ctx, &op, &err), -EINVAL);
	assert_non_null(strstr(err.text, "tmpfs does not take the option '000"));

	op.mount.options = no_options;
	failing = "fs-open";
	failure = -ENODEV;
	op.mount.fstype = "nosuchfs";
	assert_error(apply_mount(&ctx, &op, &err), &err, ENODEV, "the kernel has no file system 'nosuchfs'");
	failing = "fs-create";
	failure = -EPERM;
	op.mount.fstype = "sysfs";
	assert_int_equal(apply_mount(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "mount sysfs onto /t: this needs a network namespace"));
	failing = "fs-mount";
	op.mount.fstype = "proc";
	assert_int_equal(apply_mount(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "mount proc onto /t: this needs a pid namespace"));
	op.mount.fstype = "mqueue";
	assert_error(apply_mount(&ctx, &op, &err), &err, EPERM, "mount mqueue onto /t: operation not permitted");
	assert_null(strstr(calls.text, "attach"));
}

static void proc_and_sysfs_lie_where_they_seem_to(void **state)
{
	struct op op = { .mount = { .fstype = "sysfs", .source = "s", .dest = "/sys", .options = no_options } };

	(void)state;
	make(root_path, "/elsewhere/");
	make_link("elsewhere", "/sys");
	assert_int_equal(apply_mount(&ctx, &op, &err), -ELOOP);
	assert_non_null(strstr(err.text, "sysfs must be mounted on an ordinary directory, and /sys leads over a "
		"symlink"));
	assert_null(strstr(calls.text, "attach"));
	forget_calls();
	op.mount.dest = "/new/sys"; /* missing ones are made */
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	assert_non_null(strstr(calls.text, "attach host: /new/sys\n"));
	/* for others a link is as good as a directory */
	op.mount.fstype = "tmpfs";
	op.mount.dest = "/sys";
	forget_calls();
	assert_int_equal(apply_mount(&ctx, &op, &err), 0);
	assert_non_null(strstr(calls.text, "attach host: /elsewhere\n"));
}

static void nothing_but_proc_is_proc(void **state)
{
	struct op tmpfs = { .mount = { .fstype = "tmpfs", .source = "t", .dest = "/proc", .options = no_options } };
	struct op proc = { .mount = { .fstype = "proc", .source = "p", .dest = "/proc", .options = no_options } };
	struct op bind = bind_of("/f", "/proc/self/attr/exec");

	(void)state;
	assert_error(apply_mount(&ctx, &tmpfs, &err), &err, EPERM,
		"/proc: only a proc file system may be mounted at /proc, and nothing below it");
	assert_int_equal(apply_mount(&ctx, &proc, &err), 0);
	assert_non_null(strstr(calls.text, "attach /proc /proc\n"));
	forget_calls();
	tmpfs.mount.dest = "/proc/sys";
	assert_int_equal(apply_mount(&ctx, &tmpfs, &err), -EPERM);
	assert_int_equal(apply_bind(&ctx, &bind, &err), -EPERM);
	proc.mount.dest = "/proc/sys"; /* not even a proc, anywhere but at the root of one */
	assert_int_equal(apply_mount(&ctx, &proc, &err), -EPERM);
	/* over a link */
	make_link("/proc/self", "/innocent");
	bind.bind.dest = "/innocent/attr/exec";
	assert_int_not_equal(apply_bind(&ctx, &bind, &err), 0);
	assert_null(strstr(calls.text, "attach"));
	/* what lxcfs and the like cover */
	bind.bind.dest = "/proc/uptime";
	assert_int_equal(apply_bind(&ctx, &bind, &err), 0);
	assert_non_null(strstr(calls.text, "attach host:/f /proc/uptime\n"));
}

static void the_own_cgroup_is_bound(void **state)
{
	struct op op = { .mount = { .fstype = "cgroup2", .source = "c", .dest = "/cg", .options = no_options,
		.cgroup_path = "/x",
				    .attrs.set = 1 } };

	(void)state;
	assert_int_equal(apply_cgroup_mount(&ctx, &op, &err), 0);
	assert_calls("cgroup-open /x\nclone-fd host:\nsetattr host: +1 -0 \nattach host: /cg\n");
	failing = "cgroup-open";
	failure = -ENOENT;
	ctx.cgroup_fd = 0;
	assert_error(apply_cgroup_mount(&ctx, &op, &err), &err, ENOENT,
		"open the cgroup /x: no such file or directory");
	forget_calls();
	/* it did not get one */
	ctx.cgroup_fd = -1;
	failing = "cgroup-open /x";
	assert_int_equal(apply_cgroup_mount(&ctx, &op, &err), 0);
	assert_calls("cgroup-open /x\ncgroup-own\ncgroup-open /own\nclone-fd host:\nsetattr host: +1 -0 \n"
		     "attach host: /cg\n");
	forget_calls();
	/* where systemd has put it */
	op.mount.cgroup_path = "";
	assert_int_equal(apply_cgroup_mount(&ctx, &op, &err), 0);
	assert_calls("cgroup-own\ncgroup-open /own\nclone-fd host:\nsetattr host: +1 -0 \nattach host: /cg\n");
	forget_calls();
	op.mount.cgroup_path = NULL;
	assert_int_equal(apply_cgroup_mount(&ctx, &op, &err), 0);
	assert_calls("fs-open cgroup2\nfs-set source=c\nfs-create\nfs-mount +1\nattach host: /cg\n");
}

static void a_remount_needs_a_mount(void **state)
{
	struct op op = { .remount = { .dest = "/a", .attrs = { .set = 1, .propagation = MS_PRIVATE } } };

	(void)state;
	assert_error(apply_remount(&ctx, &op, &err), &err, ENOENT, "remount /a: no such file or directory");
	make(root_path, "/a/");
	assert_error(apply_remount(&ctx, &op, &err), &err, EINVAL, "remount /a: nothing is mounted there");
	is_mount_root = true;
	assert_int_equal(apply_remount(&ctx, &op, &err), 0);
	assert_calls("setattr /a +1 -0 \nsetattr /a +0 -0 private\n");
}

static const struct CMUnitTest tests[] = {
	FAKE_TEST(a_bind_is_complete_before_it_is_seen),
	FAKE_TEST(a_file_needs_a_file),
	FAKE_TEST(links_are_followed_unless_told),
	FAKE_TEST(a_source_may_wait_in_a_slot),
	FAKE_TEST(failures_of_a_bind),
	FAKE_TEST(a_group_is_one_mount_with_the_options),
	FAKE_TEST(a_file_system_is_born_with_its_attributes),
	FAKE_TEST(copying_up_comes_before_read_only),
	FAKE_TEST(a_label_comes_before_read_only),
	FAKE_TEST(what_is_too_long_is_mounted_aside),
	FAKE_TEST(failures_of_a_file_system),
	FAKE_TEST(proc_and_sysfs_lie_where_they_seem_to),
	FAKE_TEST(nothing_but_proc_is_proc),
	FAKE_TEST(the_own_cgroup_is_bound),
	FAKE_TEST(a_remount_needs_a_mount),
};

UNIT_MAIN(tests)
