/* Why: the rules of user_namespaces(7) for a map of ids, told before the kernel says a bare EINVAL. */
#include "spec/check.h"

/* What the kernel takes: UID_GID_MAP_MAX_EXTENTS. */
enum { MAPPINGS_MAX = 340 };

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

/* The last id, 4294967295, means "no id" and cannot be mapped. */
static bool fits(uint32_t first, uint32_t size)
{
	return (uint64_t)first + size <= UINT32_MAX;
}

static int check_one(const struct oci_id_mapping *m, struct err *e)
{
	if (m->size == 0)
		return err_set(e, EINVAL, "size: is 0");
	if (!fits(m->container_id, m->size))
		return err_set(e, EINVAL, "containerID: %u ids from %u on go past the last possible id", m->size,
			       m->container_id);
	if (!fits(m->host_id, m->size))
		return err_set(e, EINVAL, "hostID: %u ids from %u on go past the last possible id", m->size,
			       m->host_id);
	return 0;
}

int check_mappings(const struct oci_id_mapping *mappings, size_t len, const char *name, struct err *e)
{
	if (len > MAPPINGS_MAX)
		return err_set(e, EINVAL, "%s: has %zu entries, the kernel takes at most %d", name, len, MAPPINGS_MAX);
	for (size_t i = 0; i < len; i++) {
		const struct oci_id_mapping *m = &mappings[i];

		if (check_one(m, e) < 0)
			return spec_err_in(e, "%s[%zu]", name, i);
		for (size_t k = 0; k < i; k++) {
			const struct oci_id_mapping *o = &mappings[k];

			if (overlap(m->container_id, m->size, o->container_id, o->size))
				return err_set(e, EINVAL, "%s[%zu].containerID: overlaps with %s[%zu]", name, i, name,
					       k);
			if (overlap(m->host_id, m->size, o->host_id, o->size))
				return err_set(e, EINVAL, "%s[%zu].hostID: overlaps with %s[%zu]", name, i, name, k);
		}
	}
	return 0;
}
