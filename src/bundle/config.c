/*
 * Why: one place decides what a bundle's sandbox is. The store comes first in `mounts`, before anything that could be
 * mounted over it; and everything read-only is marked (run.cloister.lock) so that cloister locks it against the
 * container even if that has all capabilities.
 */
#include "bundle/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "bundle/build_config.h"
#include "bundle/place.h"

#define ARRAY_LEN(x) (sizeof(x) / sizeof *(x))

static const char *const store_options[] = { "bind", "ro", "nosuid", "nodev", NULL };

static const struct {
	const char *destination, *type;
	const char *options[7];
	enum { ALL, BUILD, NO_BUILD, OWN_NETWORK } who;
} api_mounts[] = {
	{ "/proc", "proc", { "nosuid", "noexec", "nodev" }, ALL },
	{ "/dev", "tmpfs", { "nosuid", "noexec", "strictatime", "mode=755", "size=65536k" }, ALL },
	{ "/dev/pts", "devpts", { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" }, ALL },
	{ "/dev/shm", "tmpfs", { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" }, NO_BUILD },
	/* builders run what they put there, and fill it with more */
	{ "/dev/shm", "tmpfs", { "nosuid", "nodev", "mode=1777", "size=50%" }, BUILD },
	{ "/dev/mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, NO_BUILD },
	/* it shows a network, so the kernel lets only the network's owner mount it */
	{ "/sys", "sysfs", { "nosuid", "noexec", "nodev", "ro" }, OWN_NETWORK },
	{ "/tmp", "tmpfs", { "nosuid", "nodev", "mode=1777" }, NO_BUILD },
};

static const char *const masked_paths[] = {
	"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
	"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap", NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* The structs take `char **`, for what the reader fills; nothing writes through it. */
static char **words(const char *const *list, size_t *ret_len)
{
	size_t n = 0;

	while (list[n])
		n++;
	*ret_len = n;
	return (char **)list;
}

static struct oci_mount *add_mount(struct arena *a, struct oci_spec *s, const char *destination, const char *type,
				   const char *source)
{
	struct oci_mount *m = arena_push(a, &s->mounts, &s->mounts_len, sizeof *m);

	if (m)
		*m = (struct oci_mount){ .destination = arena_strdup(a, destination), .type = arena_strdup(a, type),
					 .source = arena_strdup(a, source) };
	return m;
}

/* A build puts its outputs where its inputs are, which are mounted over it. */
static void add_output_store(struct arena *a, const struct recipe *r, const char *dir, struct oci_spec *s)
{
	static const char *const options[] = { "bind", "rw", "nosuid", "nodev", NULL };
	struct oci_mount *m = add_mount(a, s, r->store->dir, "bind", arena_printf(a, "%s/store", dir));

	if (m)
		m->options = words(options, &m->options_len);
}

/* A link among the store's paths is part of the skeleton: a bind would follow it. See skeleton.c. */
static int add_store(struct arena *a, const struct recipe *r, struct oci_spec *s, struct err *e)
{
	for (size_t i = 0; i < r->closure.len; i++) {
		char *source = store_physical(a, r->store, r->closure.items[i]);
		struct oci_mount *m;
		struct stat st;

		if (!source)
			return err_oom(e);
		if (lstat(source, &st) < 0)
			return err_sys(e, errno, "store path %s", source);
		if (S_ISLNK(st.st_mode))
			continue;
		m = add_mount(a, s, r->closure.items[i], "bind", source);
		if (!m)
			return err_oom(e);
		m->options = words(store_options, &m->options_len);
	}
	return 0;
}

static void add_api_mounts(struct arena *a, const struct recipe *r, struct oci_spec *s)
{
	for (size_t i = 0; i < ARRAY_LEN(api_mounts); i++) {
		bool build = api_mounts[i].who == BUILD, not_build = api_mounts[i].who >= NO_BUILD;
		struct oci_mount *m;

		if (place_exists(r, api_mounts[i].destination) || (r->build ? not_build : build) ||
		    (api_mounts[i].who == OWN_NETWORK && r->host_network))
			continue;
		m = add_mount(a, s, api_mounts[i].destination, api_mounts[i].type, api_mounts[i].type);
		if (m)
			m->options = words(api_mounts[i].options, &m->options_len);
	}
}

/* rbind: a user namespace may not take a folder without what is mounted below it. So read-only goes down as well. */
static void add_places(struct arena *a, const struct recipe *r, const char *dir, bool first, struct oci_spec *s)
{
	for (size_t i = 0; i < r->places_len; i++) {
		const struct recipe_place *p = &r->places[i];
		const char **options = arena_array(a, 6, sizeof *options), *source;
		struct oci_mount *m;
		size_t n = 0;

		if (place_comes_first(r, i) != first)
			continue;
		source = p->source ? p->source : arena_printf(a, "%s/writable%s", dir, p->destination);
		if (!p->source && p->build)
			source = arena_printf(a, "%s/build", dir);
		m = source ? add_mount(a, s, p->destination, "bind", source) : NULL;
		if (!m || !options)
			return;
		options[n++] = p->directory ? "rbind" : "bind";
		options[n++] = p->writable ? "rw" : "ro";
		if (!p->writable && p->directory)
			options[n++] = "rro";
		options[n++] = "nosuid";
		if (!p->device)
			options[n++] = "nodev";
		m->options = words(options, &m->options_len);
	}
}

static struct oci_process *make_process(struct arena *a, const struct recipe *r)
{
	struct oci_process *p = arena_alloc(a, sizeof *p);
	struct oci_user *user = arena_alloc(a, sizeof *user);
	struct oci_capabilities *none = arena_alloc(a, sizeof *none);
	char **empty = arena_array(a, 1, sizeof *empty);

	if (!p || !user || !none || !empty)
		return NULL;
	*user = (struct oci_user){ .uid = r->uid, .has_uid = true, .gid = r->gid, .has_gid = true };
	*none = (struct oci_capabilities){
		.bounding = empty, .effective = empty, .inheritable = empty, .permitted = empty, .ambient = empty
	};
	*p = (struct oci_process){
		.terminal = r->terminal, .has_terminal = r->terminal, .user = user, .capabilities = none,
		.args = r->args, .args_len = r->args_len, .env = r->env, .env_len = r->env_len,
		.cwd = arena_strdup(a, r->cwd), .no_new_privileges = true, .has_no_new_privileges = true,
	};
	return p;
}

static struct oci_id_mapping *map_one(struct arena *a, uint32_t inside, uint32_t outside)
{
	struct oci_id_mapping *m = arena_alloc(a, sizeof *m);

	if (m)
		*m = (struct oci_id_mapping){ .container_id = inside, .host_id = outside, .size = 1 };
	return m;
}

static void add_namespaces(struct arena *a, const struct recipe *r, struct oci_linux *l)
{
	static const enum oci_namespace_type types[] = {
		OCI_NAMESPACE_TYPE_USER, OCI_NAMESPACE_TYPE_MOUNT, OCI_NAMESPACE_TYPE_PID, OCI_NAMESPACE_TYPE_IPC,
		OCI_NAMESPACE_TYPE_UTS, OCI_NAMESPACE_TYPE_CGROUP, OCI_NAMESPACE_TYPE_NETWORK,
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		struct oci_namespace *n;

		if (types[i] == OCI_NAMESPACE_TYPE_NETWORK && r->host_network)
			continue;
		n = arena_push(a, &l->namespaces, &l->namespaces_len, sizeof *n);
		if (n)
			n->type = types[i];
	}
}

static struct oci_linux *make_linux(struct arena *a, const struct recipe *r)
{
	struct oci_linux *l = arena_alloc(a, sizeof *l);

	if (!l)
		return NULL;
	add_namespaces(a, r, l);
	l->uid_mappings = map_one(a, r->uid, geteuid());
	l->gid_mappings = map_one(a, r->gid, getegid());
	l->uid_mappings_len = l->gid_mappings_len = 1;
	/*
	 * A builder may make containers of its own, which the kernel refuses where parts of /proc are hidden; an
	 * ordinary user's can do nothing there. But root outside is the owner of /proc/sys.
	 */
	if (r->build && geteuid() != 0)
		return l;
	l->masked_paths = words(masked_paths, &l->masked_paths_len);
	l->readonly_paths = words(readonly_paths, &l->readonly_paths_len);
	return l;
}

static void annotate(struct oci_string_map *map, const char *key, const char *value)
{
	map->keys[map->len] = (char *)key;
	map->values[map->len++] = (char *)value;
}

static struct oci_string_map *make_annotations(struct arena *a, const struct recipe *r)
{
	struct oci_string_map *map = arena_alloc(a, sizeof *map);

	if (!map)
		return NULL;
	map->keys = arena_array(a, 4, sizeof *map->keys);
	map->values = arena_array(a, 4, sizeof *map->values);
	if (!map->keys || !map->values)
		return NULL;
	annotate(map, "run.cloister.store", r->store->dir);
	annotate(map, "run.cloister.lock", "true");
	if (r->build && r->build->arg0)
		annotate(map, "run.cloister.arg0", r->build->arg0);
	if (r->build && r->build->no_randomize)
		annotate(map, "run.cloister.personality", "ADDR_NO_RANDOMIZE");
	return map;
}

int bundle_config(struct arena *a, const struct recipe *r, const char *dir, struct oci_spec **ret, struct err *e)
{
	struct oci_spec *s = arena_alloc(a, sizeof *s);
	struct oci_root *root = arena_alloc(a, sizeof *root);
	int result;

	if (!s || !root)
		return err_oom(e);
	*root = (struct oci_root){ .path = arena_strdup(a, "rootfs"), .readonly = true, .has_readonly = true };
	/* 1.0.2: the oldest version that has all that is used here, for the oldest runtimes. */
	s->oci_version = arena_strdup(a, "1.0.2");
	s->root = root;
	s->process = make_process(a, r);
	s->hostname = arena_strdup(a, r->hostname);
	if (r->build)
		add_output_store(a, r, dir, s);
	result = add_store(a, r, s, e);
	if (result < 0)
		return result;
	add_places(a, r, dir, true, s);
	add_api_mounts(a, r, s);
	add_places(a, r, dir, false, s);
	s->annotations = make_annotations(a, r);
	s->linux = make_linux(a, r);
	if (arena_failed(a))
		return err_oom(e);
	*ret = s;
	return r->build ? build_config(a, r->build, s, e) : 0;
}
