/* Why: config-linux.md, Control groups and what else limits a container; shared with `update`. */
#include <string.h>

#include "spec/check.h"
#include "spec/validate.h"

int check_list(const char *list, const char *name, struct err *e)
{
	if (list && list[strspn(list, "0123456789, -")])
		return err_set(e, EINVAL, "%s: \"%s\" is not a list like 0-3,7", name, list);
	return 0;
}

/* "2MB": a number without leading zero and K, M or G, then B. */
static bool is_page_size(const char *size)
{
	size_t digits = strspn(size, "0123456789");

	return digits > 0 && size[0] != '0' && size[digits] && strchr("KMG", size[digits]) &&
	       strcmp(size + digits + 1, "B") == 0;
}

static int check_pages(const struct oci_resources *r, struct err *e)
{
	for (size_t i = 0; i < r->hugepage_limits_len; i++)
		if (!is_page_size(r->hugepage_limits[i].page_size))
			return err_set(e, EINVAL,
				       "hugepageLimits[%zu].pageSize: \"%s\" is not a size like 64KB, 2MB or 1GB", i,
				       r->hugepage_limits[i].page_size);
	return 0;
}

/* The keys are names of files in the container's cgroup. */
static int check_unified(const struct oci_string_map *unified, struct err *e)
{
	for (size_t i = 0; unified && i < unified->len; i++) {
		const char *key = unified->keys[i];

		if (!strchr(key, '.') || strchr(key, '/') || strstr(key, "..") || key[0] == '.')
			return err_set(e, EINVAL, "unified[\"%s\"]: is no file of a cgroup, like memory.high", key);
	}
	return 0;
}

static int check_cpu(const struct oci_cpu *c, struct err *e)
{
	int r;

	if (!c)
		return 0;
	if (c->idle < 0 || c->idle > 1)
		return err_set(e, EINVAL, "idle: %lld is neither 0 nor 1", (long long)c->idle);
	r = check_list(c->cpus, "cpus", e);
	return r < 0 ? r : check_list(c->mems, "mems", e);
}

/* Limits of memory are sizes, or -1 for none; 0, which engines write, is as good as absent. */
static int check_memory(const struct oci_memory *m, struct err *e)
{
	const struct {
		const char *name;
		int64_t value;
	} limits[] = {
		{ "limit", m ? m->limit : 0 }, { "reservation", m ? m->reservation : 0 }, { "swap", m ? m->swap : 0 },
		{ "kernel", m ? m->kernel : 0 }, { "kernelTCP", m ? m->kernel_tcp : 0 },
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
		if (limits[i].value < -1)
			return err_set(e, EINVAL, "memory.%s: %lld is neither a size nor -1, which is none",
				       limits[i].name, (long long)limits[i].value);
	if (m && m->swappiness > 100)
		return err_set(e, EINVAL, "memory.swappiness: %llu is out of range, which is 0 to 100",
			       (unsigned long long)m->swappiness);
	return 0;
}

static int check_weight(const char *what, unsigned weight, struct err *e)
{
	if (weight == 0 || (weight >= 10 && weight <= 1000))
		return 0;
	return err_set(e, EINVAL, "%s: %u is out of range, which is 10 to 1000", what, weight);
}

static int check_device_number(int64_t major, int64_t minor, struct err *e)
{
	if (major >= 0 && minor >= 0)
		return 0;
	return err_set(e, EINVAL, "%lld:%lld is no device", (long long)major, (long long)minor);
}

static int check_throttle(const char *name, const struct oci_block_io_throttle *list, size_t len, struct err *e)
{
	for (size_t i = 0; i < len; i++)
		if (check_device_number(list[i].major, list[i].minor, e) < 0)
			return err_prefix(e, "%s[%zu]", name, i);
	return 0;
}

static int check_block_io(const struct oci_block_io *b, struct err *e)
{
	int r = b ? check_weight("weight", b->weight, e) : 0;

	for (size_t i = 0; b && i < b->weight_device_len && r == 0; i++) {
		const struct oci_block_io_weight *d = &b->weight_device[i];

		r = check_device_number(d->major, d->minor, e);
		if (r == 0 && !d->has_weight && !d->has_leaf_weight)
			r = err_set(e, EINVAL, "has neither a weight nor a leafWeight");
		if (r == 0)
			r = check_weight("weight", d->weight, e);
		if (r < 0)
			return err_prefix(e, "weightDevice[%zu]", i);
	}
	if (b && r == 0)
		r = check_throttle("throttleReadBpsDevice", b->throttle_read_bps_device,
				   b->throttle_read_bps_device_len, e);
	if (b && r == 0)
		r = check_throttle("throttleWriteBpsDevice", b->throttle_write_bps_device,
				   b->throttle_write_bps_device_len, e);
	if (b && r == 0)
		r = check_throttle("throttleReadIOPSDevice", b->throttle_read_iops_device,
				   b->throttle_read_iops_device_len, e);
	if (b && r == 0)
		r = check_throttle("throttleWriteIOPSDevice", b->throttle_write_iops_device,
				   b->throttle_write_iops_device_len, e);
	return r;
}

/* The name becomes the first word of a line. */
static int check_rdma(const struct oci_rdma_map *map, struct err *e)
{
	for (size_t i = 0; map && i < map->len; i++) {
		const char *name = map->keys[i];

		if (!*name || name[strcspn(name, " \t\n")])
			return err_set(e, EINVAL, "rdma[\"%s\"]: is no name of a device", name);
		if (!map->values[i].has_hca_handles && !map->values[i].has_hca_objects)
			return err_set(e, EINVAL, "rdma[\"%s\"]: has neither hcaHandles nor hcaObjects", name);
	}
	return 0;
}

int spec_validate_resources(const struct oci_resources *r, struct err *e)
{
	int result = check_device_rules(r, e);

	if (result == 0)
		result = check_pages(r, e);
	if (result == 0)
		result = check_unified(r->unified, e);
	if (result == 0)
		result = check_rdma(r->rdma, e);
	if (result == 0)
		result = check_memory(r->memory, e);
	if (result < 0)
		return result;
	if (check_block_io(r->block_io, e) < 0)
		return spec_err_in(e, "blockIO");
	return check_cpu(r->cpu, e) < 0 ? spec_err_in(e, "cpu") : 0;
}

/* set_mempolicy(2) */
int check_memory_policy(const struct oci_memory_policy *p, struct err *e)
{
	bool fixed = false, relative = false;

	if (!p)
		return 0;
	if (!p->mode)
		return err_set(e, EINVAL, "memoryPolicy.mode: is missing");
	for (size_t i = 0; i < p->flags_len; i++) {
		fixed |= p->flags[i] == OCI_MEMORY_POLICY_FLAG_MPOL_F_STATIC_NODES;
		relative |= p->flags[i] == OCI_MEMORY_POLICY_FLAG_MPOL_F_RELATIVE_NODES;
	}
	if (fixed && relative)
		return err_set(e, EINVAL,
			       "memoryPolicy.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return check_list(p->nodes, "memoryPolicy.nodes", e);
}

int check_intel_rdt(const struct oci_intel_rdt *r, struct err *e)
{
	if (!r)
		return 0;
	/* It becomes the name of a directory; "/" is the default group. */
	if (is_given(r->clos_id) && strcmp(r->clos_id, "/") != 0 &&
	    (strchr(r->clos_id, '/') || strcmp(r->clos_id, ".") == 0 || strcmp(r->clos_id, "..") == 0))
		return err_set(e, EINVAL, "intelRdt.closID: \"%s\" is no directory name", r->clos_id);
	if (is_given(r->mem_bw_schema) && (strncmp(r->mem_bw_schema, "MB:", 3) != 0 || strchr(r->mem_bw_schema, '\n')))
		return err_set(e, EINVAL, "intelRdt.memBwSchema: \"%s\" is not one line that begins with MB:",
			       r->mem_bw_schema);
	for (size_t i = 0; i < r->schemata_len; i++)
		if (strchr(r->schemata[i], '\n'))
			return err_set(e, EINVAL, "intelRdt.schemata[%zu]: holds more than one line", i);
	return 0;
}
