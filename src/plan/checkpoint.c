/*
 * Why: criu restores what it has seen, and nothing that it does not know: so what comes from outside the container must
 * be named (mounts, namespaces, streams), and what would come back weaker must be refused.
 */
#include "plan/checkpoint.h"

#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/annotation.h"
#include "plan/closure.h"

/* ---- options that dump and restore have in common ---- */

static int add_cgroups_mode(struct criu_request *r, const char *mode, struct err *e)
{
	static const struct { const char *name; unsigned number; } modes[] = {
		{ "ignore", 0 }, { "none", 1 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 },
	};

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (strcmp(mode ? mode : "ignore", modes[i].name) == 0) {
			criu_number(r, CRIU_CGROUPS_MODE, modes[i].number);
			return 0;
		}
	return err_set(e, EINVAL, "option --manage-cgroups-mode: '%s' is not ignore, none, soft, full or strict", mode);
}

static int add_empty_ns(struct criu_request *r, const struct checkpoint_options *o, struct err *e)
{
	for (size_t i = 0; i < o->empty_ns_len; i++)
		if (strcmp(o->empty_ns[i], "network") != 0)
			return err_set(e, EINVAL, "option --empty-ns: criu knows only 'network', not '%s'",
				o->empty_ns[i]);
	if (o->empty_ns_len)
		criu_number(r, CRIU_EMPTY_NS, CLONE_NEWNET);
	return 0;
}

static int add_common(struct criu_request *r, const struct checkpoint_options *o, struct err *e)
{
	int result = add_cgroups_mode(r, o->cgroups_mode, e);

	if (result == 0)
		result = add_empty_ns(r, o, e);
	if (result < 0)
		return result;
	criu_number(r, CRIU_LOG_LEVEL, 4);
	criu_number(r, CRIU_NOTIFY_SCRIPTS, true);
	/* The other end of the container's terminal is not in the container. */
	criu_number(r, CRIU_ORPHAN_PTS_MASTER, true);
	/* What is mounted from the host may be a slave there. */
	criu_number(r, CRIU_EXT_SHARING, true);
	criu_number(r, CRIU_EXT_MASTERS, true);
	if (o->tcp_established)
		criu_number(r, CRIU_TCP_ESTABLISHED, true);
	if (o->ext_unix_sk)
		criu_number(r, CRIU_EXT_UNIX_SK, true);
	if (o->shell_job)
		criu_number(r, CRIU_SHELL_JOB, true);
	if (o->file_locks)
		criu_number(r, CRIU_FILE_LOCKS, true);
	if (o->auto_dedup)
		criu_number(r, CRIU_AUTO_DEDUP, true);
	return 0;
}

const char *checkpoint_joined(const struct oci_spec *spec, enum oci_namespace_type type)
{
	const struct oci_linux *l = spec->linux;

	for (size_t i = 0; l && i < l->namespaces_len; i++)
		if (l->namespaces[i].type == type && l->namespaces[i].path && *l->namespaces[i].path)
			return l->namespaces[i].path;
	return NULL;
}

static bool has_namespace(const struct oci_spec *spec, enum oci_namespace_type type)
{
	const struct oci_linux *l = spec->linux;

	for (size_t i = 0; l && i < l->namespaces_len; i++)
		if (l->namespaces[i].type == type)
			return true;
	return false;
}

/* Where the mounts are locked by a second level of namespaces (namespace.c), of which criu restores only one. */
static bool is_locked(const struct oci_spec *spec)
{
	const char *lock = plan_annotation(spec, "run.cloister.lock");

	if (lock)
		return strcmp(lock, "true") == 0;
	return plan_annotation(spec, "run.cloister.closure") && has_namespace(spec, OCI_NAMESPACE_TYPE_USER);
}

static int check_namespaces(const struct oci_spec *spec, struct err *e)
{
	static const enum oci_namespace_type types[] = {
		OCI_NAMESPACE_TYPE_USER, OCI_NAMESPACE_TYPE_MOUNT, OCI_NAMESPACE_TYPE_CGROUP, OCI_NAMESPACE_TYPE_TIME,
	};

	if (is_locked(spec))
		return err_set(e, ENOTSUP, "the container's mounts are locked (run.cloister.lock), and criu would "
			"restore "
			       "them without the lock");
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (checkpoint_joined(spec, types[i]))
			return err_set(e, ENOTSUP, "linux.namespaces: criu cannot restore a %s namespace that is "
				"joined by "
				       "path", oci_namespace_type_name(types[i]));
	return 0;
}

/* ---- mountinfo: see proc_pid_mountinfo(5) ---- */

struct mount_line {
	int id;
	char *device, *root, *dest, *options, *type;
};

/* Octal escapes, in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* Takes a line off *text, which is changed. False at the end. */
static bool next_mount(char **text, struct mount_line *ret)
{
	char *line = *text, *save, *end, *word;

	if (!*line)
		return false;
	end = line + strcspn(line, "\n");
	*text = end + (*end == '\n');
	*end = '\0';
	*ret = (struct mount_line){ .device = "", .root = "", .dest = "", .options = "", .type = "" };
	word = strtok_r(line, " ", &save);
	for (int i = 0; word; word = strtok_r(NULL, " ", &save), i++) {
		if (i == 0)
			ret->id = atoi(word);
		else if (i == 2)
			ret->device = word;
		else if (i == 3)
			ret->root = word;
		else if (i == 4)
			ret->dest = word;
		else if (i == 5)
			ret->options = word;
		else if (i > 5 && strcmp(word, "-") == 0) {
			word = strtok_r(NULL, " ", &save);
			ret->type = word ? word : "";
			break;
		}
	}
	unescape(ret->dest);
	return true;
}

static bool has_device(const char *mounts, const char *device)
{
	char wanted[64];
	int n = snprintf(wanted, sizeof wanted, " %s ", device);

	return n > 0 && n < (int)sizeof wanted && strstr(mounts, wanted);
}

/* What criu mounts anew, whoever else has it mounted. */
static bool is_kernels(const struct mount_line *m)
{
	static const char *const types[] = { "proc", "cgroup2", "cgroup", "mqueue", "devpts" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(m->type, types[i]) == 0)
			return true;
	return false;
}

/* A mount of something that is mounted on the host as well comes from there. The root is not named: criu knows it. */
static int add_external_mounts(struct arena *a, const struct checkpoint_facts *f, struct criu_request *r, struct err *e)
{
	char *text = arena_strdup(a, f->mounts);
	struct mount_line m;

	if (!text)
		return err_oom(e);
	while (next_mount(&text, &m)) {
		char *external;

		/* As store paths have it where the root file system has a store of its own, or is read-only itself. */
		if (strcmp(m.type, "overlay") == 0 && !has_device(f->host_mounts, m.device))
			return err_set(e, ENOTSUP, "criu cannot restore the overlay that is mounted at %s in the "
				"container",
				       m.dest);
		if (strcmp(m.dest, "/") == 0 || is_kernels(&m) || !has_device(f->host_mounts, m.device))
			continue;
		external = arena_printf(a, "mnt[%s]:%s", m.dest, m.dest);
		if (!external)
			return err_oom(e);
		criu_text(r, CRIU_EXTERNAL, external);
	}
	return 0;
}

static bool is_inside(struct arena *a, const struct checkpoint_facts *f, int mount_id)
{
	char *text = arena_strdup(a, f->mounts);
	struct mount_line m;

	while (text && next_mount(&text, &m))
		if (m.id == mount_id)
			return true;
	return false;
}

/* A file of the host, such as its /dev/null, is known by mount and inode; pipes and sockets by their own names. */
static int add_streams(struct arena *a, const struct checkpoint_facts *f, struct criu_request *r,
		       const char *ret_names[static 3], struct err *e)
{
	for (int i = 0; i < 3; i++) {
		const struct checkpoint_stream *s = &f->streams[i];

		ret_names[i] = s->name;
		if (!s->file || is_inside(a, f, s->mount_id))
			continue;
		ret_names[i] = arena_printf(a, "file[%x:%llx]", (unsigned)s->mount_id, (unsigned long long)s->inode);
		if (!ret_names[i])
			return err_oom(e);
		criu_text(r, CRIU_EXTERNAL, ret_names[i]);
	}
	return 0;
}

static void add_external_namespaces(struct arena *a, const struct oci_spec *spec, const struct checkpoint_facts *f,
				    struct criu_request *r)
{
	if (checkpoint_joined(spec, OCI_NAMESPACE_TYPE_NETWORK))
		criu_text(r, CRIU_EXTERNAL, arena_printf(a, "net[%llu]:extRootNetNS",
			(unsigned long long)f->net_inode));
	if (checkpoint_joined(spec, OCI_NAMESPACE_TYPE_PID))
		criu_text(r, CRIU_EXTERNAL, arena_printf(a, "pid[%llu]:extRootPidNS",
			(unsigned long long)f->pid_inode));
}

static int add_page_server(struct arena *a, const char *text, struct criu_request *r, struct err *e)
{
	const char *colon = strrchr(text, ':');
	unsigned long long port = 0;

	if (!colon || colon == text || parse_u64(colon + 1, UINT16_MAX, &port) < 0 || port == 0)
		return err_set(e, EINVAL, "option --page-server: '%s' is not ADDRESS:PORT", text);
	criu_page_server(r, arena_strndup(a, text, (size_t)(colon - text)), (uint16_t)port);
	return 0;
}

int checkpoint_plan_dump(struct arena *a, const struct oci_spec *spec, const struct checkpoint_options *o,
			 const struct checkpoint_facts *f, struct criu_request *ret, const char *ret_names[static 3],
			 struct err *e)
{
	int r = check_namespaces(spec, e);

	if (r < 0)
		return r;
	*ret = (struct criu_request){ .type = o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP };
	criu_number(ret, CRIU_PID, (uint64_t)f->pid);
	criu_text(ret, CRIU_ROOT, f->rootfs);
	criu_text(ret, CRIU_LOG_FILE, "dump.log");
	r = add_common(ret, o, e);
	if (o->leave_running)
		criu_number(ret, CRIU_LEAVE_RUNNING, true);
	/* A later dump has only what changed since. */
	if (o->pre_dump)
		criu_number(ret, CRIU_TRACK_MEM, true);
	if (o->parent_path)
		criu_text(ret, CRIU_PARENT_IMAGE, o->parent_path);
	if (r == 0 && o->page_server)
		r = add_page_server(a, o->page_server, ret, e);
	if (r == 0)
		r = add_external_mounts(a, f, ret, e);
	if (r == 0)
		r = add_streams(a, f, ret, ret_names, e);
	add_external_namespaces(a, spec, f, ret);
	return r == 0 && arena_failed(a) ? err_oom(e) : r;
}

/* ---- restore ---- */

static int add_mount(struct plan *p, struct checkpoint_wanted *w, struct checkpoint_mount m, struct err *e)
{
	struct checkpoint_mount *slot = arena_push(p->arena, &w->mounts, &w->len, sizeof *slot);

	if (!slot)
		return err_oom(e);
	*slot = m;
	return 0;
}

static bool is_read_only(const struct mount_attrs *t)
{
	return (t->set | t->rec_set) & MOUNT_ATTR_RDONLY;
}

/* A group's own options are those of all in it, and it is there to make them read-only. */
static struct checkpoint_mount of_bind(const struct op_bind *b)
{
	return (struct checkpoint_mount){ .dest = b->dest, .source = b->source,
					  .read_only = b->in_group || is_read_only(&b->attrs) };
}

static int note_op(struct plan *p, const struct op *op, struct checkpoint_wanted *w, struct err *e)
{
	struct checkpoint_mount m = { 0 };
	int r = 0;

	switch (op->type) {
	case OP_BIND:
		m = of_bind(&op->bind);
		break;
	case OP_MOUNT:
	case OP_CGROUP_MOUNT:
		m = (struct checkpoint_mount){ .dest = op->mount.dest, .read_only = is_read_only(&op->mount.attrs) };
		break;
	case OP_STORE:
		m = (struct checkpoint_mount){ .dest = op->store.dir, .read_only = true };
		break;
	case OP_DEVICE:
		if (op->device.bind_from)
			m = (struct checkpoint_mount){ .dest = op->device.path, .source = op->device.bind_from };
		break;
	case OP_MASK:
	case OP_READONLY:
		/* Of masked directories criu has the tmpfs in its image, and of read-only paths what they are. */
		for (size_t i = 0; r == 0 && i < op->mask.len; i++) {
			m = (struct checkpoint_mount){ .dest = op->mask.paths[i], .mask = true,
						       .source = op->type == OP_MASK ? "/dev/null" : NULL,
						       .read_only = op->type == OP_READONLY };
			r = add_mount(p, w, m, e);
		}
		return r;
	case OP_ROOT_READONLY:
		m = (struct checkpoint_mount){ .dest = "/", .mask = true, .read_only = true };
		break;
	case OP_NO_NEW_PRIVS:
		w->no_new_privs = true;
		break;
	case OP_SECCOMP_BUILD:
		w->filter = true;
		break;
	default:
		break;
	}
	return m.dest ? add_mount(p, w, m, e) : 0;
}

static bool is_cgroups(const struct op *op)
{
	return op->type == OP_CGROUP || op->type == OP_UNIT || op->type == OP_UNIT_SET ||
	       op->type == OP_CGROUP_CONTROLLERS || op->type == OP_CGROUP_WRITE || op->type == OP_DEVICE_FILTER;
}

int checkpoint_reduce(struct plan *p, struct checkpoint_wanted *ret, struct err *e)
{
	size_t kept = 0;

	*ret = (struct checkpoint_wanted){ 0 };
	for (size_t i = 0; i < p->len; i++) {
		const struct op *op = &p->ops[i];
		int r = note_op(p, op, ret, e);

		if (r < 0)
			return r;
		if (op->type == OP_RDT_GROUP || op->type == OP_NET_DEVICE || op->type == OP_SECCOMP_LISTENER)
			return err_set(e, ENOTSUP, "%s: cannot be restored from a checkpoint", op->where);
		if (is_cgroups(op))
			p->ops[kept++] = *op;
	}
	p->len = kept;
	p->slots = 0;
	return 0;
}

static bool is_inherited(const char *name)
{
	return str_has_prefix(name, "pipe:[") || str_has_prefix(name, "socket:[") || str_has_prefix(name, "file[");
}

static void add_joined(const struct oci_spec *spec, struct criu_request *r)
{
	static const struct { enum oci_namespace_type type; const char *name; } joins[] = {
		{ OCI_NAMESPACE_TYPE_IPC, "ipc" }, { OCI_NAMESPACE_TYPE_UTS, "uts" },
	};

	if (checkpoint_joined(spec, OCI_NAMESPACE_TYPE_NETWORK))
		criu_inherit(r, "extRootNetNS", CRIU_FD_NET);
	if (checkpoint_joined(spec, OCI_NAMESPACE_TYPE_PID))
		criu_inherit(r, "extRootPidNS", CRIU_FD_PID);
	for (size_t i = 0; i < sizeof joins / sizeof *joins; i++)
		if (checkpoint_joined(spec, joins[i].type))
			criu_join(r, joins[i].name, checkpoint_joined(spec, joins[i].type));
}

int checkpoint_plan_restore(struct arena *a, const struct oci_spec *spec, const struct checkpoint_options *o,
			    const struct checkpoint_wanted *w, char *const names[static 3], const char *rootfs,
			    struct criu_request *ret, struct err *e)
{
	int r = check_namespaces(spec, e);

	if (r < 0)
		return r;
	*ret = (struct criu_request){ .type = CRIU_RESTORE };
	criu_text(ret, CRIU_ROOT, rootfs);
	criu_text(ret, CRIU_LOG_FILE, "restore.log");
	/* The first process becomes our child, so that we can wait for it, or whoever adopts our children. */
	criu_number(ret, CRIU_SIBLING, true);
	r = add_common(ret, o, e);
	if (r < 0)
		return r;
	if (o->lsm_profile)
		criu_text(ret, CRIU_LSM_PROFILE, o->lsm_profile);
	for (size_t i = 0; i < w->len; i++)
		if (w->mounts[i].source)
			criu_text(ret, CRIU_EXTERNAL, arena_printf(a, "mnt[%s]:%s", w->mounts[i].dest,
				w->mounts[i].source));
	for (int i = 0; i < 3; i++)
		if (names[i] && is_inherited(names[i]))
			criu_inherit(ret, names[i], CRIU_FD_STREAMS + i);
	add_joined(spec, ret);
	return arena_failed(a) ? err_oom(e) : 0;
}

/* ---- what came back ---- */

/* The number behind "NAME:" in /proc/PID/status; 0 if it is not there. */
static long status_number(const char *status, const char *name)
{
	const char *at = strstr(status, name);

	return at ? atol(at + strlen(name)) : 0;
}

static bool came_back_writable(struct arena *a, const char *mountinfo, const char *dest)
{
	char *text = arena_strdup(a, mountinfo);
	bool writable = false;
	struct mount_line m;

	/* The last one at a place is on top. */
	while (text && next_mount(&text, &m))
		if (strcmp(m.dest, dest) == 0)
			writable = strncmp(m.options, "ro", 2) != 0;
	return writable;
}

static int is_weaker(const char *what, struct err *e)
{
	return err_set(e, ENOTSUP, "criu has restored the container without %s: a newer version of it is needed", what);
}

int checkpoint_check(struct arena *a, const struct checkpoint_wanted *w, const char *status, const char *mountinfo,
		     struct err *e)
{
	if (w->no_new_privs && status_number(status, "\nNoNewPrivs:") != 1)
		return is_weaker("no_new_privs", e);
	if (w->filter && status_number(status, "\nSeccomp:") != 2)
		return is_weaker("its seccomp filter", e);
	for (size_t i = 0; i < w->len; i++)
		if (w->mounts[i].read_only && came_back_writable(a, mountinfo, w->mounts[i].dest))
			return is_weaker(arena_printf(a, "the read-only mount at %s", w->mounts[i].dest), e);
	return arena_failed(a) ? err_oom(e) : 0;
}
