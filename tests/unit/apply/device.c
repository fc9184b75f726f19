/* Devices that are bound or made, and never mistaken for others; links in /dev. */
#include "tests/unit/apply/fake_mount.h"

#include "apply/apply.h"

static void the_hosts_device_is_bound_if_it_is_the_one(void **state)
{
	struct op op = { .device = { .path = "/dev/null", .mode = S_IFCHR | 0666, .major = 1, .minor = 3,
				     .bind_from = "/dev/null" } };

	(void)state;
	assert_int_equal(apply_device(&ctx, &op, &err), 0);
	assert_calls("clone /dev/null\nsetattr /dev/null +a -0 \nattach /dev/null /dev/null\n");
	assert_int_equal(type_below_root("/dev/null"), S_IFREG);
	forget_calls();
	op.device.minor = 5;
	assert_error(apply_device(&ctx, &op, &err), &err, ENODEV, "/dev/null of the host is not the device 1:5");
	op.device.minor = 3;
	op.device.mode = S_IFBLK | 0666;
	assert_int_equal(apply_device(&ctx, &op, &err), -ENODEV);
	op.device.bind_from = "/dev/no-such";
	assert_error(apply_device(&ctx, &op, &err), &err, ENOENT, "bind the device /dev/no-such of the host: no such "
		"file or directory");
	assert_null(strstr(calls.text, "attach"));
}

/* A link of that name in the rootfs is covered, not followed. */
static void a_link_in_its_place_is_not_followed(void **state)
{
	struct op op = { .device = { .path = "/dev/null", .mode = S_IFCHR, .major = 1, .minor = 3,
				     .bind_from = "/dev/null" } };

	(void)state;
	make(root_path, "/dev/");
	make(root_path, "/etc/shadow");
	make_link("../etc/shadow", "/dev/null");
	assert_int_equal(apply_device(&ctx, &op, &err), 0);
	assert_calls("clone /dev/null\nsetattr /dev/null +a -0 \nattach /dev/null /dev/null\n");
}

/* What was made aside is mounted on the root for as long as parts of it are bound, and no longer. */
static void a_node_made_aside_is_bound(void **state)
{
	struct op first = { .device = { .path = "/dev/a", .mode = S_IFCHR, .node = "node-a" } };
	struct op second = { .device = { .path = "/dev/b", .mode = S_IFCHR, .node = "node-b" } };

	(void)state;
	make(host_path, "/nodes/node-a");
	make(host_path, "/nodes/node-b");
	ctx.nodes_fd = open(arena_printf(ctx.arena, "%s/nodes", host_path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(apply_device(&ctx, &first, &err), 0);
	assert_int_equal(apply_device(&ctx, &second, &err), 0);
	assert_int_equal(apply_devices_end(&ctx, &first, &err), 0);
	assert_calls("attach host:/nodes /\n"
		     "clone node-a nofollow\nsetattr host:/nodes/node-a +a -0 \nattach host:/nodes/node-a /dev/a\n"
		     "clone node-b nofollow\nsetattr host:/nodes/node-b +a -0 \nattach host:/nodes/node-b /dev/b\n"
		     "detach\n");
	assert_int_equal(ctx.nodes_fd, -1);
	assert_int_equal(type_below_root("/dev/b"), S_IFREG);
}

/* A FIFO can be made without root, and shows the rest of the way as well. */
static void a_node_is_made_with_its_mode(void **state)
{
	struct op op = { .device = { .path = "/dev/sub/pipe", .mode = S_IFIFO | 0626, .uid = getuid(),
		.gid = getgid() } };
	struct stat st;

	(void)state;
	umask(077);
	assert_int_equal(apply_device(&ctx, &op, &err), 0);
	assert_int_equal(umask(022), 077);
	assert_int_equal(fstatat(ctx.root_fd, "dev/sub/pipe", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFIFO | 0626);
	/* it is there: good, if it is what was asked for */
	assert_int_equal(apply_device(&ctx, &op, &err), 0);
	op.device.path = "/etc/x";
	make(root_path, "/etc/x");
	assert_error(apply_device(&ctx, &op, &err), &err, EEXIST,
		"make the device /etc/x: something else is there already, in the root file system: remove it");
	make_link("sub/pipe", "/dev/link");
	op.device.path = "/dev/link";
	assert_int_equal(apply_device(&ctx, &op, &err), -EEXIST);
	op.device = (struct op_device){ .path = "/dev/mem", .mode = S_IFCHR | 0600, .major = 1, .minor = 1 };
	assert_error(apply_device(&ctx, &op, &err), &err, EPERM, "make the device /dev/mem: operation not permitted");
	op.device = (struct op_device){ .path = "/dev/pipe2", .mode = S_IFIFO | 0600, .uid = 0, .gid = 1 };
	assert_error(apply_device(&ctx, &op, &err), &err, EPERM, "give /dev/pipe2 to 0:1: operation not permitted");
}

static void links_are_made(void **state)
{
	struct op op = { .symlink = { .target = "/proc/self/fd", .path = "/dev/fd" } };
	char target[64] = "";

	(void)state;
	assert_int_equal(apply_symlink(&ctx, &op, &err), 0);
	assert_int_equal(readlinkat(ctx.root_fd, "dev/fd", target, sizeof target), 13);
	assert_string_equal(target, "/proc/self/fd");
	/* one that an image has is left */
	op.symlink.target = "other";
	assert_int_equal(apply_symlink(&ctx, &op, &err), 0);
	assert_int_equal(readlinkat(ctx.root_fd, "dev/fd", target, sizeof target), 13);
	op.symlink = (struct op_symlink){ .target = "/no/such/target", .path = "/dev/core", .if_target = true };
	assert_int_equal(apply_symlink(&ctx, &op, &err), 0);
	assert_int_equal(type_below_root("/dev/core"), 0);
	make(root_path, "/file");
	op.symlink = (struct op_symlink){ .target = "x", .path = "/file/x" };
	assert_int_equal(apply_symlink(&ctx, &op, &err), -ENOTDIR);
}

static const struct CMUnitTest tests[] = {
	FAKE_TEST(the_hosts_device_is_bound_if_it_is_the_one),
	FAKE_TEST(a_link_in_its_place_is_not_followed),
	FAKE_TEST(a_node_made_aside_is_bound),
	FAKE_TEST(a_node_is_made_with_its_mode),
	FAKE_TEST(links_are_made),
};

UNIT_MAIN(tests)
