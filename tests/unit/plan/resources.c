/* linux.resources as files of a cgroup: each mapping, what is refused, and what asks for nothing. */
#include "tests/unit/plan/text.h"

#include "plan/resources.h"

static int set_up(void **state)
{
	text_set_up(state);
	as_root();
	facts.own_cgroup = "/own";
	return 0;
}

#define RESOURCES(text) "'cgroupsPath':'/c','resources':{" text "},'namespaces':[{'type':'mount'}]"
#define CONFIG(text) CONFIG_OF(RESOURCES(text), "", "")

static const char *config_of(const char *resources)
{
	return arena_printf(arena,
			    CONFIG_OF("'cgroupsPath':'/c','resources':{%s},'namespaces':[{'type':'mount'}]", "", ""),
			    resources);
}

/* The operations on the cgroup, in both stages, without the one that makes it. */
static void gives(const char *resources, const char *lines)
{
	const char *config = config_of(resources);
	const char *early = only("cgroup-controllers,cgroup-fits,cgroup-write", "runtime", config);
	const char *late = only("cgroup-controllers,cgroup-fits,cgroup-write", "ready", config);

	assert_string_equal(arena_printf(arena, "%s%s%s", early, *late ? "ready: " : "", late), lines);
}

static void refuses(const char *resources, int number, const char *message)
{
	assert_error(build_plan(config_of(resources)), &err, number, message);
}

static void memory(void **state)
{
	(void)state;
	gives("'memory':{'limit':33554432,'reservation':25165824,'swap':50331648}",
	      "cgroup-controllers memory\n"
	      "cgroup-write memory.swap.max 16777216\n"
	      "cgroup-write memory.max 33554432\n"
	      "cgroup-write memory.low 25165824\n");
	gives("'memory':{'limit':4096,'swap':4096}",
	      "cgroup-controllers memory\ncgroup-write memory.swap.max 0\ncgroup-write memory.max 4096\n");
	gives("'memory':{'limit':4096,'swap':-1}",
	      "cgroup-controllers memory\ncgroup-write memory.swap.max max if-there\ncgroup-write memory.max 4096\n");
	gives("'memory':{'limit':-1,'swap':4096}",
	      "cgroup-controllers memory\ncgroup-write memory.swap.max 4096\ncgroup-write memory.max max if-there\n");
	gives("'memory':{'limit':-1}",
	      "cgroup-write memory.swap.max max if-there\ncgroup-write memory.max max if-there\n");
	gives("'memory':{'limit':4096,'checkBeforeUpdate':true}",
	      "cgroup-controllers memory\ncgroup-fits memory.current < 4096\ncgroup-write memory.max 4096\n");
	refuses("'memory':{'swap':4096}", EINVAL,
		"linux.resources.memory.swap: is a limit for memory and swap together, so it needs memory.limit");
	refuses("'memory':{'limit':4097,'swap':4096}", EINVAL,
		"linux.resources.memory.swap: 4096 is a limit for memory and swap together, and less than "
		"memory.limit, "
		"which is 4097");
	refuses("'memory':{'kernel':1}", ENOTSUP,
		"linux.resources.memory.kernel: cgroup version 2 has no limit for kernel memory alone: memory.limit "
		"includes it");
	refuses("'memory':{'swappiness':0}", ENOTSUP,
		"linux.resources.memory.swappiness: cgroup version 2 has none: memory.swap limits swap, and equal to "
		"memory.limit forbids it");
	refuses("'memory':{'disableOOMKiller':true}", ENOTSUP,
		"linux.resources.memory.disableOOMKiller: cgroup version 2 cannot switch it off: process.oomScoreAdj "
		"keeps it from a process");
}

static void weights(void **state)
{
	(void)state;
	/* the ends, the default, and that all between them only ever grows */
	assert_int_equal(cpu_weight(0), 0);
	assert_int_equal(cpu_weight(1), 1);
	assert_int_equal(cpu_weight(2), 1);
	assert_int_equal(cpu_weight(1024), 100);
	assert_int_equal(cpu_weight(262144), 10000);
	assert_int_equal(cpu_weight(UINT64_MAX), 10000);
	/* as runc 1.3 has them */
	assert_int_equal(cpu_weight(100), 17);
	assert_int_equal(cpu_weight(200), 29);
	assert_int_equal(cpu_weight(512), 59);
	for (uint64_t shares = 3; shares <= 262144; shares++)
		assert_true(cpu_weight(shares) >= cpu_weight(shares - 1));
	assert_int_equal(io_weight(10), 1);
	assert_int_equal(io_weight(750), 7475);
	assert_int_equal(io_weight(1000), 10000);
}

static void cpu(void **state)
{
	(void)state;
	gives("'cpu':{'shares':512}", "cgroup-controllers cpu\ncgroup-write cpu.weight 59\n");
	/* the default needs no controller */
	gives("'cpu':{'shares':1024}", "cgroup-write cpu.weight 100 if-there\n");
	gives("'cpu':{'quota':50000,'period':200000}",
	      "cgroup-controllers cpu\ncgroup-write cpu.max \"50000 200000\"\n");
	gives("'cpu':{'quota':50000}", "cgroup-controllers cpu\ncgroup-write cpu.max \"50000 100000\"\n");
	gives("'cpu':{'quota':-1}", "cgroup-write cpu.max \"max 100000\" if-there\n");
	gives("'cpu':{'period':5000}", "cgroup-write cpu.max \"max 5000\" if-there\n");
	gives("'cpu':{'quota':50000,'burst':50000}",
	      "cgroup-controllers cpu\ncgroup-write cpu.max \"50000 100000\"\ncgroup-write cpu.max.burst 50000\n");
	gives("'cpu':{'burst':0}", "cgroup-write cpu.max.burst 0 if-there\n");
	gives("'cpu':{'cpus':'0-3,7','mems':'0'}",
	      "cgroup-controllers cpuset\ncgroup-write cpuset.cpus 0-3,7\ncgroup-write cpuset.mems 0\n");
	gives("'cpu':{'idle':1}", "cgroup-controllers cpu\ncgroup-write cpu.idle 1\n");
	gives("'cpu':{'idle':0,'shares':2}",
	      "cgroup-controllers cpu\ncgroup-write cpu.idle 0 if-there\ncgroup-write cpu.weight 1\n");
	refuses("'cpu':{'quota':5000,'burst':5001}", EINVAL,
		"linux.resources.cpu.burst: 5001 is more than cpu.quota, which is 5000");
	refuses("'cpu':{'idle':1,'shares':2}", EINVAL,
		"linux.resources.cpu.shares: cpu.idle gives it the least weight there is: set one of them");
	refuses("'cpu':{'realtimeRuntime':1}", ENOTSUP,
		"linux.resources.cpu.realtimeRuntime: cgroup version 2 does not limit realtime processes: "
		"process.scheduler and RLIMIT_RTTIME do");
}

static void block_io(void **state)
{
	(void)state;
	gives("'blockIO':{'weight':750}",
	      "cgroup-controllers io\ncgroup-write io.bfq.weight 750 else io.weight 7475\n");
	gives("'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':10},{'major':8,'minor':16,'leafWeight':0}]}",
	      "cgroup-controllers io\ncgroup-write io.bfq.weight \"8:0 10\" else io.weight \"8:0 1\"\n");
	gives("'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':600}],"
	      "'throttleWriteBpsDevice':[{'major':8,'minor':0,'rate':0}],"
	      "'throttleReadIOPSDevice':[{'major':8,'minor':0,'rate':7},{'major':8,'minor':1,'rate':8}],"
	      "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':18446744073709551615}]}",
	      "cgroup-controllers io\n"
	      "cgroup-write io.max \"8:0 rbps=600\"\n"
	      "cgroup-write io.max \"8:0 wbps=max\" if-there\n"
	      "cgroup-write io.max \"8:0 riops=7\"\n"
	      "cgroup-write io.max \"8:1 riops=8\"\n"
	      "cgroup-write io.max \"8:0 wiops=18446744073709551615\"\n");
	refuses("'blockIO':{'leafWeight':100}", ENOTSUP,
		"linux.resources.blockIO: cgroup version 2 has no leafWeight: weight alone, in a cgroup whose children "
		"have none, is the same");
}

static void counted(void **state)
{
	(void)state;
	/* the limit is for the container's own processes, so it comes when the first of them is there */
	gives("'pids':{'limit':20}", "cgroup-controllers pids\nready: cgroup-write pids.max 20\n");
	gives("'pids':{'limit':0}", "cgroup-controllers pids\nready: cgroup-write pids.max 1\n");
	gives("'pids':{'limit':-1}", "ready: cgroup-write pids.max max if-there\n");
	gives("'hugepageLimits':[{'pageSize':'2MB','limit':0},{'pageSize':'1GB','limit':1073741824}]",
	      "cgroup-controllers hugetlb\n"
	      "cgroup-write hugetlb.2MB.max 0\n"
	      "cgroup-write hugetlb.2MB.rsvd.max 0 if-there\n"
	      "cgroup-write hugetlb.1GB.max 1073741824\n"
	      "cgroup-write hugetlb.1GB.rsvd.max 1073741824 if-there\n");
	gives("'rdma':{'mlx5_1':{'hcaHandles':3,'hcaObjects':10000},'rxe3':{'hcaObjects':1}}",
	      "cgroup-controllers rdma\n"
	      "cgroup-write rdma.max \"mlx5_1 hca_handle=3 hca_object=10000\"\n"
	      "cgroup-write rdma.max \"rxe3 hca_object=1\"\n");
	refuses("'network':{'classID':1}", ENOTSUP,
		"linux.resources.network: cgroup version 2 has no classes and priorities of packets: a filter of "
		"nftables can match the cgroup");
}

static void unified(void **state)
{
	(void)state;
	gives("'memory':{'limit':4096},'unified':{'memory.max':'8192','io.max':'8:0 rbps=1\\n8:1 wiops=2\\n',"
	      "'cpuset.cpus.partition':'','cgroup.max.depth':'3','misc.max':'res_a 1'}",
	      "cgroup-controllers memory io cpuset misc\n"
	      "cgroup-write memory.max 4096\n"
	      "cgroup-write memory.max 8192\n"
	      "cgroup-write io.max \"8:0 rbps=1\"\n"
	      "cgroup-write io.max \"8:1 wiops=2\"\n"
	      "cgroup-write cpuset.cpus.partition \"\"\n"
	      "cgroup-write misc.max \"res_a 1\"\n"
	      "ready: cgroup-write cgroup.max.depth 3\n");
}

/* Where there is no controller, there is no limit: what asks for none is no error there. */
static void what_asks_for_nothing(void **state)
{
	static const char *const nothing[] = {
		"",
		"'unified':{}",
		"'devices':[]",
		"'memory':{}",
		"'cpu':{}",
		"'pids':{}",
		"'blockIO':{}",
		"'memory':{'limit':0,'swap':-1,'reservation':-1,'kernel':-1,'disableOOMKiller':false,'useHierarchy':"
		"true}",
		"'cpu':{'shares':0,'quota':-1,'period':0,'cpus':'','mems':'','idle':0,'burst':0,'realtimePeriod':0}",
		"'pids':{'limit':-1}",
		"'blockIO':{'weight':0,'weightDevice':[]}",
		"'hugepageLimits':[]",
		"'network':{'classID':0,'priorities':[]}",
		"'rdma':{}",
	};

	(void)state;
	facts.controllers = "";
	options.cgroup_manager = CGROUP_MANAGER_DISABLED;
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		assert_ok(build_plan(config_of(nothing[i])), &err);
	options.cgroup_manager = CGROUP_MANAGER_CGROUPFS;
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
		assert_ok(build_plan(config_of(nothing[i])), &err);
}

static void a_missing_controller(void **state)
{
	(void)state;
	facts.controllers = "hugetlb";
	facts.v1_controllers = "cpu memory pids";
	refuses("'pids':{'limit':3}", ENODEV,
		"linux.resources.pids.limit: the controller pids is in version 1 of cgroups on this host, and only "
		"version 2 is supported: boot with cgroup_no_v1=pids, or under systemd with "
		"systemd.unified_cgroup_hierarchy=1");
	refuses("'unified':{'io.max':'8:0 rbps=1'}", ENODEV,
		"linux.resources.unified[\"io.max\"]: this host has no cgroup controller io: the kernel must be built "
		"with "
		"it, and not booted with cgroup_disable=io");
	facts.v1_controllers = "blkio";
	refuses("'blockIO':{'weight':100}", ENODEV,
		"linux.resources.blockIO.weight: the controller io is in version 1 of cgroups on this host, and only "
		"version 2 is supported: boot with cgroup_no_v1=io, or under systemd with "
		"systemd.unified_cgroup_hierarchy=1");
	/* "mem" is no controller because "memory" is one */
	facts.controllers = "memory";
	refuses("'unified':{'mem.max':'1'}", ENODEV,
		"linux.resources.unified[\"mem.max\"]: this host has no cgroup controller mem: the kernel must be "
		"built "
		"with it, and not booted with cgroup_disable=mem");
	assert_ok(build_plan(CONFIG("'memory':{'limit':1}")), &err);
	assert_ok(build_plan(CONFIG("'unified':{'cgroup.max.depth':'1'}")), &err);
}

static void limits_need_a_cgroup(void **state)
{
	(void)state;
	options.cgroup_manager = CGROUP_MANAGER_DISABLED;
	refuses("'memory':{'limit':-1,'reservation':1}", ENOTSUP,
		"linux.resources.memory.reservation: a limit needs a cgroup, and with --cgroup-manager disabled the "
		"container has none of its own");
	options.cgroup_manager = CGROUP_MANAGER_CGROUPFS;
	facts.own_cgroup = NULL;
	assert_error(build_plan(CONFIG_OF("'resources':{'pids':{'limit':1}},'namespaces':[{'type':'mount'}]", "", "")),
		     &err, ENODEV,
		     "linux.resources.pids.limit: a limit needs a cgroup2 file system, and this host has none mounted: "
		     "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	/* one that was made only if the caller may is then required */
	facts.own_cgroup = "/own";
	assert_string_equal(
		only("cgroup,cgroup-write", "runtime",
		     CONFIG_OF("'resources':{'memory':{'limit':1}},'namespaces':[{'type':'mount'}]", "", "")),
		"cgroup /cloister-x required\ncgroup-write memory.max 1\n");
	assert_string_equal(
		only("cgroup,cgroup-write", "runtime",
		     CONFIG_OF("'resources':{'memory':{'limit':-1}},'namespaces':[{'type':'mount'}]", "", "")),
		"cgroup /cloister-x\ncgroup-write memory.swap.max max if-there\n"
		"cgroup-write memory.max max if-there\n");
}

/* ---- update ---- */

static struct oci_resources *read_resources(const char *text_)
{
	char *json = arena_strdup(arena, text_);
	void *r;

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	assert_ok(oci_read(arena, &oci_resources_type, "resources", json, strlen(json), &r, &err), &err);
	return r;
}

static bool no_cgroup;

static int plan_update(const char *asked, const char *all)
{
	const struct plan_update u = { .asked = read_resources(asked),
				       .all = read_resources(all),
				       .cgroup_path = no_cgroup ? NULL : "/c" };

	return plan_build_update(arena, &u, &facts, &plan, &err);
}

static void update_gives(const char *asked, const char *all, const char *lines)
{
	assert_ok(plan_update(asked, all), &err);
	str_free(&text);
	text = STR_INIT;
	plan_print(&plan, &text);
	assert_string_equal(arena_strndup(arena, text.text, (size_t)(strstr(text.text, "clone init") - text.text)),
			    lines);
}

static void an_update_writes_what_it_was_given(void **state)
{
	(void)state;
	update_gives("{'pids':{'limit':7}}", "{'pids':{'limit':7},'memory':{'limit':4096}}",
		     "runtime:\n  cgroup-controllers pids\n  cgroup-write pids.max 7\n");
	/* and what depends on it */
	update_gives("{'memory':{'limit':4096}}", "{'memory':{'limit':4096,'swap':8192}}",
		     "runtime:\n  cgroup-controllers memory\n  cgroup-write memory.swap.max 4096\n"
		     "  cgroup-write memory.max 4096\n");
	update_gives("{'cpu':{'quota':5000}}", "{'cpu':{'quota':5000,'period':20000,'shares':2}}",
		     "runtime:\n  cgroup-controllers cpu\n  cgroup-write cpu.max \"5000 20000\"\n");
	update_gives("{'cpu':{'quota':5000,'burst':1000}}", "{'cpu':{'quota':5000,'burst':1000}}",
		     "runtime:\n  cgroup-controllers cpu\n  cgroup-write cpu.max.burst 0 if-there\n"
		     "  cgroup-write cpu.max \"5000 100000\"\n  cgroup-write cpu.max.burst 1000\n");
	/* the kernel forgets the weight of what was idle */
	update_gives("{'cpu':{'idle':0}}", "{'cpu':{'idle':0,'shares':512}}",
		     "runtime:\n  cgroup-controllers cpu\n  cgroup-write cpu.idle 0 if-there\n"
		     "  cgroup-write cpu.weight 59\n");
	update_gives("{'cpu':{'idle':1}}", "{'cpu':{'idle':1,'shares':512}}",
		     "runtime:\n  cgroup-controllers cpu\n  cgroup-write cpu.idle 1\n");
	/* without a cgroup there is nothing to lift; without a limit nothing to do */
	no_cgroup = true;
	update_gives("{'memory':{'limit':-1},'pids':{'limit':-1}}", "{'memory':{'limit':-1},'pids':{'limit':-1}}", "");
	assert_error(plan_update("{'pids':{'limit':1}}", "{'pids':{'limit':1}}"), &err, ENODEV,
		     "pids.limit: the container has no cgroup of its own");
	no_cgroup = false;
	/* paths in messages begin at the resources */
	assert_error(plan_update("{'memory':{'swap':1}}", "{'memory':{'swap':1,'limit':2}}"), &err, EINVAL,
		     "memory.swap: 1 is a limit for memory and swap together, and less than memory.limit, which is 2");
	facts.controllers = "cpu";
	assert_int_equal(plan_update("{'memory':{'limit':1}}", "{'memory':{'limit':1}}"), -ENODEV);
	assert_true(str_has_prefix(err.text, "memory.limit: this host has no cgroup controller memory"));
}

static void an_update_of_caches(void **state)
{
	static char group[] = "/", l3[] = "L3:0=f";
	const struct oci_resources nothing = { 0 };
	struct oci_intel_rdt rdt = { .l3_cache_schema = l3 };
	const struct plan_update u = { .asked = &nothing, .all = &nothing, .id = "web", .rdt = &rdt };

	(void)state;
	assert_ok(plan_build_update(arena, &u, &facts, &plan, &err), &err);
	plan_print(&plan, &text);
	assert_non_null(strstr(text.text, "rdt-schemata web own L3:0=f\n"));
	rdt.clos_id = group;
	assert_ok(plan_build_update(arena, &u, &facts, &plan, &err), &err);
	assert_string_equal(plan.ops[0].rdt->group, ".");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, text_tear_down)

static const struct CMUnitTest tests[] = {
	TEST(memory),
	TEST(weights),
	TEST(cpu),
	TEST(block_io),
	TEST(counted),
	TEST(unified),
	TEST(what_asks_for_nothing),
	TEST(a_missing_controller),
	TEST(limits_need_a_cgroup),
	TEST(an_update_writes_what_it_was_given),
	TEST(an_update_of_caches),
};

UNIT_MAIN(tests)
