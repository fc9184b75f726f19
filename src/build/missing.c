/* Why: what has to be built is known before anything runs, so that a graph that cannot be built costs nothing. */
#include <stdlib.h>
#include <string.h>

#include "build/known.h"
#include "build/schedule.h"
#include "derivation/hash.h"

/* The work of build_schedule_make: steps is a queue, whose elements are looked at in turn. */
struct maker {
	struct drv_graph *graph;
	const struct build_options *o;
	struct build_schedule *s;
	struct build_known known;
	struct store_paths copies;   /* what is valid where the inputs are, and is only copied */
	struct err *e;
};

/* All outputs (names: NULL) or those with these names. 1: all are valid, by that question; 0: not all; or an error. */
static int are_valid(struct maker *m, const struct derivation *d, const struct drv_words *names,
		     int (*question)(struct build_known *k, const char *path, struct err *e))
{
	int r = 1;

	for (size_t i = 0; r > 0 && i < (names ? names->len : d->outputs_len); i++) {
		const struct drv_output *o = names ? drv_output(d, names->items[i]) : &d->outputs[i];

		if (!o)
			return err_set(m->e, EINVAL, "there is no output '%s'", names->items[i]);
		r = o->path ? question(&m->known, o->path, m->e) : 0;
	}
	return r;
}

static struct build_step *add_step(struct maker *m, const struct drv_node *n)
{
	struct arena *a = m->graph->arena;
	const struct set_item *found = set_find(&m->s->by_path, n->path);
	struct build_step *step = found ? found->value : arena_alloc(a, sizeof *step), **slot;
	bool is_new;

	if (found || !step)
		return step;
	*step = (struct build_step){ .path = n->path, .name = n->drv.name, .drv = &n->drv, .channel = -1 };
	slot = arena_push(a, &m->s->steps, &m->s->len, sizeof *slot);
	if (!slot || set_add(&m->s->by_path, n->path, step, &is_new) < 0)
		return NULL;
	*slot = step;
	return step;
}

static int add_need(struct maker *m, struct build_step *step, struct build_step *needed)
{
	struct build_step **slot = arena_push(m->graph->arena, &needed->needed_by, &needed->needed_by_len,
					      sizeof *slot);

	if (!slot)
		return err_oom(m->e);
	*slot = step;
	step->needs++;
	return 0;
}

/* One input of what has to be built. */
static int look_at_input(struct maker *m, struct build_step *step, const struct drv_input *in)
{
	struct build_step *needed;
	struct drv_node *n;
	int r = drv_graph_get(m->graph, in->path, &n, m->e);

	if (r == 0)
		r = are_valid(m, &n->drv, &in->wanted.outputs, build_known_anywhere);
	if (r != 0)
		return r < 0 ? err_prefix(m->e, "input %s of %s", in->path, step->path) : 0;
	needed = add_step(m, n);
	return needed ? add_need(m, step, needed) : err_oom(m->e);
}

static int look_at_inputs(struct maker *m, struct build_step *step)
{
	int r = drv_check_paths(m->graph, step->path, m->e);

	for (size_t i = 0; r == 0 && i < step->drv->inputs_len; i++)
		r = look_at_input(m, step, &step->drv->inputs[i]);
	return r;
}

static int set_done(struct maker *m, struct build_step *step)
{
	int r = 0;

	step->state = BUILD_STATE_DONE;
	m->s->done++;
	for (size_t i = 0; r == 0 && i < step->drv->outputs_len; i++)
		r = store_paths_add(m->graph->arena, &step->outputs, m->graph->store, step->drv->outputs[i].path,
				    step->path, m->e);
	return r;
}

/* What the caller asked for. */
static int look_at_wanted(struct maker *m, const char *path)
{
	struct build_step *step;
	struct drv_node *n;
	int r = drv_graph_get(m->graph, path, &n, m->e);

	if (r < 0)
		return r;
	step = add_step(m, n);
	if (!step)
		return err_oom(m->e);
	if (step->wanted)
		return 0;
	step->wanted = true;
	r = are_valid(m, step->drv, NULL, build_known_anywhere);
	if (m->o->check)
		return r == 0 ? err_set(m->e, ENOENT, "some outputs of '%s' are not valid, so checking is not possible",
					path) : r < 0 ? r : 0;
	if (r <= 0)
		return r;
	for (size_t i = 0; r >= 0 && i < step->drv->outputs_len; i++) {
		r = build_known_in_target(&m->known, step->drv->outputs[i].path, m->e);
		if (r == 0)
			r = store_paths_add(m->graph->arena, &m->copies, m->graph->store, step->drv->outputs[i].path,
					    path, m->e);
	}
	return r < 0 ? r : set_done(m, step);
}

static int make(struct maker *m, const struct store_paths *wanted)
{
	int r = build_known_open(m->o->from, &m->o->target->store, &m->known, m->e);

	for (size_t i = 0; r == 0 && i < wanted->len; i++)
		r = look_at_wanted(m, wanted->items[i]);
	/* What is new goes to the end of the list, which this loop therefore reaches. */
	for (size_t i = 0; r == 0 && i < m->s->len; i++)
		if (m->s->steps[i]->state == BUILD_STATE_WAITING && !m->o->check)
			r = look_at_inputs(m, m->s->steps[i]);
	if (r == 0)
		r = build_known_check(&m->known, m->e);
	build_known_close(&m->known);
	return r;
}

void build_schedule_free(struct build_schedule *s)
{
	set_free(&s->by_path);
}

int build_schedule_make(struct drv_graph *g, const struct build_options *o, const struct store_paths *wanted,
			struct build_schedule *ret, struct err *e)
{
	struct maker m = { .graph = g, .o = o, .s = ret, .e = e };
	int r;

	*ret = (struct build_schedule){ .arena = g->arena, .graph = g, .options = o };
	r = make(&m, wanted);
	if (r == 0 && m.copies.len)
		r = build_target_import(g->arena, o->target, o->from, &m.copies, e);
	return r;
}
