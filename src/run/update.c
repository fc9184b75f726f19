/*
 * Why: `update`. What is changed is planned out of what the container has and what is asked for, since limits depend on
 * one another; then it happens whole or not at all, and is remembered for the next change.
 */
#include "apply/cgroup.h"
#include "apply/resources.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "plan/unit.h"
#include "run/facts.h"
#include "run/open.h"
#include "run/systemd.h"
#include "spec/merge.h"
#include "spec/validate.h"

struct update {
	struct run_context *context;
	struct opened container;
	struct oci_spec *config; /* as it was at create, with the limits of the last update */
	const struct run_update_options *options;
	struct plan plan;
};

static int open_container(struct update *u, struct err *e)
{
	const char *id = u->options->id;
	int r = container_open(u->context, id, &u->container, e);

	if (r == -ENODATA || (r == 0 && u->container.status == OCI_STATUS_CREATING))
		return err_set(e, EINVAL, "container \"%s\": its creation was interrupted: delete --force removes it",
			       id);
	if (r == 0 && u->container.status == OCI_STATUS_STOPPED)
		return err_set(e, EINVAL, "cannot update container \"%s\": container not running", id);
	return r == 0 ? state_read_config(u->context->arena, &u->container.dir, &u->config, e) : r;
}

/* Only what changes is written. */
static int merge_rdt(struct update *u, struct plan_update *what, struct err *e)
{
	const struct run_update_options *o = u->options;
	struct oci_intel_rdt *changes = arena_alloc(u->context->arena, sizeof *changes), *merged;
	int r;

	if (!changes)
		return err_oom(e);
	if (!o->l3_cache && !o->mem_bw)
		return 0;
	r = spec_merge_rdt(u->context->arena, u->config->linux->intel_rdt, o->l3_cache, o->mem_bw, &merged, e);
	if (r < 0)
		return r;
	*changes = (struct oci_intel_rdt){
		.clos_id = merged->clos_id,
		.l3_cache_schema = (char *)o->l3_cache,
		.mem_bw_schema = (char *)o->mem_bw,
	};
	u->config->linux->intel_rdt = merged;
	what->id = o->id;
	what->rdt = changes;
	return 0;
}

/* The merged limits become those of the config. */
static int plan_update(struct update *u, struct err *e)
{
	struct arena *a = u->context->arena;
	struct plan_update what = { .asked = u->options->asked, .cgroup_path = u->container.record->cgroup_path };
	struct plan_facts facts = { 0 };
	struct oci_resources *all;
	int r;

	if (!u->config->linux)
		u->config->linux = arena_alloc(a, sizeof *u->config->linux);
	if (!u->config->linux)
		return err_oom(e);
	r = spec_merge_resources(a, u->config->linux->resources, u->options->asked, &all, e);
	if (r == 0)
		r = merge_rdt(u, &what, e);
	if (r == 0)
		r = facts_read_controllers(a, u->context->proc_fd, &facts, e);
	if (r < 0)
		return r;
	what.all = u->config->linux->resources = all;
	return plan_build_update(a, &what, &facts, &u->plan, e);
}

static int apply_update(struct update *u, struct err *e)
{
	const struct cgroup_owner owner = { u->context->root, u->container.dir.id };
	struct apply ctx = {
		.arena = u->context->arena,
		.plan = &u->plan,
		.id = u->container.dir.id,
		.state_root = u->context->root,
		.proc_fd = u->context->proc_fd,
		.cgroup_fd = -1,
	};
	int r = 0;

	if (u->plan.len == 0)
		return 0;
	if (u->plan.cgroup_path)
		r = cgroup_enter(u->plan.cgroup_path, &owner, NULL, &ctx.cgroup_fd, e);
	if (r == 0)
		r = resources_update(&ctx, e);
	close_fd(&ctx.cgroup_fd);
	return r;
}

/* systemd believes that the limits are those that it was told. */
static int tell_systemd(struct update *u, struct err *e)
{
	struct plan_unit what = { 0 };
	struct unit unit;

	if (!systemd_unit(u->container.record, &unit))
		return 0;
	what = (struct plan_unit){ .name = unit.name, .user = unit.user };
	plan_unit_limits(&u->plan, &what);
	if (u->plan.failed)
		return err_oom(e);
	if (what.words_len == 0 || unit_set(unit.helper, &what, e) == 0)
		return 0;
	return err_prefix(e, "the limits are changed, but systemd could not be told, and may put them back");
}

int run_update(struct run_context *c, const struct run_update_options *o, struct err *e)
{
	struct update u = { .context = c, .options = o };
	int r = spec_validate_resources(o->asked, e);

	u.container.dir = STATE_DIR_INIT;
	if (r == 0)
		r = open_container(&u, e);
	if (r == 0 && o->asked->devices_len > 0)
		log_debug("the device rules of container \"%s\" stay as they are", o->id);
	if (r == 0)
		r = plan_update(&u, e);
	if (r == 0)
		r = apply_update(&u, e);
	if (r == 0)
		r = tell_systemd(&u, e);
	if (r == 0 && state_replace_config(&u.container.dir, u.config, e) < 0)
		r = err_prefix(e, "the limits are changed, but that cannot be recorded");
	state_close(&u.container.dir);
	return r;
}
