/* The order in which a device is moved, and that nothing is moved that is known to fail. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "apply/apply.h"
#include "base/str.h"
#include "sys/netdev.h"

enum { HERE = 1000, THERE = 1001 };

static struct str calls;
static const char *failing;
static int failure;
static int in_container;          /* the index that the new name has there; < 0: none */
static struct err err;
static struct apply ctx;
static char dir[4096];

static int call(const char *name)
{
	str_addf(&calls, "%s ", name);
	return failing && strcmp(failing, name) == 0 ? failure : 0;
}

/* Real descriptors, since they are closed. */
int sys_netdev_open(int netns)
{
	int r = call(netns < 0 ? "here" : "there");

	return r < 0 ? r : fcntl(0, F_DUPFD, netns < 0 ? HERE : THERE);
}

int sys_netdev_index(int sock, const char *name)
{
	(void)name;
	return sock == HERE ? (call("find"), failing && strcmp(failing, "find") == 0 ? failure : 7) : in_container;
}

int sys_netdev_free_index(int sock, int wanted)
{
	assert_int_equal(sock, THERE);
	assert_int_equal(wanted, 7);
	return 9;
}

int sys_netdev_addresses(int sock, int index, struct arena *a, struct sys_address **ret, size_t *ret_len)
{
	static struct sys_address two[2];

	(void)a;
	assert_int_equal(sock, HERE);
	assert_int_equal(index, 7);
	*ret = two;
	*ret_len = 2;
	return call("addresses");
}

int sys_netdev_move(int sock, const struct sys_netdev_move *m)
{
	assert_int_equal(sock, HERE);
	assert_int_equal(m->index, 7);
	assert_int_equal(m->new_index, 9);
	assert_string_equal(m->name, "new");
	return call("move");
}

int sys_netdev_add_address(int sock, int index, const struct sys_address *address)
{
	(void)address;
	assert_int_equal(sock, THERE);
	assert_int_equal(index, 9);
	return call("add");
}

int sys_netdev_up(int sock, int index)
{
	assert_int_equal(sock, THERE);
	assert_int_equal(index, 9);
	return call("up");
}

static int set_up(void **state)
{
	char path[4200];
	int fd;

	(void)state;
	str_free(&calls);
	failing = NULL;
	in_container = -ENODEV;
	snprintf(dir, sizeof dir, "%s", unit_temp_dir());
	snprintf(path, sizeof path, "%s/42", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/42/ns", dir);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/42/ns/net", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	ctx = (struct apply){ .proc_fd = open(dir, O_PATH | O_DIRECTORY), .target = 42 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(ctx.proc_fd);
	unit_remove_tree(dir);
	return 0;
}

static int apply(void)
{
	const struct op op = { .type = OP_NET_DEVICE, .net_device = { "old", "new" } };

	str_free(&calls);
	return apply_net_device(&ctx, &op, &err);
}

static void the_order(void **state)
{
	(void)state;
	assert_ok(apply(), &err);
	assert_string_equal(str_text(&calls), "here there find addresses move add add up ");
	/* an address that the kernel has made by itself */
	failing = "add";
	failure = -EEXIST;
	assert_ok(apply(), &err);
}

static void fails(const char *name, int number, const char *text, const char *done)
{
	failing = name;
	failure = -number;
	assert_error(apply(), &err, number, text);
	assert_string_equal(str_text(&calls), done);
}

#define NOT_PERMITTED                                                                                             \
	"move it to the container (this takes root on the host: CAP_NET_ADMIN and CAP_SYS_ADMIN in both network " \
	"namespaces): operation not permitted"

static void what_fails(void **state)
{
	(void)state;
	fails("there", EPERM, NOT_PERMITTED, "here there ");
	fails("find", ENODEV, "there is no such network device here", "here there find ");
	fails("move", EPERM, NOT_PERMITTED, "here there find addresses move ");
	fails("move", EINVAL, "move it to the container (is it one of those that cannot leave their namespace, such "
	      "as lo?): invalid argument", "here there find addresses move ");
	fails("add", ENOBUFS, "give it back its address (1 of 2): no buffer space available",
	      "here there find addresses move add ");
	fails("up", EPERM, "bring it up in the container: operation not permitted", "here there find addresses move "
	      "add add up ");
	in_container = 3;
	fails("", EEXIST, "the container has a network device new already: file exists", "here there find ");
	ctx.target = 43;
	fails("", ENOENT, "open the container's network namespace: no such file or directory", "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(the_order),
	TEST(what_fails),
};

UNIT_MAIN(tests)
