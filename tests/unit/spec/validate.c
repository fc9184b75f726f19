/* Every rule of spec_validate: what is just allowed is taken, what is just past it is refused in these words. */
#include "tests/unit/arena.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/log.h"
#include "base/str.h"
#include "libocispec/field/read.h"
#include "spec/load.h"
#include "spec/sysctl.h"
#include "spec/validate.h"

static void *parse(const struct oci_type *type, const char *json)
{
	void *object;

	err = (struct err){ 0 };
	if (oci_read(arena, type, "config.json", json, strlen(json), &object, &err) < 0)
		fail_msg("%s\n%s", err.text, json);
	return object;
}

static void take(const char *json)
{
	struct oci_spec *spec = parse(&oci_spec_type, json);

	if (spec_validate(spec, &err) < 0)
		fail_msg("%s\n%s", err.text, json);
	assert_int_equal(err.num, 0);
}

static void refuse(const char *json, const char *message)
{
	struct oci_spec *spec = parse(&oci_spec_type, json);

	assert_int_equal(spec_validate(spec, &err), -EINVAL);
	assert_string_equal(err.text, message);
}

/* A valid config with something added. */
#define CONFIG(text) "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\"}" text "}"
#define LINUX(text) CONFIG(",\"linux\":{" text "}")
#define PROCESS(text) CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[\"sh\"]" text "}")
#define MOUNT(text) CONFIG(",\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\"},{" text "}]")
#define NAMESPACES(text) "\"namespaces\":[{\"type\":\"mount\"}" text "]"

static void version(void **state)
{
	static const char *const good[] = { "1.0.0", "1.99.12", "1.0.2-dev", "1.2.0-rc.1+build.05", "1.0.0+-" };
	static const char *const bad[] = { "",       "1",      "1.2",       "1.2.3.4",  "v1.0.0",
					   "01.0.0", "1.00.0", "1.0.0-",    "1.0.0-01", "1.0.0-a..b",
					   "1.0.0+", "1.0.0 ", "1.0.0-a_b", "1..0" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		take(arena_printf(arena, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuse(arena_printf(arena, "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", bad[i]),
		       arena_printf(arena, "ociVersion: \"%s\" is not a version like 1.2.0", bad[i]));
	refuse("{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}}",
	       "ociVersion: 2.0.0 is not supported, only versions 1.x are");
	refuse("{\"ociVersion\":\"0.5.0\",\"root\":{\"path\":\"r\"}}",
	       "ociVersion: 0.5.0 is not supported, only versions 1.x are");
	refuse("{\"ociVersion\":\"10.0.0\",\"root\":{\"path\":\"r\"}}",
	       "ociVersion: 10.0.0 is not supported, only versions 1.x are");
}

static void top_level(void **state)
{
	(void)state;
	take(CONFIG(""));
	refuse("{\"ociVersion\":\"1.0.0\"}", "root: is missing, but a Linux container needs one");
	refuse("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}", "root.path: is empty");
	take(CONFIG(",\"annotations\":{\"a\":\"\"}"));
	refuse(CONFIG(",\"annotations\":{\"a\":\"\",\"\":\"x\"}"), "annotations: a key is empty");
}

static void hooks(void **state)
{
	(void)state;
	take(CONFIG(",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":1},{\"path\":\"/"
		    "x\",\"args\":[],\"env\":[\"A\"]}]}"));
	refuse(CONFIG(",\"hooks\":{\"prestart\":[{\"path\":\"/x\"},{\"path\":\"x\"}]}"),
	       "hooks.prestart[1].path: \"x\" is not absolute");
	refuse(CONFIG(",\"hooks\":{\"createRuntime\":[{\"path\":\"\"}]}"),
	       "hooks.createRuntime[0].path: \"\" is not absolute");
	refuse(CONFIG(",\"hooks\":{\"createContainer\":[{\"path\":\"/x\",\"timeout\":0}]}"),
	       "hooks.createContainer[0].timeout: 0 is not greater than 0");
	refuse(CONFIG(",\"hooks\":{\"startContainer\":[{\"path\":\"/x\",\"timeout\":-1}]}"),
	       "hooks.startContainer[0].timeout: -1 is not greater than 0");
	refuse(CONFIG(",\"hooks\":{\"poststart\":[{\"path\":\"y\"}]}"),
	       "hooks.poststart[0].path: \"y\" is not absolute");
	refuse(CONFIG(",\"hooks\":{\"poststop\":[{\"path\":\"z\"}]}"), "hooks.poststop[0].path: \"z\" is not absolute");
}

static void process(void **state)
{
	(void)state;
	take(PROCESS(""));
	refuse(CONFIG(",\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}"), "process.cwd: \"\" is not an absolute path");
	refuse(CONFIG(",\"process\":{\"cwd\":\"a/b\",\"args\":[\"a\"]}"),
	       "process.cwd: \"a/b\" is not an absolute path");
	refuse(CONFIG(",\"process\":{\"cwd\":\"/\"}"),
	       "process.args: is missing or empty, but the program must be named");
	refuse(CONFIG(",\"process\":{\"cwd\":\"/\",\"args\":[]}"),
	       "process.args: is missing or empty, but the program must be named");
	take(PROCESS(",\"env\":[\"A=\",\"B==\"]"));
	refuse(PROCESS(",\"env\":[\"A=1\",\"SECRET\"]"), "process.env[1]: has no '='");
	refuse(PROCESS(",\"env\":[\"=SECRET\"]"), "process.env[0]: has no name before '='");
	take(PROCESS(",\"user\":{\"umask\":511}"));
	refuse(PROCESS(",\"user\":{\"umask\":512}"), "process.user.umask: 512 is more than 511, which is 0777");
	take(PROCESS(",\"terminal\":true,\"consoleSize\":{\"height\":65535,\"width\":65535}"));
	take(PROCESS(",\"consoleSize\":{\"height\":65536,\"width\":0}"));
	refuse(PROCESS(",\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}"),
	       "process.consoleSize: 1 x 65536 is more than a terminal can have");
	take(PROCESS(",\"oomScoreAdj\":-1000"));
	take(PROCESS(",\"oomScoreAdj\":1000"));
	refuse(PROCESS(",\"oomScoreAdj\":-1001"), "process.oomScoreAdj: -1001 is out of range, which is -1000 to 1000");
	refuse(PROCESS(",\"oomScoreAdj\":1001"), "process.oomScoreAdj: 1001 is out of range, which is -1000 to 1000");
}

static void rlimits(void **state)
{
	static const char *const names[] = { "AS",      "CORE",     "CPU",        "DATA",   "FSIZE", "LOCKS",
					     "MEMLOCK", "MSGQUEUE", "NICE",       "NOFILE", "NPROC", "RSS",
					     "RTPRIO",  "RTTIME",   "SIGPENDING", "STACK" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		take(arena_printf(arena, PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_%s\",\"soft\":1,\"hard\":1}]"),
				  names[i]));
	refuse(PROCESS(",\"rlimits\":[{\"type\":\"NOFILE\",\"soft\":1,\"hard\":1}]"),
	       "process.rlimits[0].type: unknown limit \"NOFILE\"");
	refuse(PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
		       "{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]"),
	       "process.rlimits[1].type: RLIMIT_CPU is there twice");
	refuse(PROCESS(",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,\"hard\":1}]"),
	       "process.rlimits[0].soft: 2 is more than the hard limit of 1");
}

static void priorities(void **state)
{
	(void)state;
	take(PROCESS(",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":7}"));
	refuse(PROCESS(",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}"),
	       "process.ioPriority.priority: 8 is out of range, which is 0 to 7");
	take(PROCESS(",\"execCPUAffinity\":{\"initial\":\"0-3, 7\",\"final\":\"\"}"));
	refuse(PROCESS(",\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"a\"}"),
	       "process.execCPUAffinity.final: \"a\" is not a list like 0-3,7");
	take(PROCESS(",\"scheduler\":{\"policy\":\"SCHED_RR\",\"nice\":-20,\"priority\":1}"));
	refuse(PROCESS(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}"),
	       "process.scheduler.nice: 20 is out of range, which is -20 to 19");
	refuse(PROCESS(",\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}"),
	       "process.scheduler.priority: is only for SCHED_FIFO and SCHED_RR, not for SCHED_OTHER");
	take(PROCESS(",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1}"));
	refuse(PROCESS(",\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"period\":1}"),
	       "process.scheduler: runtime, deadline and period are only for SCHED_DEADLINE, not for SCHED_FIFO");
}

/* What is logged while it runs. */
static char *logged(const char *json)
{
	char *path = arena_strdup(arena, "/tmp/cloister-unit.XXXXXX"), *text;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(log_open(path, "text", false, &err), 0);
	take(json);
	assert_int_equal(io_read_fd(arena, fd, path, 65536, &text, NULL, &err), 0);
	unlink(path);
	close(fd);
	return text;
}

static void capabilities(void **state)
{
	char *log;

	(void)state;
	log = logged(PROCESS(",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_CHECKPOINT_RESTORE\"]}"));
	assert_string_equal(log, "");
	log = logged(PROCESS(",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_FLY\"],\"ambient\":[\"chown\"]}"));
	assert_non_null(strstr(log, "level=warning msg=\"process.capabilities.bounding[1]: unknown capability "
				    "\\\"CAP_FLY\\\", ignored\"\n"));
	assert_non_null(strstr(log, "process.capabilities.ambient[0]: unknown capability \\\"chown\\\", ignored"));
	assert_null(strstr(log, "CAP_CHOWN"));
}

static void namespaces(void **state)
{
	(void)state;
	take(LINUX(NAMESPACES(",{\"type\":\"pid\",\"path\":\"/proc/1/ns/pid\"},{\"type\":\"time\",\"path\":\"\"}")));
	refuse(LINUX(NAMESPACES(",{\"type\":\"pid\"},{\"type\":\"pid\",\"path\":\"/x\"}")),
	       "linux.namespaces[2].type: pid is there twice");
	refuse(LINUX(NAMESPACES(",{\"type\":\"pid\",\"path\":\"x\"}")),
	       "linux.namespaces[1].path: \"x\" is not absolute");
	refuse(CONFIG(",\"hostname\":\"h\""),
	       "hostname: needs a uts namespace: add {\"type\": \"uts\"} to linux.namespaces");
	refuse(CONFIG(",\"domainname\":\"h\",\"linux\":{" NAMESPACES("") "}"),
	       "domainname: needs a uts namespace: add {\"type\": \"uts\"} to linux.namespaces");
	take(CONFIG(",\"hostname\":\"\",\"domainname\":\"\""));
	take(CONFIG(",\"hostname\":\"1234567890123456789012345678901234567890123456789012345678901234\",\"linux\":{"
		    NAMESPACES(",{\"type\":\"uts\",\"path\":\"/x\"}") "}"));
	refuse(CONFIG(",\"hostname\":\"12345678901234567890123456789012345678901234567890123456789012345\",\"linux\":{"
		      NAMESPACES(",{\"type\":\"uts\"}") "}"),
	       "hostname: has 65 bytes, at most 64 are possible");
	refuse(LINUX("\"maskedPaths\":[\"/x\"]"),
	       "linux.maskedPaths: needs a mount namespace: add {\"type\": \"mount\"} to linux.namespaces");
	refuse(LINUX("\"readonlyPaths\":[\"/x\"]"),
	       "linux.readonlyPaths: needs a mount namespace: add {\"type\": \"mount\"} to linux.namespaces");
}

#define USER NAMESPACES(",{\"type\":\"user\"}")
#define UIDS(text) "\"uidMappings\":[" text "]"
#define GIDS(text) "\"gidMappings\":[" text "]"
#define MAP(container, host, size) \
	"{\"containerID\":" #container ",\"hostID\":" #host ",\"size\":" #size "}"

static void mappings(void **state)
{
	struct str many = STR_INIT;

	(void)state;
	take(LINUX(USER "," UIDS(MAP(0, 1000, 1)) "," GIDS(MAP(0, 100, 1))));
	take(LINUX(NAMESPACES(",{\"type\":\"user\",\"path\":\"/x\"}")));
	/* neither: the runtime has a default */
	take(LINUX(USER));
	refuse(LINUX(USER "," UIDS(MAP(0, 0, 1))), "linux.gidMappings: is missing, but linux.uidMappings is there");
	refuse(LINUX(USER "," GIDS(MAP(0, 0, 1))), "linux.uidMappings: is missing, but linux.gidMappings is there");
	refuse(LINUX(UIDS(MAP(0, 0, 1))),
	       "linux.uidMappings: needs a user namespace: add {\"type\": \"user\"} to linux.namespaces");
	refuse(LINUX(GIDS(MAP(0, 0, 1))),
	       "linux.gidMappings: needs a user namespace: add {\"type\": \"user\"} to linux.namespaces");
	refuse(LINUX(USER "," UIDS(MAP(0, 0, 1) "," MAP(1, 1, 0)) "," GIDS(MAP(0, 0, 1))),
	       "linux.uidMappings[1].size: is 0");
	take(LINUX(USER "," UIDS(MAP(0, 0, 4294967295)) "," GIDS(MAP(4294967294, 4294967294, 1))));
	refuse(LINUX(USER "," UIDS(MAP(1, 0, 4294967295)) "," GIDS(MAP(0, 0, 1))),
	       "linux.uidMappings[0].containerID: 4294967295 ids from 1 on go past the last possible id");
	refuse(LINUX(USER "," UIDS(MAP(0, 0, 1)) "," GIDS(MAP(0, 4294967295, 1))),
	       "linux.gidMappings[0].hostID: 1 ids from 4294967295 on go past the last possible id");
	take(LINUX(USER "," UIDS(MAP(10, 20, 10) "," MAP(0, 0, 10) "," MAP(20, 30, 1)) "," GIDS(MAP(0, 0, 1))));
	refuse(LINUX(USER "," UIDS(MAP(10, 20, 10) "," MAP(0, 0, 11)) "," GIDS(MAP(0, 0, 1))),
	       "linux.uidMappings[1].containerID: overlaps with linux.uidMappings[0]");
	refuse(LINUX(USER "," UIDS(MAP(0, 0, 1)) "," GIDS(MAP(0, 0, 1) "," MAP(1, 5, 2) "," MAP(10, 6, 1))),
	       "linux.gidMappings[2].hostID: overlaps with linux.gidMappings[1]");
	for (int i = 0; i < 341; i++)
		str_addf(&many, "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}", i ? "," : "", i, i);
	refuse(arena_printf(arena, LINUX(USER "," UIDS("%s") "," GIDS(MAP(0, 0, 1))), many.text),
	       "linux.uidMappings: has 341 entries, the kernel takes at most 340");
	str_free(&many);
}

static void time_and_devices(void **state)
{
	(void)state;
	take(LINUX("\"timeOffsets\":{}"));
	refuse(LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"),
	       "linux.timeOffsets: needs a time namespace: add {\"type\": \"time\"} to linux.namespaces");
	take(LINUX(NAMESPACES(",{\"type\":\"time\"}") ",\"timeOffsets\":{\"monotonic\":{\"nanosecs\":999999999}}"));
	refuse(LINUX(NAMESPACES(",{\"type\":\"time\"}") ",\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}"),
	       "linux.timeOffsets.monotonic.nanosecs: 1000000000 is more than 999999999");
	refuse(LINUX(NAMESPACES(",{\"type\":\"time\"}") ",\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}"),
	       "linux.timeOffsets.boottime.nanosecs: 1000000000 is more than 999999999");
	take(LINUX(NAMESPACES(",{\"type\":\"network\"}") ",\"netDevices\":{\"eth0\":{\"name\":\"a23456789012345\"}}"));
	refuse(LINUX("\"netDevices\":{\"eth0\":{}}"),
	       "linux.netDevices: needs a network namespace: add {\"type\": \"network\"} to linux.namespaces");
	refuse(LINUX("\"netDevices\":{\"a/b\":{}}"), "linux.netDevices: \"a/b\" is no name of a network device");
	refuse(LINUX("\"netDevices\":{\"eth0\":{\"name\":\"a234567890123456\"}}"),
	       "linux.netDevices.eth0.name: \"a234567890123456\" is no name of a network device");
}

static void sysctl(void **state)
{
	static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb",          "kernel.msgmni",
					   "kernel.sem",    "kernel.shmall",          "kernel.shmmax",
					   "kernel.shmmni", "kernel.shm_rmid_forced", "fs.mqueue.msg_max",
					   "kernel/sem",    "fs/mqueue/msg_max" };
	static const struct {
		const char *key, *type;
	} others[] = { { "net.ipv4.ip_forward", "network" }, { "net/ipv4/conf/eth0.1/rp_filter", "network" },
		       { "kernel.domainname", "uts" }, { "user.max_user_namespaces", "user" } };
	static const char *const never[] = { "kernel.panic", "kernel.semx", "fs.mqueuex", "vm.swappiness", "net",
					     "kernel.core_pattern", "kernel.msgmax.x", "kernel.yama.ptrace_scope" };
	static const char *const bad[] = { "", "net..x", "net.ipv4.", "/net/ipv4/x", "net/../kernel/panic", "net/./x",
					   "net.//.kernel", "net./.x" };

	(void)state;
	for (size_t i = 0; i < sizeof ipc / sizeof *ipc; i++) {
		take(arena_printf(arena, LINUX(NAMESPACES(",{\"type\":\"ipc\"}") ",\"sysctl\":{\"%s\":\"1\"}"),
				  ipc[i]));
		refuse(arena_printf(arena, LINUX("\"sysctl\":{\"%s\":\"1\"}"), ipc[i]),
		       arena_printf(arena, "linux.sysctl[\"%s\"]: would change the host: add {\"type\": \"ipc\"} to "
					   "linux.namespaces", ipc[i]));
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		take(arena_printf(arena,
				  LINUX(NAMESPACES(",{\"type\":\"%s\",\"path\":\"/x\"}") ",\"sysctl\":{\"%s\":\"1\"}"),
				  others[i].type, others[i].key));
		refuse(arena_printf(arena, LINUX("\"sysctl\":{\"%s\":\"1\"}"), others[i].key),
		       arena_printf(arena, "linux.sysctl[\"%s\"]: would change the host: add {\"type\": \"%s\"} to "
					   "linux.namespaces", others[i].key, others[i].type));
	}
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		refuse(arena_printf(
			       arena,
			       LINUX(NAMESPACES(
				       ",{\"type\":\"ipc\"},{\"type\":\"network\"},{\"type\":\"uts\"}") ",\"sysctl\":{"
													"\"%s\":"
													"\"1\"}"),
			       never[i]),
		       arena_printf(arena, "linux.sysctl[\"%s\"]: would change the host: it belongs to no namespace",
				    never[i]));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		refuse(arena_printf(arena, LINUX(NAMESPACES(",{\"type\":\"network\"}") ",\"sysctl\":{\"%s\":\"1\"}"),
				    bad[i]),
		       arena_printf(arena, "linux.sysctl[\"%s\"]: no part of its name may be empty, \".\" or \"..\"",
				    bad[i]));
	refuse(LINUX(NAMESPACES(",{\"type\":\"uts\"}") ",\"sysctl\":{\"kernel.hostname\":\"x\"}"),
	       "linux.sysctl[\"kernel.hostname\"]: is set with the property hostname instead");
}

static void sysctl_paths(void **state)
{
	static const char *const pairs[][2] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/ip_forward", "net/ipv4/ip_forward" },
		{ "net.ipv4.conf.eno2/100.rp_filter", "net/ipv4/conf/eno2.100/rp_filter" },
		{ "net/ipv4/conf/eno2.100/rp_filter", "net/ipv4/conf/eno2.100/rp_filter" },
		{ "single", "single" },
	};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		assert_int_equal(spec_sysctl_path(pairs[i][0], path, &err), 0);
		assert_string_equal(path, pairs[i][1]);
	}
}

static void mounts(void **state)
{
	(void)state;
	take(MOUNT("\"destination\":\"a\",\"type\":\"tmpfs\""));
	take(MOUNT("\"destination\":\"/a/../b\",\"type\":\"tmpfs\""));
	take(MOUNT("\"destination\":\"/...\",\"type\":\"tmpfs\""));
	take(MOUNT("\"destination\":\"/\",\"type\":\"tmpfs\""));
	refuse(MOUNT("\"destination\":\"\",\"type\":\"tmpfs\""), "mounts[1].destination: is empty");
	take(MOUNT("\"destination\":\"/b\",\"source\":\"x\",\"options\":[\"ro\",\"rbind\"]"));
	refuse(MOUNT("\"destination\":\"/b\",\"source\":\"\",\"options\":[\"ro\",\"bind\"]"),
	       "mounts[1].source: is missing, but a bind mount needs one");
	refuse(MOUNT("\"destination\":\"/b\",\"source\":\"x\",\"options\":[\"ro\"]"),
	       "mounts[1].type: is missing, and options hold neither bind nor rbind");
	take(MOUNT("\"destination\":\"/b\",\"options\":[\"remount\",\"ro\"]"));
	take(MOUNT("\"destination\":\"/b\",\"type\":\"tmpfs\"," UIDS(MAP(0, 0, 1)) "," GIDS(MAP(0, 0, 1))));
	refuse(MOUNT("\"destination\":\"/b\",\"type\":\"tmpfs\"," UIDS(MAP(0, 0, 1))),
	       "mounts[1].gidMappings: is missing, but uidMappings is there");
	refuse(MOUNT("\"destination\":\"/b\",\"type\":\"tmpfs\"," GIDS(MAP(0, 0, 1))),
	       "mounts[1].uidMappings: is missing, but gidMappings is there");
	refuse(MOUNT("\"destination\":\"/b\",\"type\":\"tmpfs\"," UIDS(MAP(0, 0, 0)) "," GIDS(MAP(0, 0, 1))),
	       "mounts[1].uidMappings[0].size: is 0");
	refuse(MOUNT("\"destination\":\"/b\",\"type\":\"tmpfs\",\"options\":[\"ridmap\"]"),
	       "mounts[1].options: idmap needs uidMappings and gidMappings, or a user namespace");
	take(LINUX(NAMESPACES("") ",\"maskedPaths\":[\"/a\"],\"readonlyPaths\":[\"/\"]"));
	refuse(LINUX(NAMESPACES("") ",\"maskedPaths\":[\"/a\",\"b\"]"),
	       "linux.maskedPaths[1]: \"b\" is not an absolute path");
	refuse(LINUX(NAMESPACES("") ",\"readonlyPaths\":[\"\"]"),
	       "linux.readonlyPaths[0]: \"\" is not an absolute path");
}

#define DEVICE(text) LINUX("\"devices\":[{" text "}]")
#define RULE(text) LINUX("\"resources\":{\"devices\":[{\"allow\":true" text "}]}")

static void devices(void **state)
{
	(void)state;
	take(DEVICE("\"path\":\"/d\",\"type\":\"c\",\"major\":4095,\"minor\":1048575,\"fileMode\":8630"));
	take(DEVICE("\"path\":\"/d\",\"type\":\"u\",\"major\":0,\"minor\":0,\"fileMode\":4095"));
	take(DEVICE("\"path\":\"/d\",\"type\":\"p\""));
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"a\",\"major\":1,\"minor\":1"),
	       "linux.devices[0].type: \"a\" is not one of c, b, u, p");
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"\",\"major\":1,\"minor\":1"),
	       "linux.devices[0].type: \"\" is not one of c, b, u, p");
	refuse(DEVICE("\"path\":\"d\",\"type\":\"p\""), "linux.devices[0].path: \"d\" is not an absolute path");
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"b\",\"minor\":1"),
	       "linux.devices[0].major: is missing, but type is b");
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"c\",\"major\":1"),
	       "linux.devices[0].minor: is missing, but type is c");
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"c\",\"major\":4096,\"minor\":1"),
	       "linux.devices[0].major: 4096 is out of range, which is 0 to 4095");
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"c\",\"major\":1,\"minor\":-1"),
	       "linux.devices[0].minor: -1 is out of range, which is 0 to 1048575");
	refuse(DEVICE("\"path\":\"/d\",\"type\":\"p\",\"fileMode\":65536"),
	       "linux.devices[0].fileMode: 65536 is no file mode");
	take(RULE(",\"type\":\"b\",\"major\":8,\"access\":\"rwm\""));
	take(RULE(",\"type\":\"a\",\"major\":-1,\"minor\":-1,\"access\":\"\""));
	refuse(RULE(",\"type\":\"p\""), "linux.resources.devices[0].type: \"p\" is not one of a, b, c");
	refuse(RULE(",\"access\":\"rwx\""),
	       "linux.resources.devices[0].access: \"rwx\" holds more than the letters r, w, m");
	refuse(RULE(",\"major\":-2"), "linux.resources.devices[0].major: -2 is out of range, which is 0 to 4095");
	refuse(RULE(",\"minor\":1048576"),
	       "linux.resources.devices[0].minor: 1048576 is out of range, which is 0 to 1048575");
}

static void resources(void **state)
{
	(void)state;
	take(LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":0}]}"));
	refuse(LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":0}]}"),
	       "linux.resources.hugepageLimits[0].pageSize: \"02MB\" is not a size like 64KB, 2MB or 1GB");
	refuse(LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2MBB\",\"limit\":0}]}"),
	       "linux.resources.hugepageLimits[0].pageSize: \"2MBB\" is not a size like 64KB, 2MB or 1GB");
	take(LINUX("\"resources\":{\"unified\":{\"memory.high\":\"1\"}}"));
	refuse(LINUX("\"resources\":{\"unified\":{\"../memory.high\":\"1\"}}"),
	       "linux.resources.unified[\"../memory.high\"]: is no file of a cgroup, like memory.high");
	refuse(LINUX("\"resources\":{\"unified\":{\"high\":\"1\"}}"),
	       "linux.resources.unified[\"high\"]: is no file of a cgroup, like memory.high");
	take(LINUX("\"resources\":{\"cpu\":{\"idle\":1,\"cpus\":\"0-3,7\",\"mems\":\"\"},\"memory\":{\"swappiness\":"
		   "100}}"));
	refuse(LINUX("\"resources\":{\"cpu\":{\"idle\":2}}"), "linux.resources.cpu.idle: 2 is neither 0 nor 1");
	refuse(LINUX("\"resources\":{\"cpu\":{\"mems\":\"x\"}}"),
	       "linux.resources.cpu.mems: \"x\" is not a list like 0-3,7");
	refuse(LINUX("\"resources\":{\"memory\":{\"swappiness\":101}}"),
	       "linux.resources.memory.swappiness: 101 is out of range, which is 0 to 100");
	refuse(LINUX("\"resources\":{\"unified\":{\"memory..max\":\"1\"}}"),
	       "linux.resources.unified[\"memory..max\"]: is no file of a cgroup, like memory.high");
	take(LINUX("\"resources\":{\"memory\":{\"limit\":-1,\"reservation\":-1,\"swap\":-1,"
		   "\"kernel\":-1,\"kernelTCP\":-1}}"));
	refuse(LINUX("\"resources\":{\"memory\":{\"limit\":-2}}"),
	       "linux.resources.memory.limit: -2 is neither a size nor -1, which is none");
	take(LINUX("\"resources\":{\"blockIO\":{\"weight\":0,\"weightDevice\":"
		   "[{\"major\":8,\"minor\":0,\"weight\":10}]}}"));
	refuse(LINUX("\"resources\":{\"blockIO\":{\"weight\":9}}"),
	       "linux.resources.blockIO.weight: 9 is out of range, which is 10 to 1000");
	refuse(LINUX("\"resources\":{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":1001}]}}"),
	       "linux.resources.blockIO.weightDevice[0]: weight: 1001 is out of range, which is 10 to 1000");
	refuse(LINUX("\"resources\":{\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0}]}}"),
	       "linux.resources.blockIO.weightDevice[0]: has neither a weight nor a leafWeight");
	refuse(LINUX("\"resources\":{\"blockIO\":{\"throttleWriteIOPSDevice\":"
		     "[{\"major\":-1,\"minor\":0,\"rate\":1}]}}"),
	       "linux.resources.blockIO.throttleWriteIOPSDevice[0]: -1:0 is no device");
	refuse(LINUX("\"resources\":{\"rdma\":{\"mlx5_1\":{}}}"),
	       "linux.resources.rdma[\"mlx5_1\"]: has neither hcaHandles nor hcaObjects");
	refuse(LINUX("\"resources\":{\"rdma\":{\"a b\":{\"hcaHandles\":1}}}"),
	       "linux.resources.rdma[\"a b\"]: is no name of a device");
	take(LINUX("\"cgroupsPath\":\"/a/..b/c..\""));
	refuse(LINUX("\"cgroupsPath\":\"/a/../b\""), "linux.cgroupsPath: \"/a/../b\" holds \"..\"");
	refuse(LINUX("\"cgroupsPath\":\"..\""), "linux.cgroupsPath: \"..\" holds \"..\"");
}

static void other_linux(void **state)
{
	(void)state;
	take(LINUX("\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}"));
	refuse(LINUX("\"personality\":{}"), "linux.personality.domain: is missing");
	refuse(LINUX("\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}"),
	       "linux.personality.flags[0]: \"X\" is not known, there are no flags");
	take(LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-1\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}"));
	refuse(LINUX("\"memoryPolicy\":{\"nodes\":\"0\"}"), "linux.memoryPolicy.mode: is missing");
	refuse(LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"all\"}"),
	       "linux.memoryPolicy.nodes: \"all\" is not a list like 0-3,7");
	refuse(LINUX("\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_RELATIVE_"
		     "NODES\"]}"),
	       "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	take(LINUX("\"intelRdt\":{\"closID\":\"a\",\"memBwSchema\":\"MB:0=20\",\"schemata\":[\"L3:0=f\"]}"));
	take(LINUX("\"intelRdt\":{\"closID\":\"/\"}"));
	refuse(LINUX("\"intelRdt\":{\"closID\":\"a/b\"}"), "linux.intelRdt.closID: \"a/b\" is no directory name");
	refuse(LINUX("\"intelRdt\":{\"closID\":\"..\"}"), "linux.intelRdt.closID: \"..\" is no directory name");
	refuse(LINUX("\"intelRdt\":{\"memBwSchema\":\"L3:0\"}"),
	       "linux.intelRdt.memBwSchema: \"L3:0\" is not one line that begins with MB:");
	refuse(LINUX("\"intelRdt\":{\"schemata\":[\"a\",\"a\\nb\"]}"),
	       "linux.intelRdt.schemata[1]: holds more than one line");
}

#define SECCOMP(text) LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"" text "}")
#define SYSCALL(text) SECCOMP(",\"syscalls\":[{" text "}]")

static void seccomp(void **state)
{
	(void)state;
	take(SECCOMP(""));
	take(LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4095}"));
	refuse(LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":4096}"),
	       "linux.seccomp.defaultErrnoRet: 4096 is out of range, which is 0 to 4095");
	refuse(SECCOMP(",\"defaultErrnoRet\":1"), "linux.seccomp.defaultErrnoRet: is not for SCMP_ACT_ALLOW, only for "
						   "SCMP_ACT_ERRNO and SCMP_ACT_TRACE");
	refuse(SECCOMP(",\"listenerMetadata\":\"x\""),
	       "linux.seccomp.listenerMetadata: must not be there without listenerPath");
	refuse(SYSCALL("\"names\":[],\"action\":\"SCMP_ACT_LOG\""), "linux.seccomp.syscalls[0].names: is empty");
	refuse(SYSCALL("\"names\":[\"read\",\"\"],\"action\":\"SCMP_ACT_LOG\""),
	       "linux.seccomp.syscalls[0].names[1]: is empty");
	take(SYSCALL("\"names\":[\"a\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65535,"
		     "\"args\":[{\"index\":5,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"));
	refuse(SYSCALL("\"names\":[\"a\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":65536"),
	       "linux.seccomp.syscalls[0].errnoRet: 65536 is out of range, which is 0 to 65535");
	refuse(SYSCALL("\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1"),
	       "linux.seccomp.syscalls[0].errnoRet: is not for SCMP_ACT_KILL, only for SCMP_ACT_ERRNO and "
	       "SCMP_ACT_TRACE");
	refuse(SYSCALL("\"names\":[\"a\"],\"action\":\"SCMP_ACT_LOG\","
		       "\"args\":[{\"index\":6,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]"),
	       "linux.seccomp.syscalls[0].args[0].index: 6 is out of range, which is 0 to 5");
}

static void ids(void **state)
{
	static const char *const bad[] = { "a/b", "a b", "a:b", "\xc3\xa9", "a\n" };
	char *longest = arena_alloc(arena, 1026);

	(void)state;
	assert_int_equal(spec_check_id("aZ09_+-.", &err), 0);
	assert_int_equal(spec_check_id("...", &err), 0);
	assert_int_equal(spec_check_id("-", &err), 0);
	memset(longest, 'a', 1024);
	assert_int_equal(spec_check_id(longest, &err), 0);
	longest[1024] = 'a';
	assert_int_equal(spec_check_id(longest, &err), -EINVAL);
	assert_string_equal(err.text, "a container id has 1025 bytes, at most 1024 are allowed");
	assert_int_equal(spec_check_id("", &err), -EINVAL);
	assert_string_equal(err.text, "a container id is empty");
	assert_int_equal(spec_check_id(".", &err), -EINVAL);
	assert_string_equal(err.text, "invalid container id \".\"");
	assert_int_equal(spec_check_id("..", &err), -EINVAL);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(spec_check_id(bad[i], &err), -EINVAL);
	assert_int_equal(spec_check_id("a/b", &err), -EINVAL);
	assert_string_equal(err.text,
			    "invalid container id \"a/b\": only letters, digits and the characters _+-. may occur");
}

/* What engines write is valid. */
static void real_configs(void **state)
{
	static const char *const files[] = { "podman4-rootless", "podman4-rootful-tty", "docker28", "containerd16-cri",
					     "buildah128" };

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *path = arena_printf(arena, "tests/unit/libocispec/data/%s.config.json", files[i]), *json;

		assert_int_equal(io_read_file(arena, AT_FDCWD, path, 65536, &json, NULL, &err), 0);
		take(json);
	}
}

static void write_file(int dirfd, const char *name, const char *text)
{
	assert_int_equal(io_write_file_atomic(dirfd, name, text, strlen(text), 0600, &err), 0);
}

static void loading(void **state)
{
	char *dir = mkdtemp(arena_strdup(arena, "/tmp/cloister-unit.XXXXXX"));
	struct oci_process *process_read;
	struct oci_spec *spec;
	int fd;

	(void)state;
	assert_non_null(dir);
	fd = open(dir, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(spec_load(arena, fd, "config.json", &spec, &err), -ENOENT);
	assert_string_equal(err.text, "open config.json: no such file or directory");
	write_file(fd, "config.json", CONFIG(",\"hostname\":1"));
	assert_int_equal(spec_load(arena, fd, "config.json", &spec, &err), -EINVAL);
	assert_string_equal(err.text, "config.json:1:59: hostname: expected a string, found a number");
	write_file(fd, "config.json", CONFIG(",\"hooks\":{\"prestart\":[{\"path\":\"x\"}]}"));
	assert_int_equal(spec_load(arena, fd, "config.json", &spec, &err), -EINVAL);
	assert_string_equal(err.text, "config.json: hooks.prestart[0].path: \"x\" is not absolute");
	write_file(fd, "config.json", CONFIG(""));
	assert_int_equal(spec_load(arena, fd, "config.json", &spec, &err), 0);
	assert_string_equal(spec->root->path, "rootfs");
	write_file(fd, "config.json",
		   CONFIG(",\"hostname\":\"\",\"domainname\":\"\",\"mounts\":[{\"destination\":\"/a\","
			  "\"type\":\"\",\"source\":\"\",\"options\":[\"remount\"]}],\"linux\":{"
			  "\"cgroupsPath\":\"\",\"namespaces\":[{\"type\":\"pid\",\"path\":\"\"}]}"));
	assert_int_equal(spec_load(arena, fd, "config.json", &spec, &err), 0);
	assert_true(!spec->hostname && !spec->domainname && !spec->mounts[0].type && !spec->mounts[0].source);
	assert_true(!spec->linux->cgroups_path && !spec->linux->namespaces[0].path);
	unlinkat(fd, "config.json", 0);
	assert_int_equal(mkfifoat(fd, "config.json", 0600), 0);
	assert_int_equal(spec_load(arena, fd, "config.json", &spec, &err), -EINVAL);
	assert_string_equal(err.text, "config.json is not a regular file");
	unlinkat(fd, "config.json", 0);

	write_file(fd, "p.json", "{\"cwd\":\"/\",\"args\":[\"a\"],\"env\":[\"B\"]}");
	assert_int_equal(spec_read_process(arena, fd, "p.json", &process_read, &err), -EINVAL);
	assert_string_equal(err.text, "p.json: env[0]: has no '='");
	write_file(fd, "p.json", "{\"cwd\":\"/\",\"args\":[\"a\"]}");
	assert_int_equal(spec_read_process(arena, fd, "p.json", &process_read, &err), 0);
	assert_string_equal(process_read->args[0], "a");
	unlinkat(fd, "p.json", 0);
	close(fd);
	rmdir(dir);
}

static const struct CMUnitTest tests[] = {
	TEST(version),
	TEST(top_level),
	TEST(hooks),
	TEST(process),
	TEST(rlimits),
	TEST(priorities),
	TEST(namespaces),
	TEST(mappings),
	TEST(time_and_devices),
	TEST(sysctl),
	TEST(sysctl_paths),
	TEST(mounts),
	TEST(devices),
	TEST(resources),
	TEST(other_linux),
	TEST(seccomp),
	TEST(ids),
	TEST(real_configs),
	TEST(loading),
	TEST(capabilities),
};

UNIT_MAIN(tests)
