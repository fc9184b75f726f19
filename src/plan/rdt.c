/* Why: which group of caches and memory bandwidth the container belongs to: config-linux.md, "IntelRdt". */
#include <string.h>

#include "plan/build.h"

static void add_line(struct plan *p, struct op_rdt *op, const char *line)
{
	const char **added;

	if (!line || !*line)
		return;
	added = arena_push(p->arena, &op->lines, &op->lines_len, sizeof *added);
	if (added)
		*added = line;
	else
		p->failed = true;
}

static struct op_rdt *read_config(struct plan *p, const char *id, const struct oci_intel_rdt *r)
{
	struct op_rdt *op = arena_alloc(p->arena, sizeof *op);
	bool own = !r->clos_id || !*r->clos_id;

	if (!op)
		return NULL;
	op->group = own ? id : strcmp(r->clos_id, "/") == 0 ? "." : r->clos_id;
	/* The order is that of the specification. */
	add_line(p, op, r->l3_cache_schema);
	add_line(p, op, r->mem_bw_schema);
	for (size_t i = 0; i < r->schemata_len; i++)
		add_line(p, op, r->schemata[i]);
	op->make = own ? RDT_MAKE_OWN : op->lines_len ? RDT_MAKE_OR_COMPARE : RDT_MUST_EXIST;
	if (r->enable_monitoring)
		op->monitor = plan_text(p, "%s/mon_groups/%s", op->group, id);
	return op;
}

int plan_rdt(struct build *b, struct err *e)
{
	const struct oci_intel_rdt *r = b->spec->linux ? b->spec->linux->intel_rdt : NULL;
	struct plan *p = b->plan;
	struct op_rdt *op = r ? read_config(b->plan, b->options->id, r) : NULL;

	if (!r)
		return 0;
	if (!op)
		return err_oom(e);
	/* A group of the container's own takes its monitoring group along. */
	p->rdt_path = op->make == RDT_MAKE_OWN ? op->group : op->monitor;
	plan_add(p, STAGE_RUNTIME, OP_RDT_GROUP, "linux.intelRdt")->rdt = op;
	plan_add(p, STAGE_READY, OP_RDT_TASK, "linux.intelRdt")->rdt = op;
	return 0;
}

int plan_rdt_join(struct build *b, struct err *e)
{
	const struct oci_intel_rdt *r = b->spec->linux ? b->spec->linux->intel_rdt : NULL;
	struct op_rdt *op = r ? read_config(b->plan, b->options->id, r) : NULL;

	if (r && !op)
		return err_oom(e);
	if (r)
		plan_add(b->plan, STAGE_OUTER, OP_RDT_TASK, "linux.intelRdt")->rdt = op;
	return 0;
}

int plan_rdt_update(struct plan *p, const char *id, const struct oci_intel_rdt *r, struct err *e)
{
	struct op_rdt *op = read_config(p, id, r);

	if (!op)
		return err_oom(e);
	plan_add(p, STAGE_RUNTIME, OP_RDT_SCHEMATA, "intelRdt")->rdt = op;
	return 0;
}
