/* Why: see merge.h. Engines send a whole structure of which most is 0, to change one limit. */
#include "spec/merge.h"

#include <string.h>

#include "spec/check.h"

/* The value of `asked` where it has one. */
#define TAKE(into, asked, field)                        \
	do {                                            \
		if ((asked)->field)                     \
			(into)->field = (asked)->field; \
	} while (0)
/* The same where a 0 counts, too. */
#define TAKE_ANY(into, asked, field)                    \
	do {                                            \
		if ((asked)->has_##field) {             \
			(into)->field = (asked)->field; \
			(into)->has_##field = true;     \
		}                                       \
	} while (0)

static void *copy(struct arena *a, const void *have, size_t size)
{
	void *made = arena_alloc(a, size);

	if (made && have)
		memcpy(made, have, size);
	return made;
}

static struct oci_memory *merge_memory(struct arena *a, const struct oci_memory *have, const struct oci_memory *asked)
{
	struct oci_memory *m = copy(a, have, sizeof *m);

	if (!m)
		return NULL;
	/* A limit for both does not outlive the one that it includes. */
	if (asked->limit < 0)
		m->swap = m->has_swap = 0;
	TAKE(m, asked, limit);
	TAKE(m, asked, reservation);
	TAKE(m, asked, swap);
	TAKE_ANY(m, asked, check_before_update);
	return m;
}

static struct oci_cpu *merge_cpu(struct arena *a, const struct oci_cpu *have, const struct oci_cpu *asked)
{
	struct oci_cpu *c = copy(a, have, sizeof *c);

	if (!c)
		return NULL;
	TAKE(c, asked, shares);
	TAKE(c, asked, quota);
	TAKE(c, asked, period);
	TAKE_ANY(c, asked, burst);
	TAKE_ANY(c, asked, idle);
	if (is_given(asked->cpus))
		c->cpus = asked->cpus;
	if (is_given(asked->mems))
		c->mems = asked->mems;
	return c;
}

static struct oci_pids *merge_pids(struct arena *a, const struct oci_pids *have, const struct oci_pids *asked)
{
	struct oci_pids *p = copy(a, have, sizeof *p);

	if (p)
		TAKE_ANY(p, asked, limit);
	return p;
}

/* ---- lists: those of `asked` replace those of the same key, and the others are added ---- */

typedef bool same_key(const void *x, const void *y);

static bool same_weight(const void *x, const void *y)
{
	const struct oci_block_io_weight *a = x, *b = y;

	return a->major == b->major && a->minor == b->minor;
}

static bool same_throttle(const void *x, const void *y)
{
	const struct oci_block_io_throttle *a = x, *b = y;

	return a->major == b->major && a->minor == b->minor;
}

static bool same_page(const void *x, const void *y)
{
	const struct oci_hugepage_limit *a = x, *b = y;

	return strcmp(a->page_size, b->page_size) == 0;
}

struct list {
	void *items;
	size_t len, size;
	same_key *same;
};

static void put(struct arena *a, struct list *l, const void *item)
{
	void *slot = NULL;

	for (size_t i = 0; i < l->len && !slot; i++)
		if (l->same((char *)l->items + i * l->size, item))
			slot = (char *)l->items + i * l->size;
	if (!slot)
		slot = arena_push(a, &l->items, &l->len, l->size);
	if (slot)
		memcpy(slot, item, l->size);
}

static void *merge_list(struct arena *a, struct list have, struct list asked, size_t *ret_len)
{
	struct list l = { .size = have.size, .same = have.same };

	for (size_t i = 0; i < have.len; i++)
		put(a, &l, (char *)have.items + i * l.size);
	for (size_t i = 0; i < asked.len; i++)
		put(a, &l, (char *)asked.items + i * l.size);
	*ret_len = l.len;
	return l.items;
}

#define MERGE_LIST(into, from, with, field, same)                                                               \
	(into)->field =                                                                                         \
		merge_list(a, (struct list){ (from)->field, (from)->field##_len, sizeof *(from)->field, same }, \
			   (struct list){ (with)->field, (with)->field##_len, 0, NULL }, &(into)->field##_len)

static struct oci_block_io *merge_block_io(struct arena *a, const struct oci_block_io *have,
					   const struct oci_block_io *asked)
{
	static const struct oci_block_io nothing;
	struct oci_block_io *b = copy(a, have, sizeof *b);

	if (!b)
		return NULL;
	have = have ? have : &nothing;
	TAKE(b, asked, weight);
	MERGE_LIST(b, have, asked, weight_device, same_weight);
	MERGE_LIST(b, have, asked, throttle_read_bps_device, same_throttle);
	MERGE_LIST(b, have, asked, throttle_write_bps_device, same_throttle);
	MERGE_LIST(b, have, asked, throttle_read_iops_device, same_throttle);
	MERGE_LIST(b, have, asked, throttle_write_iops_device, same_throttle);
	return b;
}

/* ---- maps ---- */

static size_t find_key(char *const *keys, size_t len, const char *key)
{
	size_t i = 0;

	while (i < len && strcmp(keys[i], key) != 0)
		i++;
	return i;
}

static struct oci_string_map *merge_unified(struct arena *a, const struct oci_string_map *have,
					    const struct oci_string_map *asked)
{
	struct oci_string_map *m = arena_alloc(a, sizeof *m);
	size_t old = have ? have->len : 0;

	if (!m)
		return NULL;
	m->keys = arena_array(a, old + asked->len, sizeof *m->keys);
	m->values = arena_array(a, old + asked->len, sizeof *m->values);
	if (!m->keys || !m->values)
		return NULL;
	for (size_t i = 0; i < old + asked->len; i++) {
		const struct oci_string_map *from = i < old ? have : asked;
		size_t j = i < old ? i : i - old, at = find_key(m->keys, m->len, from->keys[j]);

		m->keys[at] = from->keys[j];
		m->values[at] = from->values[j];
		m->len += at == m->len;
	}
	return m;
}

static struct oci_rdma_map *merge_rdma(struct arena *a, const struct oci_rdma_map *have,
				       const struct oci_rdma_map *asked)
{
	struct oci_rdma_map *m = arena_alloc(a, sizeof *m);
	size_t old = have ? have->len : 0;

	if (!m)
		return NULL;
	m->keys = arena_array(a, old + asked->len, sizeof *m->keys);
	m->values = arena_array(a, old + asked->len, sizeof *m->values);
	if (!m->keys || !m->values)
		return NULL;
	for (size_t i = 0; i < old + asked->len; i++) {
		const struct oci_rdma_map *from = i < old ? have : asked;
		size_t j = i < old ? i : i - old, at = find_key(m->keys, m->len, from->keys[j]);

		m->keys[at] = from->keys[j];
		TAKE_ANY(&m->values[at], &from->values[j], hca_handles);
		TAKE_ANY(&m->values[at], &from->values[j], hca_objects);
		m->len += at == m->len;
	}
	return m;
}

int spec_merge_resources(struct arena *a, const struct oci_resources *have, const struct oci_resources *asked,
			 struct oci_resources **ret, struct err *e)
{
	static const struct oci_resources nothing;
	struct oci_resources *r = copy(a, have, sizeof *r);

	if (!r)
		return err_oom(e);
	have = have ? have : &nothing;
	if (asked->memory)
		r->memory = merge_memory(a, have->memory, asked->memory);
	if (asked->cpu)
		r->cpu = merge_cpu(a, have->cpu, asked->cpu);
	if (asked->pids)
		r->pids = merge_pids(a, have->pids, asked->pids);
	if (asked->block_io)
		r->block_io = merge_block_io(a, have->block_io, asked->block_io);
	MERGE_LIST(r, have, asked, hugepage_limits, same_page);
	if (asked->rdma)
		r->rdma = merge_rdma(a, have->rdma, asked->rdma);
	if (asked->unified)
		r->unified = merge_unified(a, have->unified, asked->unified);
	*ret = r;
	return arena_failed(a) ? err_oom(e) : 0;
}

int spec_merge_rdt(struct arena *a, const struct oci_intel_rdt *have, const char *l3_cache, const char *mem_bw,
		   struct oci_intel_rdt **ret, struct err *e)
{
	struct oci_intel_rdt *r = copy(a, have, sizeof *r);

	if (!r)
		return err_oom(e);
	if (!have)
		return err_set(e, EINVAL, "option --%s: the container has no group of resctrl (linux.intelRdt)",
			       l3_cache ? "l3-cache-schema" : "mem-bw-schema");
	if (l3_cache && (strncmp(l3_cache, "L3", 2) != 0 || strchr(l3_cache, '\n')))
		return err_set(e, EINVAL, "option --l3-cache-schema: \"%s\" is not one line that begins with L3",
			       l3_cache);
	if (l3_cache)
		r->l3_cache_schema = (char *)l3_cache;
	if (mem_bw)
		r->mem_bw_schema = (char *)mem_bw;
	if (check_intel_rdt(r, e) < 0)
		return err_prefix(e, "option --mem-bw-schema");
	*ret = r;
	return 0;
}
