/* Why: getopt_long(3) knows neither Go's single-dash long options nor --flag=true, and it prints by itself. */
#include "cli/options.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMN 30

static const struct option_def *find(const struct option_def *defs, const char *name, size_t len)
{
	for (const struct option_def *d = defs; d->name; d++) {
		if (strlen(d->name) == len && strncmp(d->name, name, len) == 0)
			return d;
		if (len == 1 && d->letter == *name)
			return d;
	}
	return NULL;
}

/* The texts that Go takes for a truth value. */
static int parse_bool(const char *text, bool *ret)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
			*ret = strcmp(text, yes[i]) == 0;
			return 0;
		}
	}
	return -EINVAL;
}

static int store(struct arena *a, const struct option_def *d, const char *value, void *into, struct err *e)
{
	void *at = (char *)into + d->offset;
	struct option_list *list = at;
	unsigned long long n;
	const char **slot;

	switch (d->kind) {
	case OPTION_FLAG:
		if (parse_bool(value, at) < 0)
			return err_set(e, EINVAL, "option --%s: '%s' is neither true nor false", d->name, value);
		break;
	case OPTION_TEXT:
		*(const char **)at = value;
		break;
	case OPTION_COUNT:
		if (parse_u64(value, INT_MAX, &n) < 0)
			return err_set(e, EINVAL, "option --%s: '%s' is not a number from 0 to %d", d->name, value,
				       INT_MAX);
		*(unsigned *)at = (unsigned)n;
		break;
	case OPTION_LIST:
		slot = arena_push(a, &list->items, &list->len, sizeof *list->items);
		if (!slot)
			return err_oom(e);
		*slot = value;
		break;
	}
	return 0;
}

static bool is_help(const char *name, size_t len)
{
	return (len == 1 && *name == 'h') || (len == 4 && strncmp(name, "help", len) == 0);
}

struct parse {
	struct arena *arena;
	const struct option_def *defs;
	void *into;
	struct option_words *words;
};

/* One option; *argv is left at the last word that it used. */
static int parse_one(const struct parse *p, char ***argv, struct err *e)
{
	const char *word = **argv, *name = word + (word[1] == '-' ? 2 : 1);
	const char *equals = strchr(name, '='), *value = equals ? equals + 1 : NULL;
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_def *d = find(p->defs, name, len);

	if (!d && is_help(name, len)) {
		p->words->help = true;
		return 0;
	}
	if (!d)
		return err_set(e, EINVAL, "unknown option %.*s", (int)(name - word + (ptrdiff_t)len), word);
	if (!value && d->kind == OPTION_FLAG)
		value = "true";
	if (!value) {
		value = (*argv)[1];
		if (!value)
			return err_set(e, EINVAL, "option --%s needs a value", d->name);
		(*argv)++;
	}
	return store(p->arena, d, value, p->into, e);
}

int options_parse(struct arena *a, const struct option_def *defs, size_t stop_after, char **argv, void *into,
		  struct option_words *ret, struct err *e)
{
	const struct parse p = { .arena = a, .defs = defs, .into = into, .words = ret };
	char **out = argv;
	bool ended = false;
	int r;

	*ret = (struct option_words){ .items = argv };
	for (; *argv; argv++) {
		bool option = !ended && (*argv)[0] == '-' && (*argv)[1] != '\0';

		if (option && strcmp(*argv, "--") == 0) {
			ended = ret->dashes = true;
			ret->before_dashes = ret->len;
		} else if (option) {
			r = parse_one(&p, &argv, e);
			if (r < 0)
				return r;
		} else {
			*out++ = *argv;
			ret->len++;
			if (stop_after && ret->len >= stop_after)
				ended = true;
		}
	}
	*out = NULL;
	if (!ret->dashes)
		ret->before_dashes = ret->len;
	return 0;
}

void options_help(struct str *out, const struct option_def *defs)
{
	for (const struct option_def *d = defs; d->name; d++) {
		char head[80];
		int n = 0;

		if (d->letter)
			n = snprintf(head, sizeof head, "-%c, ", d->letter);
		n += snprintf(head + n, sizeof head - (size_t)n, "--%s%s%s", d->name, d->value ? " " : "",
			      d->value ? d->value : "");
		str_addf(out, "  %-*s  %s\n", HELP_COLUMN, head, d->help);
	}
}
