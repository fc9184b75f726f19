/*
 * Why: which process makes or joins which namespace, and who writes the id maps.
 *
 * With the annotation run.cloister.lock the container gets two levels of user and mount namespaces. A mount that is
 * copied into a mount namespace of a less privileged user namespace is locked there (mount_namespaces(7), "Restrictions
 * on mount namespaces"): it can be neither unmounted nor made writable, whatever capabilities a process has inside. So
 * outer assembles the read-only binds in the first level, and the container lives in the second.
 *
 * A time namespace takes its offsets only while there is no process in it (time_namespaces(7)), so clone3(2) is too
 * late: outer makes it with unshare(2), which puts only its children there. What belongs to the container's user
 * namespace must be made inside that, so then outer makes that one too.
 */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "plan/annotation.h"
#include "plan/build.h"
#include "spec/sysctl.h"

static const struct {
	enum oci_namespace_type type;
	uint64_t flag;
} flags[] = {
	{ OCI_NAMESPACE_TYPE_USER, CLONE_NEWUSER },
	{ OCI_NAMESPACE_TYPE_MOUNT, CLONE_NEWNS },
	{ OCI_NAMESPACE_TYPE_PID, CLONE_NEWPID },
	{ OCI_NAMESPACE_TYPE_NETWORK, CLONE_NEWNET },
	{ OCI_NAMESPACE_TYPE_IPC, CLONE_NEWIPC },
	{ OCI_NAMESPACE_TYPE_UTS, CLONE_NEWUTS },
	{ OCI_NAMESPACE_TYPE_CGROUP, CLONE_NEWCGROUP },
	{ OCI_NAMESPACE_TYPE_TIME, CLONE_NEWTIME },
};

static uint64_t flag_of(enum oci_namespace_type type)
{
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (flags[i].type == type)
			return flags[i].flag;
	return 0;
}

bool plan_maps_id(const struct plan_id_map *map, uint32_t container_id, uint32_t *ret_host)
{
	for (size_t i = 0; i < map->len; i++) {
		const struct oci_id_mapping *m = &map->ranges[i];

		if (container_id < m->container_id || container_id - m->container_id >= m->size)
			continue;
		*ret_host = m->host_id + (container_id - m->container_id);
		return true;
	}
	return false;
}

static bool is_one_id(const struct plan_id_map *map, uint32_t host_id)
{
	return map->len == 1 && map->ranges[0].size == 1 && map->ranges[0].host_id == host_id;
}

/* One id each, the caller's own: the kernel lets a process map that by itself (user_namespaces(7)). */
static bool maps_caller_only(const struct build *b)
{
	return is_one_id(&b->uids, b->facts->euid) && is_one_id(&b->gids, b->facts->egid);
}

/* The least that a program can be run with: the caller is root inside, and nobody else exists. */
static void map_by_default(struct build *b, uint32_t host_id, struct plan_id_map *ret)
{
	struct oci_id_mapping *m = arena_alloc(b->plan->arena, sizeof *m);

	if (!m) {
		b->plan->failed = true;
		return;
	}
	*m = (struct oci_id_mapping){ .container_id = 0, .host_id = host_id, .size = 1 };
	*ret = (struct plan_id_map){ m, 1 };
}

static void choose_maps(struct build *b)
{
	const struct oci_linux *l = b->spec->linux;

	b->uids = (struct plan_id_map){ l->uid_mappings, l->uid_mappings_len };
	b->gids = (struct plan_id_map){ l->gid_mappings, l->gid_mappings_len };
	if (!b->uids.len)
		map_by_default(b, b->facts->euid, &b->uids);
	if (!b->gids.len)
		map_by_default(b, b->facts->egid, &b->gids);
}

/*
 * Lowering it needs CAP_SYS_RESOURCE on the host, which nobody has any more in a user namespace: root's runtime
 * does it. Without root, outer does it for init before it joins anybody's namespace, when its files in /proc are
 * still its own.
 */
static void add_oom_score(struct build *b)
{
	const struct oci_process *proc = b->spec->process;
	bool userns = (b->new_ns | b->joined_ns) & CLONE_NEWUSER;
	enum plan_stage stage = userns && b->facts->privileged ? STAGE_READY : b->joined_ns ? STAGE_OUTER : STAGE_INIT;

	if (proc && proc->has_oom_score_adj)
		plan_add(b->plan, stage, OP_OOM_SCORE, "process.oomScoreAdj")->oom_score = (int)proc->oom_score_adj;
}

static int collect(struct build *b, struct err *e)
{
	const struct oci_linux *l = b->spec->linux;
	struct plan_join *joins = NULL;
	size_t len = 0;

	for (size_t i = 0; l && i < l->namespaces_len; i++) {
		const struct oci_namespace *n = &l->namespaces[i];
		uint64_t flag = flag_of(n->type);

		if (!n->path || !*n->path) {
			b->new_ns |= flag;
			continue;
		}
		struct plan_join *j = arena_push(b->plan->arena, &joins, &len, sizeof *j);
		if (!j)
			return err_oom(e);
		*j = (struct plan_join){ n->type, flag, n->path };
		b->joined_ns |= flag;
	}
	if (!((b->new_ns | b->joined_ns) & CLONE_NEWNS))
		return err_set(
			e, EINVAL,
			"linux.namespaces: there is no mount namespace, so the container's mounts would be made on "
			"the host: add {\"type\": \"mount\"}");
	add_oom_score(b);
	if (len)
		plan_add(b->plan, STAGE_OUTER, OP_JOIN, "linux.namespaces")->join = (struct op_join){ joins, len };
	return 0;
}

static int check_lock(struct build *b, struct err *e)
{
	const char *lock = plan_annotation(b->spec, "run.cloister.lock");

	b->store = plan_annotation(b->spec, "run.cloister.store");
	b->lock_binds = b->lock = lock && strcmp(lock, "true") == 0;
	if (lock && !b->lock && strcmp(lock, "false") != 0)
		return err_set(e, EINVAL, "annotations.\"run.cloister.lock\": '%s' is neither 'true' nor 'false'",
			       lock);
	if (b->store && b->store[0] != '/')
		return err_set(e, EINVAL, "annotations.\"run.cloister.store\": '%s' is not an absolute path", b->store);
	if (b->lock && !(b->new_ns & CLONE_NEWUSER))
		return err_set(
			e, EINVAL,
			"annotations.\"run.cloister.lock\": mounts can only be locked with a user namespace of the "
			"container's own: add {\"type\": \"user\"} to linux.namespaces");
	if (b->lock && !(b->new_ns & CLONE_NEWNS))
		return err_set(
			e, EINVAL,
			"annotations.\"run.cloister.lock\": mounts cannot be locked in a joined mount namespace");
	return plan_closure_lock(b, e);
}

static bool wants_offsets(const struct build *b)
{
	const struct oci_time_offsets *t = b->spec->linux ? b->spec->linux->time_offsets : NULL;

	return t && (t->monotonic || t->boottime);
}

static int check_offsets(const struct build *b, struct err *e)
{
	if (!wants_offsets(b))
		return 0;
	if (!(b->new_ns & CLONE_NEWTIME))
		return err_set(e, EINVAL, "linux.timeOffsets: the clocks of a time namespace that is joined by path "
			       "cannot be set: leave them out, or the path");
	if ((b->joined_ns & CLONE_NEWUSER) && !b->facts->privileged)
		return err_set(e, EPERM, "linux.timeOffsets: without root, the clocks cannot be set in a user "
			       "namespace that is joined by path");
	return 0;
}

/* The maps of init's own level: below outer's namespace every id of the container maps to itself. */
static int identity(struct build *b, const struct plan_id_map *map, struct plan_id_map *ret, struct err *e)
{
	struct oci_id_mapping *same = arena_array(b->plan->arena, map->len, sizeof *same);

	if (!same)
		return err_oom(e);
	for (size_t i = 0; i < map->len; i++) {
		same[i] = map->ranges[i];
		same[i].host_id = same[i].container_id;
	}
	*ret = (struct plan_id_map){ same, map->len };
	return 0;
}

/* The map is written by the process that needs it, or by another one while it waits. */
static void add_map(struct build *b, const struct op_id_map *m, enum plan_stage self, enum plan_stage other)
{
	if (m->how != ID_MAP_SELF)
		plan_add(b->plan, self, OP_CALL, NULL)->call = other;
	plan_add(b->plan, m->how == ID_MAP_SELF ? self : other, OP_ID_MAP, "linux.uidMappings")->id_map = *m;
}

static int map_ids(struct build *b, struct err *e)
{
	const struct plan_facts *f = b->facts;
	uint32_t host_uid = 0, host_gid = 0;
	struct op_id_map m;

	choose_maps(b);
	m = (struct op_id_map){ b->uids, b->gids, ID_MAP_HELPERS };
	if (f->privileged)
		m.how = ID_MAP_DIRECT;
	else if (maps_caller_only(b))
		m.how = ID_MAP_SELF;
	b->setgroups_denied = f->setgroups_denied || m.how == ID_MAP_SELF;
	b->container_root_mapped = plan_maps_id(&b->uids, 0, &host_uid) && plan_maps_id(&b->gids, 0, &host_gid);

	bool outer = b->plan->outer_userns;
	enum plan_stage self = outer ? STAGE_OUTER : STAGE_INIT, other = outer ? STAGE_FOR_OUTER : STAGE_FOR_INIT;
	add_map(b, &m, self, other);
	if (b->container_root_mapped && (host_uid != f->euid || host_gid != f->egid)) {
		plan_add(b->plan, self, OP_SET_IDS, NULL)->set_ids = (struct op_set_ids){ 0, 0 };
		/* What only the caller can reach must be opened while we are the caller. */
		b->sources_by_slot = f->privileged;
	}
	if (!b->lock)
		return 0;
	int r = identity(b, &b->uids, &m.uids, e);
	if (r == 0)
		r = identity(b, &b->gids, &m.gids, e);
	if (r < 0)
		return r;
	m.how = m.how == ID_MAP_SELF ? ID_MAP_SELF : ID_MAP_DIRECT;
	add_map(b, &m, STAGE_INIT, STAGE_FOR_INIT);
	return 0;
}

/* Outer's own user namespace, where it makes one: the first of two levels, or the container's. */
static void add_outer_userns(struct build *b)
{
	uint64_t own = CLONE_NEWUSER | (b->lock ? CLONE_NEWNS : 0);
	struct plan *p = b->plan;

	p->outer_userns = b->lock || (wants_offsets(b) && (b->new_ns & CLONE_NEWUSER));
	if (!p->outer_userns)
		return;
	p->has_outer = true;
	if (b->joined_ns)
		plan_add(p, STAGE_OUTER, OP_UNSHARE, NULL)->unshare.flags = own;
	else
		p->outer_flags = own;
	if (!b->lock)
		p->init_flags &= ~(uint64_t)CLONE_NEWUSER;
}

/* Before the ids change: after that, the files of outer in /proc are root's. */
static void add_offsets(struct build *b)
{
	if (!wants_offsets(b))
		return;
	plan_add(b->plan, STAGE_OUTER, OP_UNSHARE, NULL)->unshare.flags = CLONE_NEWTIME;
	plan_add(b->plan, STAGE_OUTER, OP_TIME_OFFSETS,
		 "linux.timeOffsets")->time_offsets = b->spec->linux->time_offsets;
	b->plan->init_flags &= ~(uint64_t)CLONE_NEWTIME;
}

static int add_sysctls(struct build *b, const struct oci_string_map *map, struct err *e)
{
	struct plan *p = b->plan;

	for (size_t i = 0; map && i < map->len; i++) {
		const char *where = plan_text(p, "linux.sysctl.\"%s\"", map->keys[i]);
		char *path = arena_alloc(p->arena, strlen(map->keys[i]) + 1);
		int r = path ? spec_sysctl_path(map->keys[i], path, e) : err_oom(e);

		if (r < 0)
			return path ? err_prefix(e, "%s", where) : r;
		plan_add(p, STAGE_INIT, OP_SYSCTL, where)->sysctl = (struct op_sysctl){ path, map->values[i] };
	}
	return 0;
}

static int add_identity_of_container(struct build *b, struct err *e)
{
	const struct oci_spec *s = b->spec;
	struct plan *p = b->plan;

	if (b->new_ns & CLONE_NEWNET)
		plan_add(p, STAGE_INIT, OP_LOOPBACK, NULL);
	if (s->hostname)
		plan_add(p, STAGE_INIT, OP_HOSTNAME, "hostname")->text = s->hostname;
	if (s->domainname)
		plan_add(p, STAGE_INIT, OP_DOMAINNAME, "domainname")->text = s->domainname;
	return add_sysctls(b, s->linux ? s->linux->sysctl : NULL, e);
}

int plan_namespaces(struct build *b, struct err *e)
{
	struct plan *p = b->plan;
	int r = collect(b, e);

	if (r == 0)
		r = check_lock(b, e);
	if (r == 0)
		r = check_offsets(b, e);
	if (r < 0)
		return r;
	if ((b->new_ns & ~(uint64_t)CLONE_NEWUSER) && !(b->new_ns & CLONE_NEWUSER) && !(b->joined_ns & CLONE_NEWUSER) &&
	    !b->facts->privileged)
		return err_set(
			e, EPERM,
			"linux.namespaces: without root, new namespaces need a user namespace: add "
			"{\"type\": \"user\"} with uidMappings and gidMappings (see `cloister spec --rootless`)");

	p->init_flags = b->new_ns;
	b->container_root_mapped = true;
	b->setgroups_denied = b->facts->setgroups_denied;
	add_outer_userns(b);
	add_offsets(b);
	if (b->new_ns & CLONE_NEWUSER) {
		r = map_ids(b, e);
	} else if (b->joined_ns & CLONE_NEWUSER) {
		plan_add(p, STAGE_INIT, OP_SET_IDS, "linux.namespaces")->set_ids = (struct op_set_ids){ 0, 0 };
		/* Who that is outside, nobody has told us: not the one who can reach the sources. */
		b->sources_by_slot = b->facts->privileged;
	}
	if (r < 0)
		return r;
	if (plan_has_cgroup(p) && (p->init_flags & CLONE_NEWCGROUP)) {
		/* clone3 roots a new cgroup namespace at the parent's cgroup, not at the one it puts the child into. */
		p->init_flags &= ~(uint64_t)CLONE_NEWCGROUP;
		plan_add(p, STAGE_INIT, OP_UNSHARE, NULL)->unshare.flags = CLONE_NEWCGROUP;
	}
	if (b->options->new_keyring) {
		plan_key_label(b, STAGE_INIT);
		plan_add(p, STAGE_INIT, OP_KEYRING, NULL)->text = plan_text(p, "_ses.%s", b->options->id);
	}
	r = plan_net_devices(b, e);
	if (r < 0)
		return r;
	return add_identity_of_container(b, e);
}
