/* Who makes or joins which namespace, who writes the id maps, and what belongs to the new namespaces. */
#include "tests/unit/plan/text.h"

#include <sched.h>

#define NS(list, more) CONFIG_OF("'namespaces':[{'type':'mount'}" list "]" more, "", "")
#define NS_AS(user, maps) "{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'env':['HOME=/'],'user':" user \
	"}," \
	"'root':{'path':'r'},'linux':{'namespaces':[{'type':'mount'}," USERNS "]," maps "}}"
#define NS_OPS "join,unshare,id-map,set-ids,oom-score,keyring,loopback,hostname,domainname,sysctl,call"

static void new_namespaces_are_inits(void **state)
{
	(void)state;
	as_root();
	assert_ok(build_plan(NS(",{'type':'pid'},{'type':'network'},{'type':'ipc'},{'type':'uts'},"
		"{'type':'cgroup'},{'type':'time'}", "")), &err);
	assert_int_equal(plan.init_flags, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		CLONE_NEWCGROUP |
			 CLONE_NEWTIME);
	assert_false(plan.has_outer);
	/* a cgroup namespace begins where its maker is, so that is made once init is in its cgroup */
	facts.own_cgroup = "/";
	assert_string_equal(only(NS_OPS, "init", NS(",{'type':'cgroup'}", "")), "unshare cgroup\n");
	assert_int_equal(plan.init_flags, CLONE_NEWNS);
}

static void a_namespace_is_asked_for(void **state)
{
	(void)state;
	assert_error(build_plan(NS(",{'type':'pid'}", "")), &err, EPERM,
		"linux.namespaces: without root, new namespaces need a user namespace: add {\"type\": \"user\"} with "
		"uidMappings and "
		"gidMappings (see `cloister spec --rootless`)");
	as_root();
	assert_error(build_plan(CONFIG_OF("'namespaces':[{'type':'pid'}]", "", "")), &err, EINVAL,
		"linux.namespaces: there is no mount namespace, so the container's mounts would be made on the host: "
		"add "
		"{\"type\": \"mount\"}");
	assert_int_equal(build_plan("{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh']},'root':{'path':'r'}}"),
		-EINVAL);
}

/* ---- id maps ---- */

static void the_own_id_is_mapped_by_oneself(void **state)
{
	(void)state;
	assert_string_equal(only(NS_OPS, "init", NS("," USERNS, "," SELF_MAPS)),
		"id-map self uid=0:1000:1 gid=0:100:1\n");
	assert_string_equal(stage("for-init", NS("," USERNS, "," SELF_MAPS)), "");
	/* another container id is as good; there is no root then, and nobody to become */
	assert_string_equal(only(NS_OPS, "init", NS_AS("{'uid':5,'gid':6}",
		"'uidMappings':[{'containerID':5,'hostID':1000,'size':1}],"
		"'gidMappings':[{'containerID':6,'hostID':100,'size':1}]")), "id-map self uid=5:1000:1 gid=6:100:1\n");
}

static void without_maps_the_caller_is_root(void **state)
{
	(void)state;
	assert_string_equal(only(NS_OPS, "init", NS("," USERNS, "")), "id-map self uid=0:1000:1 gid=0:100:1\n");
	as_root();
	assert_string_equal(stage("for-init", NS("," USERNS, "")), "  id-map direct uid=0:0:1 gid=0:0:1\n");
	assert_error(build_plan(NS_AS("{'uid':5}", "'x':1")), &err, EINVAL,
		"process.user.uid: 5 is not in linux.uidMappings");
}

static void ranges_of_a_user_need_the_helpers(void **state)
{
	const char *config = NS("," USERNS,
		",'uidMappings':[{'containerID':0,'hostID':1000,'size':1},{'containerID':1,'hostID':100000,"
		"'size':65536}],'gidMappings':[{'containerID':0,'hostID':100,'size':1}]");

	(void)state;
	assert_string_equal(only(NS_OPS, "init", config), "call for-init\n");
	assert_string_equal(stage("for-init", config), "  id-map newuidmap uid=0:1000:1,1:100000:65536 gid=0:100:1\n");
	/* a single id that is somebody else's */
	assert_string_equal(stage("for-init", NS("," USERNS, ",'uidMappings':[{'containerID':0,'hostID':7,'size':1}],"
		"'gidMappings':[{'containerID':0,'hostID':100,'size':1}]")),
		"  id-map newuidmap uid=0:7:1 gid=0:100:1\n");
	/* init becomes root where that is not the caller */
	assert_string_equal(only(NS_OPS, "init", NS("," USERNS, "," RANGES)), "call for-init\nset-ids 0:0\n");
	assert_int_equal(plan.slots, 0);
}

static void root_writes_the_maps(void **state)
{
	(void)state;
	as_root();
	assert_string_equal(only(NS_OPS, "init", NS("," USERNS, "," RANGES)), "call for-init\nset-ids 0:0\n");
	assert_string_equal(stage("for-init", NS("," USERNS, "," RANGES)),
		"  id-map direct uid=0:100000:65536 gid=0:100000:65536\n");
	/* as itself: nothing to become; without a root in it: nobody */
	assert_string_equal(only(NS_OPS, "init", NS("," USERNS,
		",'uidMappings':[{'containerID':0,'hostID':0,'size':1}],"
		"'gidMappings':[{'containerID':0,'hostID':0,'size':1}]")), "call for-init\n");
	assert_string_equal(only(NS_OPS, "init", NS_AS("{'uid':1,'gid':0}",
		"'uidMappings':[{'containerID':1,'hostID':1,'size':9}],"
		"'gidMappings':[{'containerID':0,'hostID':100,'size':9}]")), "call for-init\n");
}

/* ---- run.cloister.lock: two levels ---- */

static void a_lock_makes_two_levels(void **state)
{
#define LOCKED(maps) CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'pid'}," USERNS "]," maps, "", \
	",'annotations':{'run.cloister.lock':'true'}")
	(void)state;
	assert_string_equal(only(NS_OPS, "outer", LOCKED(SELF_MAPS)), "id-map self uid=0:1000:1 gid=0:100:1\n");
	assert_string_equal(only(NS_OPS, "init", LOCKED(SELF_MAPS)), "id-map self uid=0:0:1 gid=0:0:1\n");
	assert_int_equal(plan.init_flags, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
	assert_int_equal(plan.outer_flags, CLONE_NEWUSER | CLONE_NEWNS);
	assert_true(plan.outer_userns);

	as_root();
	assert_string_equal(only(NS_OPS, "outer", LOCKED(RANGES)), "call for-outer\nset-ids 0:0\n");
	assert_string_equal(only("id-map", "for-outer", LOCKED(RANGES)),
		"id-map direct uid=0:100000:65536 gid=0:100000:65536\n");
	assert_string_equal(only("id-map", "for-init", LOCKED(RANGES)), "id-map direct uid=0:0:65536 gid=0:0:65536\n");
}

static void a_lock_needs_a_user_namespace(void **state)
{
#define ANNOTATED(ns, value) CONFIG_OF("'namespaces':[" ns "]", "", \
	",'annotations':{'other':'x','run.cloister.lock':'" value "'}")
	(void)state;
	as_root();
	assert_error(build_plan(ANNOTATED("{'type':'mount'}", "true")), &err, EINVAL,
		"annotations.\"run.cloister.lock\": mounts can only be locked with a user namespace of the container's "
		"own: add "
		"{\"type\": \"user\"} to linux.namespaces");
	assert_error(build_plan(ANNOTATED("{'type':'mount'}", "1")), &err, EINVAL,
		"annotations.\"run.cloister.lock\": '1' is neither 'true' nor 'false'");
	assert_int_equal(build_plan(ANNOTATED("{'type':'mount'},{'type':'user','path':'/n'}", "true")), -EINVAL);
	assert_error(build_plan(CONFIG_OF("'namespaces':[{'type':'mount','path':'/m'}," USERNS "]," RANGES, "",
		",'annotations':{'run.cloister.lock':'true'}")), &err, EINVAL,
		"annotations.\"run.cloister.lock\": mounts cannot be locked in a joined mount namespace");
	assert_int_equal(build_plan(ANNOTATED("{'type':'mount'}", "false")), 0);
	assert_error(build_plan(CONFIG_OF("'namespaces':[{'type':'mount'}]", "",
		",'annotations':{'run.cloister.store':'nix'}")), &err,
		EINVAL, "annotations.\"run.cloister.store\": 'nix' is not an absolute path");
}

/* ---- joined ---- */

static void joined_namespaces_are_outers(void **state)
{
	const char *config = NS(",{'type':'network','path':'/n'},{'type':'user','path':'/u'},{'type':'pid'}", "");

	(void)state;
	/* a user namespace that is joined is as good as a new one for making others */
	assert_string_equal(stage("outer", config), "  join network=/n user=/u\n");
	assert_string_equal(only(NS_OPS, "init", config), "set-ids 0:0\n");
	assert_int_equal(plan.init_flags, CLONE_NEWNS | CLONE_NEWPID);
	assert_true(plan.has_outer);
	assert_false(plan.outer_userns);
	/* loopback is up there, or its owner does not want it to be */
	assert_null(strstr(str_text(&text), "loopback"));
	as_root();
	assert_string_equal(only(NS_OPS, "init", NS(",{'type':'network','path':'/n'}", "")), "");
}

/* ---- what belongs to the namespaces ---- */

static void names_and_sysctl(void **state)
{
	(void)state;
	as_root();
	options.new_keyring = true;
	assert_string_equal(only(NS_OPS, "init",
		CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'network'},{'type':'uts'}],"
		"'sysctl':{'net.ipv4.conf.eth0/1.forwarding':'1','net/ipv4/conf/eth0.1/x':'2','kernel.shmmax':'3 4'}",
		"",
		",'hostname':'box','domainname':'a.example'")),
		"keyring _ses.x\n"
		"loopback\n"
		"hostname box\n"
		"domainname a.example\n"
		"sysctl net/ipv4/conf/eth0.1/forwarding 1\n"
		"sysctl net/ipv4/conf/eth0.1/x 2\n"
		"sysctl kernel/shmmax \"3 4\"\n");
}

/* Lowering it needs CAP_SYS_RESOURCE outside, which init has lost in a user namespace. */
static void the_oom_score_is_set_by_who_may(void **state)
{
#define OOM(ns) "{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'oomScoreAdj':-5},'root':{'path':'r'}," \
	"'linux':{'namespaces':[{'type':'mount'}" ns "}}"
	(void)state;
	assert_string_equal(only("oom-score", "init", OOM("," USERNS "]," SELF_MAPS)), "oom-score -5\n");
	as_root();
	assert_string_equal(only("oom-score", "init", OOM("]")), "oom-score -5\n");
	assert_string_equal(only("oom-score", "ready", OOM("," USERNS "]," RANGES)), "oom-score -5\n");
	assert_string_equal(only("oom-score", "ready", OOM(",{'type':'user','path':'/u'}]")), "oom-score -5\n");
	assert_string_equal(only("oom-score", "init", OOM("," USERNS "]," RANGES)), "");
}

static const struct CMUnitTest tests[] = {
	TEXT_TEST(new_namespaces_are_inits),
	TEXT_TEST(a_namespace_is_asked_for),
	TEXT_TEST(the_own_id_is_mapped_by_oneself),
	TEXT_TEST(without_maps_the_caller_is_root),
	TEXT_TEST(ranges_of_a_user_need_the_helpers),
	TEXT_TEST(root_writes_the_maps),
	TEXT_TEST(a_lock_makes_two_levels),
	TEXT_TEST(a_lock_needs_a_user_namespace),
	TEXT_TEST(joined_namespaces_are_outers),
	TEXT_TEST(names_and_sysctl),
	TEXT_TEST(the_oom_score_is_set_by_who_may),
};

UNIT_MAIN(tests)
