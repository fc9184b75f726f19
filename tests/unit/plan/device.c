/* /dev: what every container has, what the config adds, and who can make a node. */
#include "tests/unit/plan/text.h"

#define DEVICES(list) CONFIG_OF("'namespaces':[{'type':'mount'}],'devices':[" list "]", "", "")
#define DEVICES_ROOTLESS(list) CONFIG_OF("'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS ",'devices':[" list \
	"]", "", "")
#define DEV_MOUNT(options) "{'destination':'/dev/','type':'tmpfs','source':'/d','options':[" options "]}"
#define DEV_OPS "device,symlink,console"
#define LINKS \
	"symlink /dev/fd /proc/self/fd\n" \
	"symlink /dev/stdin /proc/self/fd/0\n" \
	"symlink /dev/stdout /proc/self/fd/1\n" \
	"symlink /dev/stderr /proc/self/fd/2\n" \
	"symlink /dev/core /proc/kcore\n" \
	"symlink /dev/ptmx pts/ptmx\n"

static void root_makes_the_nodes(void **state)
{
	(void)state;
	as_root();
	assert_string_equal(only(DEV_OPS, "init", ROOTFUL(DEV_MOUNT(""), "")),
		"device /dev/null c 1:3 mode=666 owner=0:0\n"
		"device /dev/zero c 1:5 mode=666 owner=0:0\n"
		"device /dev/full c 1:7 mode=666 owner=0:0\n"
		"device /dev/random c 1:8 mode=666 owner=0:0\n"
		"device /dev/urandom c 1:9 mode=666 owner=0:0\n"
		"device /dev/tty c 5:0 mode=666 owner=0:0\n" LINKS);
}

#define BOUND \
	"device /dev/null c 1:3 bind\n" \
	"device /dev/zero c 1:5 bind\n" \
	"device /dev/full c 1:7 bind\n" \
	"device /dev/random c 1:8 bind\n" \
	"device /dev/urandom c 1:9 bind\n" \
	"device /dev/tty c 5:0 bind\n"

static void without_real_root_they_are_bound(void **state)
{
	(void)state;
	assert_string_equal(only(DEV_OPS, "init", ROOTLESS("", "")), BOUND LINKS);
	/* root with a user namespace, new or joined; root of a user namespace that is not the first one */
	as_root();
	assert_string_equal(only(DEV_OPS, "init", CONFIG_OF("'namespaces':[{'type':'mount'}," USERNS "]," RANGES, "",
		"")), BOUND LINKS);
	assert_string_equal(only(DEV_OPS, "init",
		CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'user','path':'/u'}]", "", "")),
		BOUND LINKS);
	facts.initial_userns = false;
	assert_string_equal(only(DEV_OPS, "init", ROOTFUL("", "")), BOUND LINKS);
}

static void real_root_makes_them_before_it_enters_a_user_namespace(void **state)
{
	const char *config = CONFIG_OF("'namespaces':[{'type':'mount'}," USERNS "],'uidMappings':[{'containerID':0,"
		"'hostID':1000,'size':10}],'gidMappings':[{'containerID':0,'hostID':2000,'size':10}],'devices':["
		"{'path':'/dev/a','type':'b','major':8,'minor':1,'fileMode':384,'uid':5,'gid':6},"
		"{'path':'/dev/p','type':'p'}]", "", "");

	(void)state;
	as_root();
	assert_string_equal(only("device-node", "runtime", config), "device-node 0 b 8:1 mode=600 owner=1005:2006\n");
	assert_string_equal(only("device,devices-end", "init", config),
		BOUND "device /dev/a b 8:1 node=0 mode=600 owner=5:6\ndevice /dev/p p 0:0 mode=666 owner=0:0\n"
		"devices-end\n");
	assert_error(build_plan(CONFIG_OF("'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS ",'devices':["
		"{'path':'/dev/a','type':'b','major':8,'minor':1,'uid':5}]", "", "")), &err, EINVAL,
		"linux.devices[0].uid: 5 is not in linux.uidMappings");
}

static void the_config_adds_and_replaces(void **state)
{
	(void)state;
	as_root();
	assert_string_equal(only("device", "init", DEVICES(
		"{'path':'/dev/null','type':'c','major':1,'minor':3,'fileMode':384,'uid':5,'gid':6},"
		"{'path':'/dev/sda','type':'b','major':8,'minor':0},{'path':'/dev/pipe','type':'p','fileMode':416},"
		"{'path':'/dev/u','type':'u','major':1,'minor':5,'fileMode':33206}")),
		"device /dev/zero c 1:5 mode=666 owner=0:0\n"
		"device /dev/full c 1:7 mode=666 owner=0:0\n"
		"device /dev/random c 1:8 mode=666 owner=0:0\n"
		"device /dev/urandom c 1:9 mode=666 owner=0:0\n"
		"device /dev/tty c 5:0 mode=666 owner=0:0\n"
		"device /dev/null c 1:3 mode=600 owner=5:6\n"
		"device /dev/sda b 8:0 mode=666 owner=0:0\n"
		"device /dev/pipe p 0:0 mode=640 owner=0:0\n"
		/* the type's bits belong to "type", not to fileMode */
		"device /dev/u c 1:5 mode=666 owner=0:0\n");
}

static void a_fifo_needs_no_root(void **state)
{
	const char *text_ = only("device", "init", DEVICES_ROOTLESS("{'path':'/dev/pipe','type':'p'},"
		"{'path':'/dev/fuse','type':'c','major':10,'minor':229}"));

	(void)state;
	assert_non_null(strstr(text_, "device /dev/pipe p 0:0 mode=666 owner=0:0\n"));
	assert_non_null(strstr(text_, "device /dev/fuse c 10:229 bind\n"));
}

static void a_bound_dev_is_left_alone(void **state)
{
	(void)state;
	assert_string_equal(only(DEV_OPS, "init", ROOTLESS(DEV_MOUNT("'rbind'"), "")), "");
	assert_string_equal(only(DEV_OPS, "init", ROOTLESS(DEV_MOUNT("'ro','bind'"), "")), "");
	/* one below it is not /dev itself */
	assert_string_equal(only(DEV_OPS, "init",
		ROOTLESS("{'destination':'/dev/shm','source':'/s','options':['bind']}", "")), BOUND LINKS);
}

static void the_terminal(void **state)
{
#define TERMINAL(mounts, more) "{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'terminal':true" more "}," \
	"'root':{'path':'r'},'linux':{'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS "},'mounts':[" mounts "]}"
	(void)state;
	assert_string_equal(only("console", "init", TERMINAL("", "")), "console owner=0 size=0x0 /dev/console\n");
	assert_string_equal(only("console", "init", TERMINAL(DEV_MOUNT("'bind'"),
		",'consoleSize':{'height':25,'width':80}")),
		"console owner=0 size=80x25\n");
	assert_string_equal(only("console", "init", ROOTLESS("", "")), "");
}

static void an_unknown_type_is_an_error(void **state)
{
	(void)state;
	as_root();
	assert_error(build_plan(DEVICES("{'path':'/dev/a','type':'p'},{'path':'/dev/x','type':'q'}")), &err, EINVAL,
		"linux.devices[1]: unknown device type 'q': it is c, b, u or p");
}

static const struct CMUnitTest tests[] = {
	TEXT_TEST(root_makes_the_nodes),
	TEXT_TEST(without_real_root_they_are_bound),
	TEXT_TEST(real_root_makes_them_before_it_enters_a_user_namespace),
	TEXT_TEST(the_config_adds_and_replaces),
	TEXT_TEST(a_fifo_needs_no_root),
	TEXT_TEST(a_bound_dev_is_left_alone),
	TEXT_TEST(the_terminal),
	TEXT_TEST(an_unknown_type_is_an_error),
};

UNIT_MAIN(tests)
