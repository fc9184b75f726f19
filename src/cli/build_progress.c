/*
 * Why: somebody who waits wants to see what for; somebody who reads a log wants what happened, in whole lines. On a
 * terminal the last lines are redrawn: one for each build that runs, and one that counts. Elsewhere each event is a
 * line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/str.h"
#include "cli/build.h"

enum { SHOWN_MAX = 12, TAIL_LINES = 10, REDRAW_MS = 100 };

/* The last lines of a build, for when it fails. */
struct tail {
	const struct build_step *step;
	char *lines[TAIL_LINES];
	size_t next;
};

struct build_progress {
	bool terminal, logs;
	unsigned drawn;              /* lines that are to be redrawn */
	long long drawn_at;          /* milliseconds */
	struct tail *tails;
	size_t tails_len;
};

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void emit(const struct str *text)
{
	io_write_all(STDERR_FILENO, str_text(text), text->len);
}

/* The cursor goes back to the first of the lines that are redrawn, and they are cleared. */
static void erase(struct build_progress *p, struct str *out)
{
	if (p->drawn)
		str_addf(out, "\r\033[%uA\033[J", p->drawn);
	p->drawn = 0;
}

static void say(struct build_progress *p, const char *text)
{
	_cleanup_str_ struct str out = STR_INIT;

	erase(p, &out);
	str_addf(&out, "%s\n", text);
	emit(&out);
	p->drawn_at = 0;
}

/* ---- tails ---- */

static struct tail *tail_of(struct build_progress *p, const struct build_step *step)
{
	struct tail *grown;

	for (size_t i = 0; i < p->tails_len; i++)
		if (p->tails[i].step == step)
			return &p->tails[i];
	for (size_t i = 0; i < p->tails_len; i++)
		if (!p->tails[i].step) {
			p->tails[i].step = step;
			return &p->tails[i];
		}
	grown = reallocarray(p->tails, p->tails_len + 1, sizeof *grown);
	if (!grown)
		return NULL;
	p->tails = grown;
	p->tails[p->tails_len] = (struct tail){ .step = step };
	return &p->tails[p->tails_len++];
}

static void forget(struct build_progress *p, const struct build_step *step)
{
	struct tail *t = tail_of(p, step);

	for (size_t i = 0; t && i < TAIL_LINES; i++)
		free(t->lines[i]);
	if (t)
		*t = (struct tail){ 0 };
}

static void remember(struct build_progress *p, const struct build_step *step, const char *line)
{
	struct tail *t = tail_of(p, step);

	if (!t)
		return;
	free(t->lines[t->next]);
	t->lines[t->next] = strdup(line);
	t->next = (t->next + 1) % TAIL_LINES;
}

static void show_tail(struct build_progress *p, const struct build_step *step)
{
	struct tail *t = tail_of(p, step);
	_cleanup_str_ struct str out = STR_INIT;

	for (size_t i = 0; t && i < TAIL_LINES; i++) {
		const char *line = t->lines[(t->next + i) % TAIL_LINES];

		if (line)
			str_addf(&out, "%s> %s\n", step->name, line);
	}
	if (!out.len)
		return;
	out.text[--out.len] = '\0';
	say(p, out.text);
}

/* ---- events ---- */

static void say_step(struct build_progress *p, const struct build_step *step, const char *what, const char *text)
{
	_cleanup_str_ struct str out = STR_INIT;

	str_addf(&out, "%s %s%s%s", what, step->path, *text ? ": " : "", text);
	say(p, str_text(&out));
}

static void say_end(struct build_progress *p, const struct build_step *step, const char *what)
{
	_cleanup_str_ struct str out = STR_INIT;

	str_addf(&out, "%s %s in %lds", what, step->path, (long)(step->ended - step->began));
	say(p, str_text(&out));
}

static void say_line(struct build_progress *p, const struct build_step *step, const char *line)
{
	_cleanup_str_ struct str out = STR_INIT;

	remember(p, step, line);
	if (!p->logs)
		return;
	str_addf(&out, "%s> %s", step->name, line);
	say(p, str_text(&out));
}

static void event(void *data, const struct build_step *step, const struct build_message *m)
{
	struct build_progress *p = data;

	switch (m->event) {
	case BUILD_WAITS: say_step(p, step, "waiting for another process that builds", ""); break;
	case BUILD_RUNS:
		if (!p->terminal)
			say_step(p, step, "building", "");
		break;
	case BUILD_LINE: say_line(p, step, m->text); break;
	case BUILD_DIFFERENCE: say_step(p, step, "difference in", m->text); break;
	case BUILD_KEPT: say_step(p, step, "kept the build directory of", m->text); break;
	case BUILD_BUILT: say_end(p, step, "built"); break;
	case BUILD_THERE: say_step(p, step, "another process has built", ""); break;
	case BUILD_SAME: say_end(p, step, "built again, with the same result,"); break;
	case BUILD_FAILED:
		if (!p->logs)
			show_tail(p, step);
		say_step(p, step, "failed", m->text);
		break;
	case BUILD_PREPARES:
	case BUILD_COLLECTS:
	case BUILD_OUTPUT: break;
	}
	if (m->event >= BUILD_BUILT)
		forget(p, step);
}

/* ---- the lines that are redrawn ---- */

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* Cut to the width; a character of several bytes is never cut in its middle. */
static void add_cut(struct str *out, const char *text, int width)
{
	int used = 0;
	const char *p = text;

	for (; *p && used < width - 1; used++)
		do
			p++;
		while (((unsigned char)*p & 0xc0) == 0x80);
	str_addn(out, text, (size_t)(p - text));
	str_addc(out, '\n');
}

static const char *doing(const struct build_step *step)
{
	return step->event == BUILD_WAITS ? "waits for another process" :
	       step->event == BUILD_PREPARES ? "prepares the sandbox" :
	       step->event == BUILD_COLLECTS ? "collects the outputs" : step->line;
}

static void draw_step(struct str *out, const struct build_step *step, int width)
{
	_cleanup_str_ struct str line = STR_INIT;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	str_addf(&line, "  %s %lds  %s", step->name, (long)(t.tv_sec - step->began), doing(step));
	add_cut(out, str_text(&line), width);
}

static void draw_counts(struct str *out, const struct build_schedule *s, int width)
{
	_cleanup_str_ struct str line = STR_INIT;
	const struct build_step *next = NULL;
	size_t waiting = 0;

	for (size_t i = 0; i < s->len; i++)
		if (s->steps[i]->state == BUILD_STATE_WAITING) {
			waiting++;
			next = next ? next : s->steps[i];
		}
	str_addf(&line, "[%zu of %zu done, %zu running, %zu waiting", s->done, s->len, s->running, waiting);
	if (s->failed)
		str_addf(&line, ", %zu failed", s->failed);
	str_add(&line, "]");
	if (next)
		str_addf(&line, " waits: %s", next->name);
	add_cut(out, str_text(&line), width);
}

static void tick(void *data, const struct build_schedule *s)
{
	struct build_progress *p = data;
	_cleanup_str_ struct str out = STR_INIT;
	int width = columns();
	unsigned drawn = 1;

	if (!p->terminal || now_ms() - p->drawn_at < REDRAW_MS)
		return;
	erase(p, &out);
	for (size_t i = 0; i < s->len && drawn < SHOWN_MAX; i++)
		if (s->steps[i]->state == BUILD_STATE_RUNNING) {
			draw_step(&out, s->steps[i], width);
			drawn++;
		}
	draw_counts(&out, s, width);
	emit(&out);
	p->drawn = drawn;
	p->drawn_at = now_ms();
}

struct build_progress *build_progress_new(bool logs)
{
	struct build_progress *p = calloc(1, sizeof *p);
	const char *term = getenv("TERM");

	if (p) {
		p->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
		p->logs = logs;
	}
	return p;
}

struct build_watch build_progress_watch(struct build_progress *p)
{
	return (struct build_watch){ .event = event, .tick = tick, .data = p };
}

void build_progress_free(struct build_progress *p)
{
	_cleanup_str_ struct str out = STR_INIT;

	if (!p)
		return;
	erase(p, &out);
	emit(&out);
	for (size_t i = 0; i < p->tails_len; i++)
		for (size_t k = 0; k < TAIL_LINES; k++)
			free(p->tails[i].lines[k]);
	free(p->tails);
	free(p);
}
