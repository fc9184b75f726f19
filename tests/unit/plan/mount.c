/* The file system in the plan: root, mounts in their order, what run.cloister.lock moves, and what cannot be. */
#include "tests/unit/plan/text.h"

#define TMPFS(dest) "{'destination':'" dest "','type':'tmpfs','source':'t'}"
#define BIND(dest, source, options) "{'destination':'" dest "','source':'" source "','options':['bind'" options "]}"
#define FS_OPS \
	"propagation,rootfs,group-begin,group-end,bind,mount,cgroup-mount,remount," \
	"readonly,mask,root-readonly,pivot,call,hooks"

static void mounts_come_in_their_order(void **state)
{
	(void)state;
	assert_string_equal(only(FS_OPS, "init", ROOTLESS(
		"{'destination':'/proc','type':'proc','source':'proc','options':['nosuid','noexec']},"
		BIND("/data", "/srv/data", ",'ro'") "," TMPFS("/data/tmp") ","
		"{'destination':'/proc','options':['remount','ro']}", "")),
		"propagation rslave\n"
		"rootfs /b/rootfs\n"
		"mount proc /proc +nosuid +noexec\n"
		"bind /srv/data /data +ro\n"
		"mount tmpfs /data/tmp\n"
		"remount /proc +ro\n"
		"pivot\n");
}

static void the_rest_of_the_file_system_follows(void **state)
{
	(void)state;
	assert_string_equal(only(FS_OPS, "init",
		"{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'env':['HOME=/']},"
		"'root':{'path':'/abs','readonly':true},"
		"'hooks':{'prestart':[{'path':'/p'}],'createRuntime':[{'path':'/r'},{'path':'/r "
		"2'}],'createContainer':[{'path':'/c'}]},"
		"'linux':{'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS ",'rootfsPropagation':'rshared',"
		"'maskedPaths':['/m','/n'],'readonlyPaths':['/o']},'mounts':[" TMPFS("/x") "]}"),
		"propagation rshared\n"
		"rootfs /abs\n"
		"mount tmpfs /x\n"
		"call hooks\n"
		"hooks /c\n"
		"readonly /o\n"
		"mask /m /n\n"
		"root-readonly\n"
		"pivot shared\n");
	assert_string_equal(stage("hooks",
		"{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'env':['HOME=/']},'root':{'path':'rootfs'},"
		"'hooks':{'prestart':[{'path':'/p'}],'createRuntime':[{'path':'/r'},{'path':'/r 2'}]},"
		"'linux':{'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS "}}"),
		"  hooks /p\n"
		"  hooks /r \"/r 2\"\n");
}

static void propagation_of_the_root(void **state)
{
	static const struct { const char *config, *all, *last; } rows[] = {
		{ "private", "rprivate", "pivot private\n" }, { "rprivate", "rprivate", "pivot private\n" },
		{ "slave", "rslave", "pivot\n" }, { "rslave", "rslave", "pivot\n" },
		{ "shared", "rshared", "pivot shared\n" }, { "rshared", "rshared", "pivot shared\n" },
		/* what is unbindable cannot be bound below the new root, so that comes last */
		{ "unbindable", "rprivate", "pivot unbindable\n" }, { "runbindable", "rprivate", "pivot unbindable\n" },
	};
	char config[1024], wanted[128];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(config, sizeof config,
			"{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh']},'root':{'path':'r'},"
			 "'linux':{'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS ",'rootfsPropagation':'%s'}}",
			 rows[i].config);
		snprintf(wanted, sizeof wanted, "propagation %s\n%s", rows[i].all, rows[i].last);
		assert_string_equal(only("propagation,pivot", "init", config), wanted);
		assert_string_equal(only("rootfs", "init", config), strstr(rows[i].config, "slave") ?
			"rootfs /b/r slave\n" :
				    "rootfs /b/r\n");
	}
}

static void destinations_are_cleaned_and_sources_found(void **state)
{
	(void)state;
	assert_string_equal(only("bind,mount", "init", ROOTLESS(
		TMPFS("rel/./path//") "," TMPFS("/a/../b") "," TMPFS("/../../c/.") ","
		BIND("/d", "data", "") "," BIND("/e", "/abs", ",'src-nofollow','dest-nofollow'") ","
		"{'destination':'/f','type':'bind','source':'/s'},"
		"{'destination':'/g','source':'/s','options':['rbind','rro','rnosuid','noatime','slave']}", "")),
		"mount tmpfs /rel/path\n"
		"mount tmpfs /b\n"
		"mount tmpfs /c\n"
		"bind /b/data /d\n"
		"bind /abs /e src-nofollow dest-nofollow\n"
		"bind /s /f\n"
		"bind /s /g rbind +noatime ++ro ++nosuid slave\n");
}

static void options_go_where_they_belong(void **state)
{
	(void)state;
	assert_string_equal(only("mount", "init", ROOTLESS(
		"{'destination':'/t','type':'tmpfs','source':'shm','options':["
			"'nosuid','mode=1777','size=64k','tmpcopyup','sync','relatime']},"
		"{'destination':'/p','type':'devpts','source':'devpts','options':["
			"'newinstance','ptmxmode=0666','dest-nofollow','rprivate']}",
		"")),
		"mount tmpfs /t tmpcopyup mode=1777 size=64k sync +nosuid +relatime\n"
		"mount devpts /p dest-nofollow newinstance ptmxmode=0666 rprivate\n");
}

static void a_cgroup_mount_shows_only_the_own_part(void **state)
{
#define CGROUP "{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup','options':['ro']}"
	(void)state;
	facts.own_cgroup = "/user";
	assert_string_equal(only("cgroup-mount", "init", ROOTLESS(CGROUP, "")),
		"cgroup-mount cgroup2 /sys/fs/cgroup of=/user/cloister-x +ro\n");
	options.cgroup_manager = CGROUP_MANAGER_DISABLED;
	assert_string_equal(only("cgroup-mount", "init", ROOTLESS(CGROUP, "")),
		"cgroup-mount cgroup2 /sys/fs/cgroup of=/user +ro\n");
	assert_string_equal(only("cgroup-mount", "init",
		CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'cgroup'}," USERNS "]," SELF_MAPS,
		CGROUP, "")), "cgroup-mount cgroup2 /sys/fs/cgroup +ro\n");
	facts.own_cgroup = NULL;
	assert_int_equal(build_plan(ROOTLESS(CGROUP, "")), -ENODEV);
	assert_non_null(strstr(err.text, "mounts[0]: "));
	assert_non_null(strstr(err.text, "mount -t cgroup2"));
}

/* ---- sources that only the caller can reach ---- */

static void sources_are_opened_first_where_root_changes_ids(void **state)
{
	const char *config = CONFIG_OF("'namespaces':[{'type':'mount'}," USERNS "]," RANGES,
		BIND("/a", "/s", ",'ro','src-nofollow'") "," TMPFS("/t")
			",{'destination':'/c','source':'rel','options':['rbind']}", "");

	(void)state;
	as_root();
	assert_string_equal(only("open-tree", "runtime", config),
		"open-tree /b/rootfs rbind slot=0 rslave\n"
		"open-tree /s src-nofollow slot=1 rslave\n"
		"open-tree /b/rel rbind slot=2 rslave\n");
	assert_string_equal(only("rootfs,bind,mount", "init", config),
		"rootfs /b/rootfs slot=0\n"
		"bind /s /a src-nofollow slot=1 +ro\n"
		"mount tmpfs /t\n"
		"bind /b/rel /c rbind slot=2\n");
	assert_int_equal(plan.slots, 3);
	/* the same ids, or no user namespace: nothing is out of reach */
	assert_string_equal(only("open-tree", "runtime", ROOTFUL(BIND("/a", "/s", ""), "")), "");
	/* a joined user namespace may be anybody's */
	assert_string_equal(only("open-tree", "runtime",
		CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'user','path':'/n'}]",
		BIND("/a", "/s", ""), "")), "open-tree /b/rootfs rbind slot=0 rslave\nopen-tree /s slot=1 rslave\n");
}

/* They are cloned where the host's propagation rules, and behave as if they had been cloned in the container. */
static void sources_opened_first_have_the_roots_propagation(void **state)
{
#define PROPAGATION(ns, value) CONFIG_OF("'namespaces':[{'type':'mount'}" ns ",'rootfsPropagation':'" value "'", \
	"{'destination':'/a','source':'/s','options':['bind','idmap']}", "")
	(void)state;
	as_root();
	assert_non_null(strstr(only("open-tree", "runtime", PROPAGATION("," USERNS "]," RANGES, "rslave")),
		"slot=0 rslave\n"));
	assert_non_null(strstr(only("open-tree", "runtime", PROPAGATION("," USERNS "]," RANGES, "rprivate")),
		"slot=0 rprivate\n"));
	assert_non_null(strstr(only("open-tree", "runtime", PROPAGATION("," USERNS "]," RANGES, "unbindable")),
		"slot=0 rprivate\n"));
	/* in a user namespace nothing is shared with the host */
	assert_non_null(strstr(only("open-tree", "runtime", PROPAGATION("," USERNS "]," RANGES, "shared")),
		"slot=0 rslave rshared\n"));
}

/* ---- run.cloister.lock ---- */

#define LOCK ",'annotations':{'run.cloister.lock':'true'}"
#define LOCK_STORE ",'annotations':{'run.cloister.lock':'true','run.cloister.store':'/nix/store'}"
#define MOVED "rootfs,group-begin,group-end,bind,mount"

static void read_only_binds_of_one_directory_are_a_group(void **state)
{
	const char *config = ROOTLESS(
		BIND("/nix/store/a", "/s/a", ",'ro','nosuid'") "," BIND("/nix/store/b", "/s/b", ",'ro','nosuid'") ","
		TMPFS("/tmp") "," BIND("/nix/store/c", "/s/c", ",'ro'") "," BIND("/var", "/s/var", ""), LOCK);

	(void)state;
	assert_string_equal(only(MOVED, "outer", config),
		"rootfs /b/rootfs open-only\n"
		"group-begin /nix/store\n"
		"bind /s/a /nix/store/a\n"
		"bind /s/b /nix/store/b\n"
		"group-end /nix/store +ro +nosuid\n"
		"bind /s/c /nix/store/c +ro\n");
	assert_string_equal(only(MOVED, "init", config),
		"rootfs .\n"
		"mount tmpfs /tmp\n"
		"bind /s/var /var\n");
	assert_true(plan.has_outer && plan.outer_userns);
}

static void what_makes_no_group(void **state)
{
	(void)state;
	/* propagation, clearing, recursion: the directory would get them too; "/" is no directory to make a mount of */
	assert_string_equal(only(MOVED, "outer", ROOTLESS(
		BIND("/s/a", "/a", ",'ro','slave'") "," BIND("/s/b", "/b", ",'ro','slave'") ","
		BIND("/s/c", "/c", ",'ro','exec'") "," BIND("/s/d", "/d", ",'ro','exec'") ","
		BIND("/s/e", "/e", ",'rro'") "," BIND("/s/f", "/f", ",'rro'") ","
		BIND("/g", "/g", ",'ro'") "," BIND("/h", "/h", ",'ro'"), LOCK)),
		"rootfs /b/rootfs open-only\n"
		"bind /a /s/a +ro slave\n"
		"bind /b /s/b +ro slave\n"
		"bind /c /s/c +ro -noexec\n"
		"bind /d /s/d +ro -noexec\n"
		"bind /e /s/e ++ro\n"
		"bind /f /s/f ++ro\n"
		"bind /g /g +ro\n"
		"bind /h /h +ro\n");
}

static void store_paths_may_lie_on_a_writable_store(void **state)
{
	(void)state;
	/* no group: its attributes would make the store itself read-only */
	assert_string_equal(only(MOVED, "outer", ROOTLESS(BIND("/nix/store", "/s", ",'nosuid'") ","
		BIND("/nix/store/a", "/s/a", ",'ro'") "," BIND("/nix/store/b", "/s/b", ",'ro'"), LOCK_STORE)),
		"rootfs /b/rootfs open-only\n"
		"bind /s /nix/store +nosuid\n"
		"bind /s/a /nix/store/a +ro\n"
		"bind /s/b /nix/store/b +ro\n");
	assert_int_equal(build_plan(ROOTLESS(TMPFS("/nix") "," BIND("/nix/store", "/s", ""), LOCK_STORE)), -EINVAL);
	/* another writable bind is not moved, and in the way */
	assert_int_equal(build_plan(ROOTLESS(BIND("/nix", "/s", "") "," BIND("/nix/store/a", "/s/a", ",'ro'"),
		LOCK_STORE)), -EINVAL);
}

static void what_cannot_be_locked_is_an_error(void **state)
{
	(void)state;
	/* a mount above it, at it, or below it comes first, and stays behind */
	assert_error(build_plan(ROOTLESS(TMPFS("/a") "," BIND("/a/b", "/s", ",'ro'"), LOCK)), &err, EINVAL,
		"mounts[1]: /a/b cannot be locked, because mounts[0] at /a comes before it: list the store first");
	assert_error(build_plan(ROOTLESS(TMPFS("/a/b/c") "," BIND("/a/b", "/s", ",'ro'"), LOCK)), &err, EINVAL,
		"mounts[1]: /a/b cannot be locked, because mounts[0] at /a/b/c comes before it: list the store first");
	assert_int_equal(build_plan(ROOTLESS(BIND("/a", "/s", "") "," BIND("/a", "/s", ",'rro'"), LOCK)), -EINVAL);
	/* neighbours and what has moved as well are not in the way */
	assert_int_equal(build_plan(ROOTLESS(TMPFS("/ab") "," BIND("/a", "/s", ",'ro'") "," BIND("/a/c", "/s",
		",'ro'"), LOCK)), 0);
	/* where the store is named, other files need no lock, and stay in their order */
	assert_string_equal(only(MOVED, "init", ROOTLESS(TMPFS("/tmp") "," BIND("/tmp/x", "/s", ",'ro'") ","
		BIND("/nix/store/a", "/s/a", ",'ro'"), LOCK_STORE)), "rootfs .\nmount tmpfs /tmp\nbind /s /tmp/x "
			"+ro\n");
	assert_int_equal(build_plan(ROOTLESS(TMPFS("/nix") "," BIND("/nix/store/a", "/s/a", ",'ro'"), LOCK_STORE)),
		-EINVAL);
}

/* ---- what has no sense ---- */

static void mounts_that_contradict_themselves(void **state)
{
	(void)state;
	assert_ok(build_plan(ROOTLESS(TMPFS("/x/.."), "")), &err);
	assert_error(build_plan(ROOTLESS("{'destination':'/x/..','type':'tmpfs','options':['tmpcopyup']}", "")), &err,
		EINVAL, "mounts[0]: tmpcopyup: the root cannot be copied up into itself");
	assert_error(build_plan(ROOTLESS(TMPFS("/"), LOCK)), &err, EINVAL, "mounts[0]: with run.cloister.lock nothing "
		"can be mounted on the root itself: use root.path");
	assert_error(build_plan(ROOTLESS(TMPFS("/x") ",{'destination':'/y','options':['bind']}", "")), &err, EINVAL,
		"mounts[1]: a bind mount of /y needs a source");
	assert_error(build_plan(ROOTLESS("{'destination':'/y','source':'x'}", "")), &err, EINVAL,
		"mounts[0]: /y has neither a type nor the option bind or rbind");
	assert_error(build_plan(ROOTLESS("{'destination':'/y','type':'proc','options':['tmpcopyup']}", "")), &err,
		EINVAL,
		"mounts[0]: tmpcopyup is for a tmpfs only");
	assert_error(build_plan("{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh']},"
		"'linux':{'namespaces':[{'type':'mount'}," USERNS "]," SELF_MAPS "}}"), &err, EINVAL,
		"root: is missing: it names the container's root file system");
}

static void a_joined_mount_namespace_is_somebody_elses(void **state)
{
#define JOINED(more) "{'ociVersion':'1.3.0','process':{'cwd':'/','args':['sh'],'env':['HOME=/']}," \
	"'linux':{'namespaces':[{'type':'mount','path':'/n'}" more
	static const struct { const char *config, *what; } rows[] = {
		{ JOINED("]}") ",'mounts':[" TMPFS("/x") "]}", "mounts" },
		{ JOINED("]}") ",'root':{'path':'r','readonly':true}}", "root.readonly" },
		{ JOINED("],'maskedPaths':['/x']}}"), "linux.maskedPaths" },
		{ JOINED("],'readonlyPaths':['/x']}}"), "linux.readonlyPaths" },
		{ JOINED("],'devices':[{'path':'/x','type':'p'}]}}"), "linux.devices" },
	};
	char wanted[256];

	(void)state;
	as_root();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(wanted, sizeof wanted, "%s: cannot be applied in a mount namespace that is joined by path, "
			"whose owner has "
			 "made its mounts: leave it out", rows[i].what);
		assert_error(build_plan(rows[i].config), &err, EINVAL, wanted);
	}
	assert_string_equal(only(FS_OPS, "init", JOINED("]}}")), "");
	assert_string_equal(only(FS_OPS, "init", JOINED("]},'hooks':{'createContainer':[{'path':'/c'}]}}")),
		"hooks /c\n");
}

static const struct CMUnitTest tests[] = {
	TEXT_TEST(mounts_come_in_their_order),
	TEXT_TEST(the_rest_of_the_file_system_follows),
	TEXT_TEST(propagation_of_the_root),
	TEXT_TEST(destinations_are_cleaned_and_sources_found),
	TEXT_TEST(options_go_where_they_belong),
	TEXT_TEST(a_cgroup_mount_shows_only_the_own_part),
	TEXT_TEST(sources_are_opened_first_where_root_changes_ids),
	TEXT_TEST(sources_opened_first_have_the_roots_propagation),
	TEXT_TEST(read_only_binds_of_one_directory_are_a_group),
	TEXT_TEST(what_makes_no_group),
	TEXT_TEST(store_paths_may_lie_on_a_writable_store),
	TEXT_TEST(what_cannot_be_locked_is_an_error),
	TEXT_TEST(mounts_that_contradict_themselves),
	TEXT_TEST(a_joined_mount_namespace_is_somebody_elses),
};

UNIT_MAIN(tests)
