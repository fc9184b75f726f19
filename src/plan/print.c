/* Why: a plan is shown to people (`cloister plan`) and compared in golden files, so its text is stable. */
#include <linux/mount.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "plan/capability.h"
#include "plan/closure.h"
#include "plan/device_filter.h"
#include "plan/plan.h"
#include "plan/seccomp.h"

struct flag_name {
	uint64_t flag;
	const char *name;
};

static const struct flag_name namespace_names[] = {
	{ CLONE_NEWUSER, "user" }, { CLONE_NEWNS, "mount" }, { CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "network" },
	{ CLONE_NEWIPC, "ipc" }, { CLONE_NEWUTS, "uts" }, { CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
	{ 0, NULL },
};

static const struct flag_name attr_names[] = {
	{ MOUNT_ATTR_RDONLY, "ro" }, { MOUNT_ATTR_NOSUID, "nosuid" }, { MOUNT_ATTR_NODEV, "nodev" },
	{ MOUNT_ATTR_NOEXEC, "noexec" }, { MOUNT_ATTR_NOATIME, "noatime" }, { MOUNT_ATTR_STRICTATIME, "strictatime" },
	{ MOUNT_ATTR_NODIRATIME, "nodiratime" }, { MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow" }, { 0, NULL },
};

static void add_flags(struct str *out, const struct flag_name *names, uint64_t flags, const char *prefix)
{
	for (; names->name; names++)
		if (flags & names->flag)
			str_addf(out, " %s%s", prefix, names->name);
}

static const char *propagation_name(uint64_t flags)
{
	return flags == MS_SHARED ? "shared" : flags == MS_SLAVE ? "slave" : flags == MS_UNBINDABLE ? "unbindable"
		: flags == MS_PRIVATE ? "private" : "unchanged";
}

/* A changed access-time field with no value set is relatime, whose bits are 0. */
static void add_attr_set(struct str *out, uint64_t set, uint64_t clear, const char *prefix)
{
	add_flags(out, attr_names, set, prefix);
	if ((clear & MOUNT_ATTR__ATIME) && !(set & MOUNT_ATTR__ATIME))
		str_addf(out, " %srelatime", prefix);
}

static void add_attrs(struct str *out, const struct mount_attrs *t)
{
	add_attr_set(out, t->set, t->clear, "+");
	add_flags(out, attr_names, t->clear & ~(uint64_t)MOUNT_ATTR__ATIME, "-");
	add_attr_set(out, t->rec_set, t->rec_clear, "++");
	add_flags(out, attr_names, t->rec_clear & ~(uint64_t)MOUNT_ATTR__ATIME, "--");
	if (t->propagation)
		str_addf(out, " %s%s", t->propagation_rec ? "r" : "", propagation_name(t->propagation));
}

/* Quoted like a C string where it holds anything but plain characters, so that a line stays a line. */
static void add_word(struct str *out, const char *text)
{
	bool plain = *text != '\0';

	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '"' || *c == '\\' || *c == 0x7f)
			plain = false;
	if (plain) {
		str_addf(out, " %s", text);
		return;
	}
	str_add(out, " \"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_addf(out, "\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			str_addf(out, "\\x%02x", (unsigned char)*text);
		else
			str_addc(out, *text);
	}
	str_addc(out, '"');
}

static void add_words(struct str *out, char *const *words)
{
	for (; words && *words; words++)
		add_word(out, *words);
}

static void add_map(struct str *out, const char *name, const struct plan_id_map *m)
{
	str_addf(out, " %s", name);
	for (size_t i = 0; i < m->len; i++)
		str_addf(out, "%s%u:%u:%u", i ? "," : "=", m->ranges[i].container_id, m->ranges[i].host_id,
			 m->ranges[i].size);
}

static void add_id_map(struct str *out, const struct op_id_map *m)
{
	static const char *const how[] = {
		[ID_MAP_SELF] = "self", [ID_MAP_DIRECT] = "direct", [ID_MAP_HELPERS] = "newuidmap",
	};

	str_addf(out, " %s", how[m->how]);
	add_map(out, "uid", &m->uids);
	add_map(out, "gid", &m->gids);
}

static void add_slot(struct str *out, size_t slot)
{
	if (slot != PLAN_NO_SLOT)
		str_addf(out, " slot=%zu", slot);
}

static void add_userns(struct str *out, const struct op_userns *u)
{
	if (u->path) {
		add_word(out, u->path);
	} else {
		add_map(out, "uid", &u->uids);
		add_map(out, "gid", &u->gids);
	}
	add_slot(out, u->slot);
}

static void add_cgroup_write(struct str *out, const struct op_cgroup_write *w)
{
	add_word(out, w->file);
	add_word(out, w->value);
	if (w->else_file) {
		str_add(out, " else");
		add_word(out, w->else_file);
		add_word(out, w->else_value);
	}
	str_add(out, w->if_there ? " if-there" : "");
}

static void add_unit(struct str *out, const struct plan_unit *unit)
{
	add_word(out, unit->name);
	str_addf(out, " in %s of %s", unit->slice, unit->user ? "user" : "system");
	for (size_t i = 0; i < unit->words_len; i++)
		add_word(out, unit->words[i]);
}

static void add_rdt(struct str *out, const struct op_rdt *r)
{
	static const char *const make[] = {
		[RDT_MAKE_OWN] = "own", [RDT_MAKE_OR_COMPARE] = "make-or-compare", [RDT_MUST_EXIST] = "must-exist",
	};

	add_word(out, r->group);
	str_addf(out, " %s", make[r->make]);
	for (size_t i = 0; i < r->lines_len; i++)
		add_word(out, r->lines[i]);
	if (r->monitor)
		str_addf(out, " monitor=%s", r->monitor);
}

static void add_open_tree(struct str *out, const struct op_open_tree *t)
{
	add_word(out, t->path);
	str_add(out, t->recursive ? " rbind" : "");
	str_add(out, t->nofollow ? " src-nofollow" : "");
	if (t->idmap)
		str_addf(out, " %s=%zu", t->idmap_recursive ? "ridmap" : "idmap", t->idmap->slot);
	add_slot(out, t->slot);
	str_add(out, t->propagation & MS_SLAVE ? " rslave" : "");
	if (t->propagation & ~(uint64_t)MS_SLAVE)
		str_addf(out, " r%s", propagation_name(t->propagation & ~(uint64_t)MS_SLAVE));
}

static void add_store(struct str *out, const struct op_store *s)
{
	add_word(out, s->dir);
	for (size_t i = 0; i < s->len; i++)
		if (s->paths[i].kind == CLOSURE_LINK) {
			add_word(out, s->paths[i].path);
			add_word(out, s->paths[i].target);
		}
	if (s->label)
		str_addf(out, " label=%s", s->label);
}

static void add_bind(struct str *out, const struct op_bind *b)
{
	add_word(out, b->source);
	add_word(out, b->dest);
	str_add(out, b->recursive ? " rbind" : "");
	str_add(out, b->source_nofollow ? " src-nofollow" : "");
	str_add(out, b->dest_nofollow ? " dest-nofollow" : "");
	add_slot(out, b->slot);
	add_attrs(out, &b->attrs);
}

static void add_mount(struct str *out, const struct op_mount *m)
{
	add_word(out, m->fstype);
	add_word(out, m->dest);
	if (m->cgroup_path)
		str_addf(out, " of=%s", *m->cgroup_path ? m->cgroup_path : "its-own");
	str_add(out, m->copy_up ? " tmpcopyup" : "");
	str_add(out, m->dest_nofollow ? " dest-nofollow" : "");
	add_words(out, m->options);
	if (m->label)
		str_addf(out, " label=%s", m->label);
	add_attrs(out, &m->attrs);
}

static void add_device(struct str *out, const struct op_device *d)
{
	char type = S_ISBLK(d->mode) ? 'b' : S_ISFIFO(d->mode) ? 'p' : 'c';

	add_word(out, d->path);
	str_addf(out, " %c %u:%u", type, d->major, d->minor);
	if (d->node)
		str_addf(out, " node=%s", d->node);
	if (d->bind_from)
		str_add(out, " bind");
	else
		str_addf(out, " mode=%03o owner=%u:%u", (unsigned)d->mode & 07777, d->uid, d->gid);
}

static void add_caps(struct str *out, const char *name, uint64_t caps)
{
	bool any = false;

	str_addf(out, " %s=", name);
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++) {
		if (!(caps & CAPABILITY_BIT(i)))
			continue;
		str_addf(out, "%s%s", any ? "," : "", capability_name(i));
		any = true;
	}
}

static void add_user(struct str *out, const struct op_user *u)
{
	str_addf(out, " %u:%u", u->uid, u->gid);
	if (!u->set_groups)
		str_add(out, " groups-unchanged");
	for (size_t i = 0; i < u->groups_len; i++)
		str_addf(out, "%s%u", i ? "," : " groups=", u->groups[i]);
}

static void add_join(struct str *out, const struct op_join *j)
{
	for (size_t i = 0; i < j->len; i++) {
		str_addf(out, " %s=", oci_namespace_type_name(j->items[i].type));
		str_add(out, j->items[i].path);
	}
}

static void add_rootfs(struct str *out, const struct op_rootfs *r)
{
	add_word(out, r->path ? r->path : ".");
	str_add(out, r->open_only ? " open-only" : r->slave ? " slave" : "");
	add_slot(out, r->slot);
}

static void add_hooks(struct str *out, const struct op_hooks *h)
{
	for (size_t i = 0; i < h->len; i++)
		add_word(out, h->hooks[i].path);
}

static void add_rlimit(struct str *out, const struct op_rlimit *r)
{
	str_addf(out, " %s %llu %llu", r->name, (unsigned long long)r->soft, (unsigned long long)r->hard);
}

static void add_scheduler(struct str *out, const struct op_scheduler *s)
{
	str_addf(out, " %s nice=%d priority=%u", oci_scheduler_policy_name(s->config->policy), s->nice, s->priority);
	if (s->runtime || s->deadline || s->period)
		str_addf(out, " runtime=%llu deadline=%llu period=%llu", (unsigned long long)s->runtime,
			 (unsigned long long)s->deadline, (unsigned long long)s->period);
	for (size_t i = 0; i < s->config->flags_len; i++)
		str_addf(out, " %s", oci_scheduler_flag_name(s->config->flags[i]));
}

static void add_memory_policy(struct str *out, const struct op_memory_policy *m)
{
	str_addf(out, " %s", oci_memory_policy_mode_name(m->config->mode));
	if (m->has_nodes)
		add_word(out, m->config->nodes);
	for (size_t i = 0; i < m->config->flags_len; i++)
		str_addf(out, " %s", oci_memory_policy_flag_name(m->config->flags[i]));
}

static void add_time_offset(struct str *out, const char *clock, const struct oci_time_offset *t)
{
	if (t)
		str_addf(out, " %s=%lld,%u", clock, (long long)t->secs, t->nanosecs);
}

static void add_arguments(struct str *out, const struct op *op)
{
	switch (op->type) {
	case OP_CGROUP:
		str_addf(out, " %s%s", op->cgroup.path, op->cgroup.required ? " required" : "");
		break;
	case OP_UNIT:
	case OP_UNIT_SET:
		add_unit(out, op->unit);
		break;
	case OP_CGROUP_CONTROLLERS:
		str_addf(out, " %s", op->text);
		break;
	case OP_CGROUP_FITS:
		str_addf(out, " memory.current < %llu", (unsigned long long)op->fits);
		break;
	case OP_CGROUP_WRITE:
		add_cgroup_write(out, &op->cgroup_write);
		break;
	case OP_DEVICE_FILTER:
		plan_device_filter_print(op->device_filter, out);
		break;
	case OP_OPEN_TREE:
		add_open_tree(out, &op->open_tree);
		break;
	case OP_RDT_GROUP:
	case OP_RDT_SCHEMATA:
		add_rdt(out, op->rdt);
		break;
	case OP_RDT_TASK:
		add_word(out, op->rdt->monitor ? op->rdt->monitor : op->rdt->group);
		break;
	case OP_USERNS:
		add_userns(out, op->userns);
		break;
	case OP_SECCOMP_BUILD:
		plan_seccomp_print(op->seccomp, out);
		break;
	case OP_JOIN:
		add_join(out, &op->join);
		break;
	case OP_UNSHARE:
		add_flags(out, namespace_names, op->unshare.flags, "");
		break;
	case OP_ENTER:
		add_flags(out, namespace_names, op->enter, "");
		break;
	case OP_CPU_AFFINITY:
		add_word(out, *op->cpus->list ? op->cpus->list : "all");
		break;
	case OP_SESSION:
		str_add(out, op->session.terminal ? " terminal" : "");
		break;
	case OP_ID_MAP:
		add_id_map(out, &op->id_map);
		break;
	case OP_SET_IDS:
		str_addf(out, " %u:%u", op->set_ids.uid, op->set_ids.gid);
		break;
	case OP_OOM_SCORE:
		str_addf(out, " %d", op->oom_score);
		break;
	case OP_NET_DEVICE:
		add_word(out, op->net_device.name);
		add_word(out, op->net_device.new_name);
		break;
	case OP_SYSCTL:
		add_word(out, op->sysctl.key);
		add_word(out, op->sysctl.value);
		break;
	case OP_TIME_OFFSETS:
		add_time_offset(out, "monotonic", op->time_offsets->monotonic);
		add_time_offset(out, "boottime", op->time_offsets->boottime);
		break;
	case OP_PROPAGATION:
		str_addf(out, " r%s", propagation_name(op->propagation));
		break;
	case OP_PIVOT:
		if (op->propagation)
			str_addf(out, " %s", propagation_name(op->propagation));
		break;
	case OP_ROOTFS:
		add_rootfs(out, &op->rootfs);
		break;
	case OP_STORE:
		add_store(out, &op->store);
		break;
	case OP_GROUP_BEGIN:
	case OP_GROUP_END:
		add_word(out, op->group.dir);
		add_attrs(out, &op->group.attrs);
		break;
	case OP_BIND:
		add_bind(out, &op->bind);
		break;
	case OP_MOUNT:
	case OP_CGROUP_MOUNT:
		add_mount(out, &op->mount);
		break;
	case OP_REMOUNT:
		add_word(out, op->remount.dest);
		add_attrs(out, &op->remount.attrs);
		break;
	case OP_DEVICE:
	case OP_DEVICE_NODE:
		add_device(out, &op->device);
		break;
	case OP_SYMLINK:
		add_word(out, op->symlink.path);
		add_word(out, op->symlink.target);
		break;
	case OP_MASK:
	case OP_READONLY:
		add_words(out, op->mask.paths);
		if (op->mask.label)
			str_addf(out, " label=%s", op->mask.label);
		break;
	case OP_CONSOLE:
		str_addf(out, " owner=%u size=%ux%u%s", op->console.uid, op->console.columns, op->console.rows,
			 op->console.bind_console ? " /dev/console" : "");
		break;
	case OP_HOOKS:
		add_hooks(out, &op->hooks);
		break;
	case OP_CALL:
		str_addf(out, " %s", plan_stage_name(op->call));
		break;
	case OP_LABEL:
		str_addf(out, " %s", op->label.file);
		add_word(out, op->label.text);
		break;
	case OP_UMASK:
		str_addf(out, " %03o", (unsigned)op->mode);
		break;
	case OP_RLIMIT:
		add_rlimit(out, &op->rlimit);
		break;
	case OP_PERSONALITY:
		str_addf(out, " 0x%lx", op->personality);
		break;
	case OP_SCHEDULER:
		add_scheduler(out, &op->scheduler);
		break;
	case OP_IO_PRIORITY:
		str_addf(out, " %s %u", oci_io_priority_class_name(op->io_priority.class), op->io_priority.level);
		break;
	case OP_MEMORY_POLICY:
		add_memory_policy(out, op->memory_policy);
		break;
	case OP_USER:
		add_user(out, &op->user);
		break;
	case OP_BOUNDING:
		add_caps(out, "bounding", op->capabilities.bounding);
		break;
	case OP_CAPABILITIES:
		add_caps(out, "permitted", op->capabilities.permitted);
		add_caps(out, "effective", op->capabilities.effective);
		add_caps(out, "inheritable", op->capabilities.inheritable);
		add_caps(out, "ambient", op->capabilities.ambient);
		break;
	case OP_STREAMS:
		str_addf(out, " uid=%u gid=%u", op->user.uid, op->user.gid);
		break;
	case OP_HOME:
		str_addf(out, " uid=%u", op->user.uid);
		break;
	case OP_CLOSE_FDS:
		str_addf(out, " keep=%u", op->preserve);
		break;
	case OP_FIND_EXEC:
		if (op->exec.path)
			add_word(out, op->exec.path);
		break;
	case OP_EXEC:
		if (op->exec.args)
			add_words(out, op->exec.args);
		break;
	case OP_SECCOMP_LISTENER:
	case OP_KEYRING:
	case OP_HOSTNAME:
	case OP_DIRECTORY:
	case OP_DOMAINNAME:
	case OP_CWD:
		add_word(out, op->text);
		break;
	case OP_LOOPBACK:
	case OP_DEVICES_END:
	case OP_LISTEN_PID:
	case OP_ROOT_READONLY:
	case OP_NO_NEW_PRIVS:
	case OP_SECCOMP:
	case OP_LOOK_EXEC:
	case OP_FORK:
	case OP_COUNT:
		break;
	}
}

void plan_print_op(const struct op *op, struct str *out)
{
	str_add(out, plan_op_name(op->type));
	add_arguments(out, op);
}

void plan_print(const struct plan *p, struct str *out)
{
	for (enum plan_stage stage = 0; stage < STAGE_COUNT; stage++) {
		bool any = false;

		if (stage == STAGE_OUTER && p->has_outer && !p->exec) {
			str_add(out, "clone outer:");
			add_flags(out, namespace_names, p->outer_flags, "");
			str_addc(out, '\n');
		}
		for (size_t i = 0; i < p->len; i++) {
			if (p->ops[i].stage != stage)
				continue;
			if (!any)
				str_addf(out, "%s:\n", plan_stage_name(stage));
			any = true;
			str_add(out, "  ");
			plan_print_op(&p->ops[i], out);
			str_addc(out, '\n');
		}
		/* Where the clone of init stands in the order of things. */
		if (stage == STAGE_FOR_OUTER && !p->exec) {
			str_add(out, p->has_outer ? "clone init from outer:" : "clone init:");
			add_flags(out, namespace_names, p->init_flags, "");
			str_addc(out, '\n');
		}
	}
}
