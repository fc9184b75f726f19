/*
 * Why: the file system, in the order of config.md: root, then the mounts as they are listed, then what the container
 * must not see. With run.cloister.lock, read-only binds are moved up into outer (see namespace.c), where order allows.
 */
#include <linux/mount.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "base/log.h"
#include "plan/build.h"
#include "plan/mount.h"

const char *plan_clean_path(struct plan *p, const char *path)
{
	char *out = arena_alloc(p->arena, strlen(path) + 2);
	size_t len = 0;

	if (!out) {
		p->failed = true;
		return "/";
	}
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && path[0] == '.' && path[1] == '.') {
			while (len > 0 && out[--len] != '/')
				;
		} else if (n > 0 && !(n == 1 && path[0] == '.')) {
			out[len++] = '/';
			memcpy(out + len, path, n);
			len += n;
		}
		path += n + (path[n] == '/');
	}
	if (len == 0)
		out[len++] = '/';
	out[len] = '\0';
	return out;
}

static const char *host_path(struct build *b, const char *path)
{
	return path[0] == '/' ? path : plan_text(b->plan, "%s/%s", b->facts->bundle, path);
}

/* Which mounts are mapped, and whether they can be: mount_setattr(2), "ID-mapped mounts". */
static int check_idmap(const struct build *b, struct mount_entry *m, struct err *e)
{
	/*
	 * config.md wants one of the options, to stop runtimes that do not know the mappings; without, all is the
	 * same.
	 */
	m->options.idmap |= m->mount->uid_mappings_len > 0;
	if (!m->options.idmap)
		return 0;
	if (!m->options.bind)
		return err_set(e, EINVAL, "mounts[%zu]: only a bind mount can be id-mapped", m->index);
	if (!b->facts->privileged)
		return err_set(e, EPERM, "mounts[%zu]: to map the ids of %s takes root in the user namespace that "
			       "mounted its file system: without root, leave idmap and the mappings out",
			       m->index, m->mount->source);
	return 0;
}

/* It becomes the root, for all mounts that follow. */
static int check_new_root(const struct build *b, const struct mount_entry *m, struct err *e)
{
	if (b->lock)
		return err_set(e, EINVAL,
			       "mounts[%zu]: with run.cloister.lock nothing can be mounted on the root itself: use "
			       "root.path",
			       m->index);
	if (m->options.copy_up)
		return err_set(e, EINVAL, "mounts[%zu]: tmpcopyup: the root cannot be copied up into itself", m->index);
	return 0;
}

static int read_entries(struct build *b, struct mount_entry *entries, struct err *e)
{
	const struct oci_spec *s = b->spec;
	struct mounts_unmoved unmoved = { .items = arena_array(b->plan->arena, s->mounts_len, sizeof *unmoved.items) };

	if (!unmoved.items)
		return err_oom(e);
	for (size_t i = 0; i < s->mounts_len; i++) {
		struct mount_entry *m = &entries[i];
		int r;

		m->mount = &s->mounts[i];
		m->index = i;
		m->dest = plan_clean_path(b->plan, m->mount->destination);
		r = mount_options_parse(b->plan->arena, m->mount->options, m->mount->options_len, &m->options, e);
		if (r < 0)
			return err_prefix(e, "mounts[%zu]", i);
		/* runc and crun take the type "bind" for the option as well. */
		if (m->mount->type && strcmp(m->mount->type, "bind") == 0)
			m->options.bind = true;
		if (strcmp(m->dest, "/") == 0 && !m->options.remount) {
			r = check_new_root(b, m, e);
			if (r < 0)
				return r;
		}
		if (m->options.bind && (!m->mount->source || !*m->mount->source))
			return err_set(e, EINVAL, "mounts[%zu]: a bind mount of %s needs a source", m->index, m->dest);
		if (!m->options.bind && !m->options.remount && (!m->mount->type || !*m->mount->type))
			return err_set(e, EINVAL, "mounts[%zu]: %s has neither a type nor the option bind or rbind",
				       m->index, m->dest);
		if (m->options.copy_up && (!m->mount->type || strcmp(m->mount->type, "tmpfs") != 0))
			return err_set(e, EINVAL, "mounts[%zu]: tmpcopyup is for a tmpfs only", m->index);
		r = check_idmap(b, m, e);
		if (r < 0)
			return r;
		r = plan_closure_meets(b, i, m->dest, e);
		if (r < 0)
			return r;
		if (b->lock_binds) {
			r = mount_decide_lock(b, &unmoved, m, e);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static bool same_map(const struct plan_id_map *x, const struct plan_id_map *y)
{
	if (x->len != y->len)
		return false;
	for (size_t i = 0; i < x->len; i++)
		if (x->ranges[i].container_id != y->ranges[i].container_id ||
		    x->ranges[i].host_id != y->ranges[i].host_id ||
		    x->ranges[i].size != y->ranges[i].size)
			return false;
	return true;
}

static const char *joined_userns(const struct build *b)
{
	const struct oci_linux *l = b->spec->linux;

	for (size_t i = 0; (b->joined_ns & CLONE_NEWUSER) && i < l->namespaces_len; i++)
		if (l->namespaces[i].type == OCI_NAMESPACE_TYPE_USER)
			return l->namespaces[i].path;
	return NULL;
}

/* The namespace that maps a mount: one for all that are mapped alike. By default with the container's own mapping. */
static const struct op_userns *userns_for(struct build *b, const struct mount_entry *m)
{
	struct op_userns want = { .slot = b->plan->slots }, *added;
	struct plan *p = b->plan;

	if (m->mount->uid_mappings_len > 0) {
		want.uids = (struct plan_id_map){ m->mount->uid_mappings, m->mount->uid_mappings_len };
		want.gids = (struct plan_id_map){ m->mount->gid_mappings, m->mount->gid_mappings_len };
	} else if (joined_userns(b)) {
		want.path = joined_userns(b);
	} else {
		want.uids = b->uids;
		want.gids = b->gids;
	}
	for (size_t i = 0; i < p->len; i++) {
		const struct op_userns *have = p->ops[i].userns;

		if (p->ops[i].type == OP_USERNS && have->path == want.path && same_map(&have->uids, &want.uids) &&
		    same_map(&have->gids, &want.gids))
			return have;
	}
	added = arena_alloc(p->arena, sizeof *added);
	if (!added) {
		p->failed = true;
		return NULL;
	}
	*added = want;
	p->slots++;
	plan_add_element(p, STAGE_RUNTIME, OP_USERNS, "mounts", m->index)->userns = added;
	return added;
}

static uint64_t root_propagation(const struct build *b)
{
	enum oci_rootfs_propagation want = b->spec->linux ? b->spec->linux->rootfs_propagation : 0;

	switch (want) {
	case OCI_ROOTFS_PROPAGATION_PRIVATE:
	case OCI_ROOTFS_PROPAGATION_RPRIVATE:
		return MS_PRIVATE;
	case OCI_ROOTFS_PROPAGATION_SHARED:
	case OCI_ROOTFS_PROPAGATION_RSHARED:
		return MS_SHARED;
	case OCI_ROOTFS_PROPAGATION_UNBINDABLE:
	case OCI_ROOTFS_PROPAGATION_RUNBINDABLE:
		return MS_UNBINDABLE;
	default:
		return MS_SLAVE;
	}
}

/*
 * What PROPAGATION does to all mounts in the container's namespace, for a source that is cloned outside of it. And what
 * the kernel does when it copies mounts for another user namespace (mount_namespaces(7)): they become slaves, so that
 * nothing that the container mounts below them appears on the host.
 */
static uint64_t source_propagation(const struct build *b)
{
	uint64_t propagation = root_propagation(b);

	if (propagation == MS_UNBINDABLE)
		return MS_PRIVATE;
	if (propagation == MS_SHARED && ((b->new_ns | b->joined_ns) & CLONE_NEWUSER))
		return MS_SLAVE | MS_SHARED;
	return propagation;
}

void mount_add_bind(struct build *b, const struct mount_entry *m, enum plan_stage stage)
{
	struct plan *p = b->plan;
	const char *source = host_path(b, m->mount->source);
	size_t slot = PLAN_NO_SLOT;

	if (b->sources_by_slot || m->options.idmap) {
		const struct op_userns *idmap = m->options.idmap ? userns_for(b, m) : NULL;

		slot = p->slots++;
		plan_add_element(p, STAGE_RUNTIME, OP_OPEN_TREE, "mounts", m->index)->open_tree = (struct op_open_tree){
			source, slot, m->options.recursive, m->options.source_nofollow, source_propagation(b),
			idmap, m->options.idmap_recursive,
		};
	}
	plan_add_element(p, stage, OP_BIND, "mounts", m->index)->bind = (struct op_bind){
		.source = source,
		.dest = m->dest,
		.slot = slot,
		.attrs = m->options.attrs,
		.recursive = m->options.recursive,
		.source_nofollow = m->options.source_nofollow,
		.dest_nofollow = m->options.dest_nofollow,
	};
}

static bool is_cgroup(const struct mount_entry *m)
{
	return strcmp(m->mount->type, "cgroup") == 0 || strcmp(m->mount->type, "cgroup2") == 0;
}

static int add_mount(struct build *b, const struct mount_entry *m, struct err *e)
{
	struct plan *p = b->plan;
	bool cgroup = is_cgroup(m);
	struct op_mount op = {
		.fstype = cgroup ? "cgroup2" : m->mount->type,
		.source = m->mount->source ? m->mount->source : m->mount->type,
		.dest = m->dest,
		.options = m->options.fs_options,
		.attrs = m->options.attrs,
		.copy_up = m->options.copy_up,
		.dest_nofollow = m->options.dest_nofollow,
	};

	if (cgroup && !b->facts->own_cgroup)
		return err_set(e, ENODEV,
			       "mounts[%zu]: this host has no cgroup2 file system mounted, and version 1 is not "
			       "supported: mount one "
			       "(mount -t cgroup2 cgroup2 /sys/fs/cgroup)",
			       m->index);
	if (cgroup && !((b->new_ns | b->joined_ns) & CLONE_NEWCGROUP))
		op.cgroup_path = p->unit ? "" : p->cgroup_path ? p->cgroup_path : b->facts->own_cgroup;
	plan_label_mount(b, &op);
	if (strcmp(m->dest, "/dev") == 0 && (op.attrs.set & MOUNT_ATTR_RDONLY)) {
		op.attrs.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		b->dev_readonly = true;
	}
	plan_add_element(p, STAGE_INIT, cgroup ? OP_CGROUP_MOUNT : OP_MOUNT, "mounts", m->index)->mount = op;
	return 0;
}

static int add_entry(struct build *b, const struct mount_entry *m, struct err *e)
{
	if (m->options.bind && m->options.fs_only)
		log_warning("mounts[%zu]: '%s' is an option of a file system and has no effect on a bind mount",
			    m->index, m->options.fs_only);
	if (m->options.remount) {
		plan_add_element(b->plan, STAGE_INIT, OP_REMOUNT, "mounts", m->index)->remount =
			(struct op_remount){ m->dest, m->options.attrs };
		return 0;
	}
	if (m->options.bind) {
		mount_add_bind(b, m, STAGE_INIT);
		return 0;
	}
	return add_mount(b, m, e);
}

/* By default the root is private, whatever runtimes have in common beyond that: the host's mounts stay outside. */
static bool wants_slave_root(const struct build *b)
{
	enum oci_rootfs_propagation want = b->spec->linux ? b->spec->linux->rootfs_propagation : 0;

	return want == OCI_ROOTFS_PROPAGATION_SLAVE || want == OCI_ROOTFS_PROPAGATION_RSLAVE;
}

static void add_rootfs(struct build *b)
{
	struct plan *p = b->plan;
	const char *path = host_path(b, b->spec->root->path);
	uint64_t propagation = root_propagation(b);
	bool slave = wants_slave_root(b);
	size_t slot = PLAN_NO_SLOT;

	/* An unbindable tree could not be bound below the new root; that propagation is set last, by PIVOT. */
	plan_add(p, b->lock ? STAGE_OUTER : STAGE_INIT, OP_PROPAGATION, "linux.rootfsPropagation")->propagation =
		propagation == MS_UNBINDABLE ? MS_PRIVATE : propagation;
	if (b->sources_by_slot) {
		slot = p->slots++;
		plan_add(p, STAGE_RUNTIME, OP_OPEN_TREE, "root.path")->open_tree =
			(struct op_open_tree){ .path = path, .slot = slot, .recursive = true,
					       .propagation = source_propagation(b) };
	}
	if (b->lock) {
		plan_add(p, STAGE_OUTER, OP_ROOTFS, "root.path")->rootfs =
			(struct op_rootfs){ path, slot, slave, .open_only = slot == PLAN_NO_SLOT };
		plan_add(p, STAGE_INIT, OP_ROOTFS, "root.path")->rootfs =
			(struct op_rootfs){ NULL, PLAN_NO_SLOT, slave, false };
	} else {
		plan_add(p, STAGE_INIT, OP_ROOTFS, "root.path")->rootfs =
			(struct op_rootfs){ path, slot, slave, false };
	}
}

static void add_hooks(struct build *b, enum plan_stage stage, enum hook_kind kind, const struct oci_hook *hooks,
		      size_t len)
{
	static const char *const where[] = {
		[HOOK_PRESTART] = "hooks.prestart",
		[HOOK_CREATE_RUNTIME] = "hooks.createRuntime",
		[HOOK_CREATE_CONTAINER] = "hooks.createContainer",
	};

	if (len)
		plan_add(b->plan, stage, OP_HOOKS, where[kind])->hooks = (struct op_hooks){ kind, hooks, len };
}

/* runtime.md, "Lifecycle" 3 to 5: once everything is mounted, before the root is changed. */
static void add_create_hooks(struct build *b)
{
	const struct oci_hooks *h = b->spec->hooks;

	if (!h)
		return;
	if (h->prestart_len || h->create_runtime_len)
		plan_add(b->plan, STAGE_INIT, OP_CALL, NULL)->call = STAGE_HOOKS;
	add_hooks(b, STAGE_HOOKS, HOOK_PRESTART, h->prestart, h->prestart_len);
	add_hooks(b, STAGE_HOOKS, HOOK_CREATE_RUNTIME, h->create_runtime, h->create_runtime_len);
	add_hooks(b, STAGE_INIT, HOOK_CREATE_CONTAINER, h->create_container, h->create_container_len);
}

/* What an image may lack; as other runtimes do. OP_CWD says it if there is none in the end. */
static void add_working_directory(struct build *b)
{
	const struct oci_process *process = b->spec->process;
	const char *dir = process && process->cwd ? plan_clean_path(b->plan, process->cwd) : "/";

	if (strcmp(dir, "/") != 0)
		plan_add(b->plan, STAGE_INIT, OP_DIRECTORY, "process.cwd")->text = dir;
}

static int check_joined(struct build *b, struct err *e)
{
	const struct oci_spec *s = b->spec;
	const char *what = s->mounts_len ? "mounts"
		: s->root && s->root->readonly ? "root.readonly"
		: s->linux && s->linux->masked_paths_len ? "linux.maskedPaths"
		: s->linux && s->linux->readonly_paths_len ? "linux.readonlyPaths"
		: s->linux && s->linux->devices_len ? "linux.devices" : NULL;

	if (what)
		return err_set(
			e, EINVAL,
			"%s: cannot be applied in a mount namespace that is joined by path, whose owner has made its "
			"mounts: leave it out",
			what);
	return 0;
}

int plan_mounts(struct build *b, struct err *e)
{
	const struct oci_spec *s = b->spec;
	struct mount_entry *entries;
	int r;

	if (b->joined_ns & CLONE_NEWNS) {
		r = check_joined(b, e);
		if (r == 0)
			add_create_hooks(b);
		return r;
	}
	if (!s->root || !s->root->path)
		return err_set(e, EINVAL, "root: is missing: it names the container's root file system");
	entries = arena_array(b->plan->arena, s->mounts_len, sizeof *entries);
	if (!entries)
		return err_oom(e);
	r = read_entries(b, entries, e);
	if (r < 0)
		return r;
	add_rootfs(b);
	plan_closure(b);
	mount_add_locked(b, entries, s->mounts_len);
	for (size_t i = 0; i < s->mounts_len; i++) {
		r = entries[i].locked ? 0 : add_entry(b, &entries[i], e);
		if (r < 0)
			return r;
	}
	r = plan_devices(b, e);
	if (r < 0)
		return r;
	add_working_directory(b);
	/* Only now is everything in it. */
	if (b->dev_readonly)
		plan_add(b->plan, STAGE_INIT, OP_REMOUNT, "mounts")->remount =
			(struct op_remount){ "/dev", { .set = MOUNT_ATTR_RDONLY } };
	add_create_hooks(b);
	r = plan_masks(b, e);
	if (r < 0)
		return r;
	if (s->root->readonly)
		plan_add(b->plan, STAGE_INIT, OP_ROOT_READONLY, "root.readonly");
	plan_add(b->plan, STAGE_INIT, OP_PIVOT, NULL)->propagation =
		root_propagation(b) == MS_SLAVE ? 0 : root_propagation(b);
	return 0;
}
