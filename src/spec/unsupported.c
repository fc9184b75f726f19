/* Why: see unsupported.h. One row per property, so that the list of what is missing is the code that refuses it. */
#include "spec/unsupported.h"

#include <stdio.h>
#include <string.h>

#include "spec/check.h"

struct row {
	const char *path;  /* "[]" stands for the index that the predicate returns */
	/* True if the config asks for it; *index is that of the first array element that does. s->linux is there. */
	bool (*asked)(const struct oci_spec *s, const struct spec_support *have, size_t *index);
};

#define ASKED(name)                                                                                       \
	static bool name(const struct oci_spec *s, const struct spec_support *have __attribute__((unused)), \
			 size_t *index __attribute__((unused)))

/* ---- linux.resources: a limit of 0, or of -1 where that means none, asks for nothing; engines write those ---- */

ASKED(unified)
{
	const struct oci_resources *r = s->linux->resources;

	return r && r->unified && r->unified->len > 0;
}

/* useHierarchy is how cgroup v2 always works. */
ASKED(memory)
{
	const struct oci_memory *m = s->linux->resources ? s->linux->resources->memory : NULL;

	return m && (m->limit > 0 || m->reservation > 0 || m->swap > 0 || m->kernel > 0 || m->kernel_tcp > 0 ||
		     m->swappiness > 0 || m->disable_oom_killer || m->check_before_update);
}

ASKED(cpu)
{
	const struct oci_cpu *c = s->linux->resources ? s->linux->resources->cpu : NULL;

	return c && (c->shares || c->quota > 0 || c->burst || c->period || c->realtime_runtime || c->realtime_period ||
		     is_given(c->cpus) || is_given(c->mems) || c->idle);
}

/* config-linux.md: here 0 is a limit like any other. */
ASKED(pids)
{
	const struct oci_pids *p = s->linux->resources ? s->linux->resources->pids : NULL;

	return p && p->has_limit && p->limit >= 0;
}

ASKED(block_io)
{
	const struct oci_block_io *b = s->linux->resources ? s->linux->resources->block_io : NULL;

	return b && (b->weight || b->leaf_weight || b->weight_device_len || b->throttle_read_bps_device_len ||
		     b->throttle_write_bps_device_len || b->throttle_read_iops_device_len ||
		     b->throttle_write_iops_device_len);
}

ASKED(hugepages)
{
	return s->linux->resources && s->linux->resources->hugepage_limits_len > 0;
}

ASKED(network)
{
	const struct oci_network *n = s->linux->resources ? s->linux->resources->network : NULL;

	return n && (n->class_id || n->priorities_len > 0);
}

ASKED(rdma)
{
	const struct oci_resources *r = s->linux->resources;

	return r && r->rdma && r->rdma->len > 0;
}

static const struct row rows[] = {
	{ "linux.resources.unified", unified },
	{ "linux.resources.memory", memory },
	{ "linux.resources.cpu", cpu },
	{ "linux.resources.pids", pids },
	{ "linux.resources.blockIO", block_io },
	{ "linux.resources.hugepageLimits", hugepages },
	{ "linux.resources.network", network },
	{ "linux.resources.rdma", rdma },
};

static int refuse(const char *path, size_t index, struct err *e)
{
	const char *brackets = strstr(path, "[]");

	if (!brackets)
		return err_set(e, ENOTSUP, "%s: is not supported by this version", path);
	return err_set(e, ENOTSUP, "%.*s[%zu]%s: is not supported by this version", (int)(brackets - path), path, index,
		       brackets + 2);
}

int spec_check_supported(const struct oci_spec *s, const struct spec_support *have, struct err *e)
{
	static struct oci_linux nothing;
	struct oci_spec full = *s;
	size_t index;

	if (have->systemd_cgroup)
		return err_set(e, ENOTSUP, "--systemd-cgroup: is not supported by this version");
	if (!full.linux)
		full.linux = &nothing;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].asked(&full, have, &index))
			return refuse(rows[i].path, index, e);
	return 0;
}

bool spec_applies(const char *path)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].path, path) == 0)
			return false;
	return true;
}
