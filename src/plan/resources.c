/*
 * Why: linux.resources was written for version 1 of cgroups. What each limit is in version 2 is decided here: a value
 * for a file, which `cloister plan` shows. What version 2 does not have is refused.
 */
#include "plan/resources.h"

#include <inttypes.h>
#include <string.h>

#include "plan/build.h"

#define PREFIX "linux.resources."

static struct limit *add(struct limits *l, const char *where, const char *file)
{
	static struct limit lost;
	struct limit *limit = arena_push(l->plan->arena, &l->items, &l->len, sizeof *limit);

	if (!limit) {
		l->plan->failed = true;
		limit = &lost;
		*limit = (struct limit){ 0 };
	}
	limit->where = where;
	limit->index = -1;
	limit->write.file = file;
	return limit;
}

struct op_cgroup_write *limit_add(struct limits *l, const char *where, const char *file, const char *format, ...)
{
	struct limit *limit = add(l, where, file);
	va_list ap;

	va_start(ap, format);
	limit->write.value = arena_vprintf(l->plan->arena, format, ap);
	va_end(ap);
	l->plan->failed |= !limit->write.value;
	return &limit->write;
}

struct op_cgroup_write *limit_add_element(struct limits *l, const char *where, size_t index, const char *file,
					  const char *value)
{
	struct limit *limit = add(l, where, file);

	limit->index = (int)index;
	limit->write.value = value;
	return &limit->write;
}

/* The kernel takes 0, which means as much as 1: nobody can fork. systemd does not. */
static void limit_pids(struct limits *l)
{
	const struct oci_pids *p = l->asked->pids;

	if (p && p->has_limit && p->limit < 0)
		limit_add(l, "pids.limit", "pids.max", "max")->if_there = true;
	else if (p && p->has_limit)
		limit_add(l, "pids.limit", "pids.max", "%" PRId64, p->limit ? p->limit : 1);
}

/* Both what is in use and, where the kernel counts it, what is reserved, since a reservation can always be used. */
static void limit_hugepages(struct limits *l)
{
	const struct oci_resources *r = l->asked;

	for (size_t i = 0; i < r->hugepage_limits_len; i++) {
		const struct oci_hugepage_limit *h = &r->hugepage_limits[i];
		const char *bytes = plan_text(l->plan, "%" PRIu64, h->limit);

		limit_add_element(l, "hugepageLimits", i, plan_text(l->plan, "hugetlb.%s.max", h->page_size), bytes);
		limit_add_element(l, "hugepageLimits", i, plan_text(l->plan, "hugetlb.%s.rsvd.max", h->page_size),
				  bytes)
			->if_there = true;
	}
}

static void limit_rdma(struct limits *l)
{
	const struct oci_rdma_map *map = l->asked->rdma;

	for (size_t i = 0; map && i < map->len; i++) {
		const struct oci_rdma *r = &map->values[i];
		const char *handles = r->has_hca_handles ? plan_text(l->plan, " hca_handle=%u", r->hca_handles) : "";
		const char *objects = r->has_hca_objects ? plan_text(l->plan, " hca_object=%u", r->hca_objects) : "";

		limit_add(l, plan_text(l->plan, "rdma[\"%s\"]", map->keys[i]), "rdma.max", "%s%s%s", map->keys[i],
			  handles, objects);
	}
}

/* A file with a line for each device takes one line at a time. An empty line says nothing, but an empty text does. */
static void limit_unified(struct limits *l)
{
	const struct oci_string_map *map = l->asked->unified;

	for (size_t i = 0; map && i < map->len; i++) {
		const char *where = plan_text(l->plan, "unified[\"%s\"]", map->keys[i]), *text = map->values[i];

		if (!*text)
			limit_add(l, where, map->keys[i], "%s", "");
		for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
			if (*text != '\n')
				limit_add(l, where, map->keys[i], "%.*s", (int)strcspn(text, "\n"), text);
	}
}

static int collect(struct limits *l, struct err *e)
{
	const struct oci_network *network = l->asked->network;
	int r = limit_memory(l, e);

	if (network && (network->class_id || network->priorities_len))
		return err_set(e, ENOTSUP,
			       "network: cgroup version 2 has no classes and priorities of packets: a "
			       "filter of nftables can match the cgroup");
	if (r == 0)
		r = limit_cpu(l, e);
	limit_pids(l);
	if (r == 0)
		r = limit_block_io(l, e);
	limit_hugepages(l);
	limit_rdma(l);
	/* Last, so that it decides where both say something. */
	limit_unified(l);
	return r;
}

/* ---- controllers ---- */

/* "memory" of "memory.max"; what every cgroup has belongs to none. */
static size_t controller_len(const char *file)
{
	size_t len = strcspn(file, ".");

	return len == 6 && strncmp(file, "cgroup", 6) == 0 ? 0 : len;
}

static bool has_word(const char *list, const char *word, size_t len)
{
	for (; *list; list += strcspn(list, " "), list += *list == ' ')
		if (strcspn(list, " ") == len && strncmp(list, word, len) == 0)
			return true;
	return false;
}

static int refuse_missing(const struct plan_facts *facts, const struct limit *limit, size_t len, struct err *e)
{
	const char *file = limit->write.file, *v1 = facts->v1_controllers ? facts->v1_controllers : "";
	int n = (int)len;

	/* io is what version 1 calls blkio. */
	if (has_word(v1, file, len) || (len == 2 && strncmp(file, "io", 2) == 0 && has_word(v1, "blkio", 5)))
		return err_set(e, ENODEV,
			       "%s: the controller %.*s is in version 1 of cgroups on this host, and only "
			       "version 2 is supported: boot with cgroup_no_v1=%.*s, or under systemd with "
			       "systemd.unified_cgroup_hierarchy=1",
			       limit->where, n, file, n, file);
	return err_set(e, ENODEV,
		       "%s: this host has no cgroup controller %.*s: the kernel must be built with it, and "
		       "not booted with cgroup_disable=%.*s",
		       limit->where, n, file, n, file);
}

/* The controllers that must be there, as a list. The names come out of the files', so a wrong file is a wrong name. */
static int find_controllers(struct limits *l, const struct plan_facts *facts, const char **ret, struct err *e)
{
	const char *list = "";

	for (size_t i = 0; i < l->len; i++) {
		const char *file = l->items[i].write.file;
		size_t len = controller_len(file);

		if (len == 0 || l->items[i].write.if_there || has_word(list, file, len))
			continue;
		if (facts->controllers && !has_word(facts->controllers, file, len))
			return refuse_missing(facts, &l->items[i], len, e);
		list = plan_text(l->plan, "%s%s%.*s", list, *list ? " " : "", (int)len, file);
	}
	*ret = list;
	return 0;
}

/* The path of the first that cannot be left out; NULL: all are where there is no cgroup at all. */
static const char *first_needed(const struct limits *l)
{
	for (size_t i = 0; i < l->len; i++)
		if (!l->items[i].write.if_there)
			return l->items[i].where;
	return NULL;
}

/* ---- the plan ---- */

/*
 * How many processes there may be, and what is done to the cgroup itself (frozen, say), concerns the container's
 * program and not those who set it up.
 */
static enum plan_stage stage_of(const struct limits *l, const char *file)
{
	bool late = str_has_prefix(file, "pids.") || str_has_prefix(file, "cgroup.");

	return late && !l->update ? STAGE_READY : l->stage;
}

static void emit(struct limits *l, const char *prefix, const char *controllers)
{
	struct plan *p = l->plan;

	if (*controllers)
		plan_add(p, l->stage, OP_CGROUP_CONTROLLERS, "linux.resources")->text = controllers;
	if (l->fits)
		plan_add(p, l->stage, OP_CGROUP_FITS, plan_text(p, "%smemory.limit", prefix))->fits = l->fits;
	for (size_t i = 0; i < l->len; i++) {
		const struct limit *limit = &l->items[i];
		enum plan_stage stage = stage_of(l, limit->write.file);
		struct op *op = plan_add(p, stage, OP_CGROUP_WRITE, plan_text(p, "%s%s", prefix, limit->where));

		op->index = limit->index;
		op->cgroup_write = limit->write;
	}
}

static int check_cgroup(const struct build *b, const struct limits *l, struct err *e)
{
	const char *needed = first_needed(l);

	if (needed && b->options->cgroup_manager == CGROUP_MANAGER_DISABLED)
		return err_set(e, ENOTSUP,
			       "%s: a limit needs a cgroup, and with --cgroup-manager disabled the "
			       "container has none of its own",
			       needed);
	if (needed && !b->facts->own_cgroup)
		return err_set(e, ENODEV,
			       "%s: a limit needs a cgroup2 file system, and this host has none mounted: "
			       "mount -t cgroup2 cgroup2 /sys/fs/cgroup",
			       needed);
	return 0;
}

static int collect_all(struct build *b, struct limits *l, const char **ret_controllers, struct err *e)
{
	int r = collect(l, e);

	if (r == 0)
		r = check_cgroup(b, l, e);
	if (r == 0)
		r = find_controllers(l, b->facts, ret_controllers, e);
	if (r < 0) {
		const struct err inner = *e;

		err_set(e, inner.num, PREFIX "%s", inner.text);
	}
	return r;
}

int plan_resources(struct build *b, struct err *e)
{
	const struct oci_resources *r = b->spec->linux ? b->spec->linux->resources : NULL;
	struct limits l = { .plan = b->plan, .all = r, .asked = r, .stage = b->cgroup_stage };
	const char *controllers;
	int result = r ? collect_all(b, &l, &controllers, e) : 0;

	if (result < 0 || !r || !plan_has_cgroup(b->plan))
		return result;
	/* One that the caller may not make can no longer be left out. */
	for (size_t i = 0; i < b->plan->len && first_needed(&l); i++) {
		struct op *op = &b->plan->ops[i];

		if (op->type == OP_CGROUP && !op->cgroup.required) {
			op->cgroup.required = true;
			op->where = "linux.resources";
		}
	}
	emit(&l, PREFIX, controllers);
	return 0;
}

int plan_build_update(struct arena *a, const struct plan_update *u, const struct plan_facts *facts, struct plan *ret,
		      struct err *e)
{
	struct limits l = { .plan = ret, .all = u->all, .asked = u->asked, .update = true, .stage = STAGE_RUNTIME };
	const char *controllers;
	int r;

	*ret = (struct plan){ .arena = a, .cgroup_path = u->cgroup_path };
	r = collect(&l, e);
	if (r == 0 && !u->cgroup_path && first_needed(&l))
		r = err_set(e, ENODEV, "%s: the container has no cgroup of its own", first_needed(&l));
	if (r == 0)
		r = find_controllers(&l, facts, &controllers, e);
	if (r < 0)
		return r;
	if (u->cgroup_path)
		emit(&l, "", controllers);
	/* Last, since its old lines are not put back: it takes all or none. */
	if (u->rdt)
		r = plan_rdt_update(ret, u->id, u->rdt, e);
	if (r < 0)
		return r;
	return ret->failed || arena_failed(a) ? err_oom(e) : 0;
}
