/* What criu is asked, as text and as bytes, and what its answers mean. */
#include "tests/unit/plan/text.h"

#include "plan/checkpoint.h"

#define HOST \
	"20 1 0:5 / /dev rw - devtmpfs udev rw\n21 1 254:0 / / rw - ext4 /dev/vda rw\n" \
	"22 1 0:25 / /sys rw - sysfs sysfs rw\n"
#define ROOT "100 90 254:0 /rootfs / rw - ext4 /dev/vda rw\n"
#define PROC "101 100 0:70 / /proc rw - proc proc rw\n"

static struct checkpoint_options cp;
static struct checkpoint_facts cf;
static struct criu_request request;
static const char *names[3];

static int set_up(void **state)
{
	cp = (struct checkpoint_options){ .image_path = "/i" };
	cf = (struct checkpoint_facts){ .pid = 7, .rootfs = "/r", .mounts = ROOT PROC, .host_mounts = HOST,
					.net_inode = 11, .pid_inode = 12,
					.streams = { { .name = "pipe:[1]" }, { .name = "pipe:[2]" },
					{ .name = "pipe:[3]" } } };
	return text_set_up(state);
}

static int tear_down(void **state)
{
	criu_free(&request);
	request = (struct criu_request){ 0 };
	return text_tear_down(state);
}

/* The lines of the request that begin with one of these words. */
static const char *lines_of(const char *words)
{
	_cleanup_str_ struct str out = STR_INIT, wanted = STR_INIT;

	str_addf(&wanted, ",%s,", words);
	for (const char *line = str_text(&request.text), *end; *line; line = end + 1) {
		char word[64];

		end = strchr(line, '\n');
		snprintf(word, sizeof word, ",%.*s,", (int)strcspn(line, " \n"), line);
		if (strstr(str_text(&wanted), word))
			str_addn(&out, line, (size_t)(end + 1 - line));
	}
	return arena_strdup(arena, str_text(&out));
}

static int dump(const char *config)
{
	criu_free(&request);
	return checkpoint_plan_dump(arena, text_spec(config), &cp, &cf, &request, names, &err);
}

static void a_dump(void **state)
{
	(void)state;
	assert_ok(dump(ROOTFUL("", "")), &err);
	assert_int_equal(request.type, CRIU_DUMP);
	assert_string_equal(str_text(&request.text),
		"pid 7\nroot /r\nlog-file dump.log\nmanage-cgroups-mode 0\nlog-level 4\nnotify-scripts 1\n"
		"orphan-pts-master 1\nexternal-sharing 1\nexternal-masters 1\n");
	assert_string_equal(names[1], "pipe:[2]");
}

static void options_become_options(void **state)
{
	(void)state;
	cp.leave_running = cp.tcp_established = cp.ext_unix_sk = cp.shell_job = cp.file_locks = cp.auto_dedup = true;
	cp.parent_path = "../p";
	cp.page_server = "[::1]:99";
	cp.cgroups_mode = "strict";
	cp.empty_ns = (const char *const[]){ "network" };
	cp.empty_ns_len = 1;
	assert_ok(dump(ROOTFUL("", "")), &err);
	assert_string_equal(lines_of("leave-running,tcp-established,ext-unix-sk,shell-job,file-locks,auto-dedup,"
				     "parent-image,page-server,manage-cgroups-mode,empty-ns,track-mem"),
		"manage-cgroups-mode 5\nempty-ns 1073741824\ntcp-established 1\next-unix-sk 1\nshell-job "
		"1\nfile-locks 1\n"
		"auto-dedup 1\nleave-running 1\nparent-image ../p\npage-server [::1] 99\n");
	cp.pre_dump = true;
	assert_ok(dump(ROOTFUL("", "")), &err);
	assert_int_equal(request.type, CRIU_PRE_DUMP);
	assert_string_equal(lines_of("track-mem"), "track-mem 1\n");
	cp.page_server = "host:0";
	assert_error(dump(ROOTFUL("", "")), &err, EINVAL, "option --page-server: 'host:0' is not ADDRESS:PORT");
	cp.cgroups_mode = "";
	assert_error(dump(ROOTFUL("", "")), &err, EINVAL,
		"option --manage-cgroups-mode: '' is not ignore, none, soft, full or strict");
	cp.cgroups_mode = NULL;
	cp.empty_ns = (const char *const[]){ "ipc" };
	assert_error(dump(ROOTFUL("", "")), &err, EINVAL, "option --empty-ns: criu knows only 'network', not 'ipc'");
}

static void what_the_host_has_mounted_is_external(void **state)
{
	(void)state;
	cf.mounts = ROOT PROC
		"102 101 0:5 /null /proc/keys rw - devtmpfs udev rw\n"
		"103 100 254:0 /data /with\\040blank rw master:1 - ext4 /dev/vda rw\n"
		"104 100 0:71 / /tmp rw - tmpfs tmpfs rw\n"
		"105 100 0:25 / /sys ro - sysfs sysfs rw\n"
		"106 105 0:25 / /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n";
	assert_ok(dump(ROOTFUL("", "")), &err);
	assert_string_equal(lines_of("external"), "external mnt[/proc/keys]:/proc/keys\n"
		"external mnt[/with blank]:/with blank\nexternal mnt[/sys]:/sys\n");
}

static void an_overlay_of_its_own_is_refused(void **state)
{
	(void)state;
	cf.mounts = ROOT "103 100 0:80 / /nix/store ro - overlay cloister rw\n";
	assert_error(dump(ROOTFUL("", "")), &err, ENOTSUP,
		"criu cannot restore the overlay that is mounted at /nix/store in the container");
	/* the host's, as podman's root file systems are, is none of ours */
	cf.mounts = "100 90 0:80 / / rw - overlay overlay rw\n" PROC;
	cf.host_mounts = HOST "30 21 0:80 / /run/merged rw - overlay overlay rw\n";
	assert_ok(dump(ROOTFUL("", "")), &err);
	assert_string_equal(lines_of("external"), "");
}

static void streams_of_the_host_are_named(void **state)
{
	(void)state;
	cf.streams[0] = (struct checkpoint_stream){ .name = "/dev/null", .mount_id = 20, .inode = 0xab, .file = true };
	cf.streams[1] = (struct checkpoint_stream){ .name = "/inside", .mount_id = 100, .inode = 5, .file = true };
	assert_ok(dump(ROOTFUL("", "")), &err);
	assert_string_equal(lines_of("external"), "external file[14:ab]\n");
	assert_string_equal(names[0], "file[14:ab]");
	assert_string_equal(names[1], "/inside");
}

#define JOINED(type) CONFIG_OF("'namespaces':[{'type':'mount'},{'type':'" type "','path':'/ns'}]", "", "")

static void joined_namespaces(void **state)
{
	static const char *const bad[] = { "user", "cgroup", "time" };

	(void)state;
	assert_ok(dump(JOINED("network")), &err);
	assert_string_equal(lines_of("external"), "external net[11]:extRootNetNS\n");
	assert_ok(dump(JOINED("pid")), &err);
	assert_string_equal(lines_of("external"), "external pid[12]:extRootPidNS\n");
	for (size_t i = 0; i < 3; i++)
		assert_error(dump(arena_printf(arena,
			"{'ociVersion':'1.3.0','linux':{'namespaces':[{'type':'%s','path':'/n'}]}}",
			bad[i])), &err, ENOTSUP, arena_printf(arena, "linux.namespaces: criu cannot restore a %s "
			"namespace "
			"that is joined by path", bad[i]));
}

static void locks_are_not_lost(void **state)
{
	static const char message[] = "the container's mounts are locked (run.cloister.lock), and criu would "
		"restore them "
		"without the lock";

	(void)state;
	assert_error(dump(ROOTLESS("", ",'annotations':{'run.cloister.lock':'true'}")), &err, ENOTSUP, message);
	assert_error(dump(ROOTLESS("", ",'annotations':{'run.cloister.closure':'/x'}")), &err, ENOTSUP, message);
	assert_ok(dump(ROOTLESS("", ",'annotations':{'run.cloister.closure':'/x','run.cloister.lock':'false'}")), &err);
	assert_ok(dump(ROOTFUL("", ",'annotations':{'run.cloister.closure':'/x'}")), &err);
}

static void a_restore(void **state)
{
	char *const streams[] = { "file[14:ab]", "pipe:[2]", "/dev/pts/0" };
	struct checkpoint_mount mounts[] = { { .dest = "/data", .source = "/srv" }, { .dest = "/proc" } };
	const struct checkpoint_wanted wanted = { .mounts = mounts, .len = 2 };

	(void)state;
	cp.lsm_profile = "apparmor:x";
	assert_ok(checkpoint_plan_restore(arena, text_spec(CONFIG_OF("'namespaces':[{'type':'network','path':'/n'},"
		"{'type':'ipc','path':'/i'}]", "", "")), &cp, &wanted, streams, "/r", &request, &err), &err);
	assert_int_equal(request.type, CRIU_RESTORE);
	assert_string_equal(str_text(&request.text),
		"root /r\nlog-file restore.log\nsibling 1\nmanage-cgroups-mode 0\nlog-level 4\nnotify-scripts 1\n"
		"orphan-pts-master 1\nexternal-sharing 1\nexternal-masters 1\nlsm-profile apparmor:x\n"
		"external mnt[/data]:/srv\ninherit-fd file[14:ab] 10\ninherit-fd pipe:[2] 11\n"
		"inherit-fd extRootNetNS 13\njoin-ns ipc /i\n");
}

static void a_plan_is_reduced(void **state)
{
	struct checkpoint_wanted w;
	const struct checkpoint_mount *m;

	(void)state;
	as_root();
	facts.own_cgroup = "/";
	assert_ok(build_plan(CONFIG_OF("'namespaces':[{'type':'mount'}],'maskedPaths':['/proc/k'],"
		"'readonlyPaths':['/proc/s']",
		"{'destination':'/d','source':'/s','options':['bind','ro']},{'destination':'/t','type':'tmpfs'}",
		"")), &err);
	assert_ok(checkpoint_reduce(&plan, &w, &err), &err);
	m = w.mounts;
	assert_int_equal(plan.len, 1);
	assert_int_equal(plan.ops[0].type, OP_CGROUP);
	assert_string_equal(m[0].dest, "/d");
	assert_string_equal(m[0].source, "/s");
	assert_true(m[0].read_only);
	assert_string_equal(m[1].dest, "/t");
	assert_null(m[1].source);
	assert_false(m[1].read_only || w.no_new_privs || w.filter);
	m += w.len - 2;
	assert_string_equal(m[0].dest, "/proc/s");
	assert_true(m[0].mask && m[0].read_only && !m[0].source);
	assert_string_equal(m[1].dest, "/proc/k");
	assert_true(m[1].mask && m[1].source);
}

#define STATUS(nnp, mode) "Name:\tx\nNoNewPrivs:\t" nnp "\nSeccomp:\t" mode "\nSeccomp_filters:\t1\n"
#define NEWER ": a newer version of it is needed"

static void what_came_back_is_checked(void **state)
{
	static const char mounts[] = "1 0 0:1 / / ro,relatime - ext4 x rw\n2 1 0:1 / /d rw - ext4 x rw\n"
		"3 1 0:1 / /d ro - ext4 x rw\n4 1 0:2 / /w rw,ro - tmpfs x ro\n";
	struct checkpoint_mount m[] = { { .dest = "/", .read_only = true }, { .dest = "/d", .read_only = true },
					{ .dest = "/w" }, { .dest = "/not/there", .read_only = true } };
	struct checkpoint_wanted w = { .mounts = m, .len = 4, .no_new_privs = true, .filter = true };

	(void)state;
	assert_ok(checkpoint_check(arena, &w, STATUS("1", "2"), mounts, &err), &err);
	assert_error(checkpoint_check(arena, &w, STATUS("0", "2"), mounts, &err), &err, ENOTSUP,
		"criu has restored the container without no_new_privs" NEWER);
	assert_error(checkpoint_check(arena, &w, STATUS("1", "0"), mounts, &err), &err, ENOTSUP,
		"criu has restored the container without its seccomp filter" NEWER);
	w.no_new_privs = w.filter = false;
	assert_ok(checkpoint_check(arena, &w, STATUS("0", "0"), mounts, &err), &err);
	m[2].read_only = true;
	assert_error(checkpoint_check(arena, &w, STATUS("0", "0"), mounts, &err), &err, ENOTSUP,
		"criu has restored the container without the read-only mount at /w" NEWER);
}

static void bytes(void **state)
{
	/* type 1; options of 15 bytes: 1 = 300, 10 = "ab", 27 = { "k", 9 } */
	static const unsigned char wanted[] = {
		0x08, 1, 0x12, 15, 0x08, 0xac, 0x02, 0x52, 2, 'a', 'b', 0xda, 0x01, 5, 0x0a, 1, 'k', 0x10, 9,
	};
	_cleanup_str_ struct str out = STR_INIT;

	(void)state;
	request.type = CRIU_DUMP;
	criu_number(&request, CRIU_IMAGES_DIR, 300);
	criu_text(&request, CRIU_LOG_FILE, "ab");
	criu_inherit(&request, "k", 9);
	criu_encode(&request, &out);
	assert_int_equal(out.len, sizeof wanted);
	assert_memory_equal(out.text, wanted, sizeof wanted);
	assert_string_equal(str_text(&request.text), "images-dir 300\nlog-file ab\ninherit-fd k 9\n");
	str_free(&out);
	out = STR_INIT;
	criu_encode_notified(&out, true);
	assert_int_equal(out.len, 4);
	assert_memory_equal(out.text, "\x08\x06\x18\x01", 4);
}

static void answers(void **state)
{
	static const char notify[] = "\x08\x06\x10\x01\x2a\x07\x0a\x03" "abc\x10\x2a";
	static const char restored[] = "\x08\x02\x10\x01\x22\x03\x08\xac\x02";
	static const char failed[] = "\x08\x01\x10\x00\x38\x05\x4a\x02no\x61\x01\x02\x03\x04\x05\x06\x07\x08";
	struct criu_answer answer;

	(void)state;
	assert_int_equal(criu_decode(arena, notify, sizeof notify - 1, &answer), 0);
	assert_int_equal(answer.type, CRIU_NOTIFY);
	assert_string_equal(answer.script, "abc");
	assert_int_equal(answer.pid, 42);
	assert_int_equal(criu_decode(arena, restored, sizeof restored - 1, &answer), 0);
	assert_true(answer.success);
	assert_int_equal(answer.pid, 300);
	assert_int_equal(criu_decode(arena, failed, sizeof failed - 1, &answer), 0);
	assert_false(answer.success);
	assert_int_equal(answer.number, 5);
	assert_string_equal(answer.message, "no");
	/* every beginning of an answer is refused, or is a shorter answer; nothing is read beyond it */
	for (size_t n = 0; n < sizeof failed - 1; n++) {
		char *copy = malloc(n ? n : 1);

		memcpy(copy, failed, n);
		criu_decode(arena, copy, n, &answer);
		free(copy);
	}
	assert_int_equal(criu_decode(arena, "", 0, &answer), -EBADMSG);
	assert_int_equal(criu_decode(arena, "\x2a\x7f", 2, &answer), -EBADMSG);
	assert_int_equal(criu_decode(arena, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, &answer), -EBADMSG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(a_dump), TEST(options_become_options), TEST(what_the_host_has_mounted_is_external),
	TEST(an_overlay_of_its_own_is_refused), TEST(streams_of_the_host_are_named), TEST(joined_namespaces),
	TEST(locks_are_not_lost), TEST(a_restore),
	TEST(a_plan_is_reduced), TEST(what_came_back_is_checked), TEST(bytes), TEST(answers),
};

UNIT_MAIN(tests)
