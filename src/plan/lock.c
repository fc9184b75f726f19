/*
 * Why: which mounts move up into outer, where what is mounted is locked for the container (see namespace.c), and how a
 * thousand of them become one group.
 */
#include <linux/mount.h>
#include <string.h>

#include "plan/mount.h"

static bool is_store(const struct build *b, const struct mount_entry *m)
{
	return b->store && strcmp(m->dest, b->store) == 0;
}

/* An earlier mount that stays behind and meets this one: above it, below it or at it; NULL: there is none. */
static const struct mount_entry *in_the_way(const struct mounts_unmoved *u, const struct mount_entry *m)
{
	for (size_t i = 0; i < u->len; i++)
		if (path_is_below(m->dest, u->items[i]->dest) || path_is_below(u->items[i]->dest, m->dest))
			return u->items[i];
	return NULL;
}

/*
 * A read-only bind is moved before the others, unless that would change what covers what. A store path must be locked;
 * another file, such as one below the container's /tmp, is then as well protected as under any other runtime.
 *
 * A bind of the store itself, in which a build puts its outputs, is moved even if it is writable: store paths lie on
 * it.
 */
int mount_decide_lock(const struct build *b, struct mounts_unmoved *u, struct mount_entry *m, struct err *e)
{
	bool read_only = (m->options.attrs.set | m->options.attrs.rec_set) & MOUNT_ATTR_RDONLY;
	const struct mount_entry *other = NULL;

	if (m->options.bind && !m->options.remount && (read_only || is_store(b, m))) {
		other = in_the_way(u, m);
		m->locked = !other;
	}
	if (m->locked)
		return 0;
	if (other && (!b->store || path_is_below(m->dest, b->store)))
		return err_set(e, EINVAL,
			       "mounts[%zu]: %s cannot be locked, because mounts[%zu] at %s comes before it: list the "
			       "store first",
			       m->index, m->dest, other->index, other->dest);
	u->items[u->len++] = m;
	return 0;
}

static bool same_attrs(const struct mount_attrs *x, const struct mount_attrs *y)
{
	return x->set == y->set && x->clear == y->clear && x->rec_set == y->rec_set && x->rec_clear == y->rec_clear &&
	       x->propagation == y->propagation && x->propagation_rec == y->propagation_rec;
}

static size_t parent_len(const char *dest)
{
	return (size_t)(strrchr(dest, '/') - dest);
}

static bool groups_with(const struct mount_entry *first, const struct mount_entry *m)
{
	size_t n = parent_len(first->dest);

	return m->locked && parent_len(m->dest) == n && strncmp(first->dest, m->dest, n) == 0 &&
	       same_attrs(&first->options.attrs, &m->options.attrs);
}

/*
 * A run of binds with one parent directory and the same attributes is a group: their directory becomes a mount, and
 * one recursive mount_setattr(2) does for a thousand store paths what otherwise takes a thousand. Propagation and
 * clearing stay out of it: the directory itself would get them too.
 */
static size_t group_len(const struct mount_entry *entries, size_t len, const char *store)
{
	const struct mount_attrs *t = &entries[0].options.attrs;
	size_t n = 1;

	/* What lies on a bind of the store is no group: the attributes would be that mount's as well. */
	if (store && parent_len(entries[0].dest) == strlen(store) &&
	    strncmp(entries[0].dest, store, strlen(store)) == 0)
		return 1;
	if (parent_len(entries[0].dest) == 0 || t->clear || t->rec_set || t->rec_clear || t->propagation)
		return 1;
	while (n < len && groups_with(&entries[0], &entries[n]))
		n++;
	return n;
}

void mount_add_locked(struct build *b, const struct mount_entry *entries, size_t len)
{
	struct plan *p = b->plan;
	const char *store = NULL;

	for (size_t i = 0; i < len;) {
		if (!entries[i].locked) {
			i++;
			continue;
		}
		if (is_store(b, &entries[i]))
			store = b->store;
		size_t n = group_len(entries + i, len - i, store);
		const char *dir = plan_text(p, "%.*s", (int)parent_len(entries[i].dest), entries[i].dest);

		if (n > 1)
			plan_add_element(p, STAGE_OUTER, OP_GROUP_BEGIN, "mounts", i)->group.dir = dir;
		for (size_t k = 0; k < n; k++) {
			mount_add_bind(b, &entries[i + k], STAGE_OUTER);
			if (n > 1 && !p->failed) {
				struct op_bind *bind = &p->ops[p->len - 1].bind;
				bind->attrs = (struct mount_attrs){ 0 };
				bind->in_group = true;
			}
		}
		if (n > 1)
			plan_add_element(p, STAGE_OUTER, OP_GROUP_END, "mounts", i)->group =
				(struct op_group){ dir, entries[i].options.attrs };
		i += n;
	}
}
