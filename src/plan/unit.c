/*
 * Why: under the systemd cgroup manager the container's cgroup is a unit that systemd makes, by default a scope. What
 * is to be said to systemd is decided here: its name and slice (linux.cgroupsPath, "slice:prefix:name"), and as
 * properties all limits that systemd knows as well, because it writes what it believes again whenever it likes.
 */
#include "plan/unit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan/build.h"


/* systemd's own limit, UNIT_NAME_MAX - 1. */
enum { NAME_MAX_LEN = 255 };

#define UNLIMITED "18446744073709551615"

/* ---- its name ---- */

static bool is_slice(const char *name)
{
	size_t len = strlen(name), suffix = strlen(".slice");

	return len > suffix && strcmp(name + len - suffix, ".slice") == 0;
}

static bool has_unit_characters(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-_.\\@", *name))
			return false;
	return true;
}

/* An id may hold one character that the name of a unit may not. */
static const char *escape(struct build *b, const char *id)
{
	const char *plus = strchr(id, '+');

	return plus ? plan_text(b->plan, "%.*s\\x2b%s", (int)(plus - id), id, escape(b, plus + 1)) : id;
}

/* "a-b.slice" lies in "a.slice"; no part of its name is empty. "-.slice" is the root. */
static bool is_valid_slice(const char *name)
{
	return is_slice(name) && has_unit_characters(name) && strcmp(name, "-.slice") != 0 && name[0] != '-' &&
	       !strstr(name, "--") && !strstr(name, "-.slice");
}

static int read_path(struct build *b, struct plan_unit *unit, const char *config, struct err *e)
{
	const char *first = strchr(config, ':'), *second = first ? strchr(first + 1, ':') : NULL, *name;
	const char *slice, *prefix;

	if (!second || strchr(second + 1, ':') || !second[1])
		return err_set(e, EINVAL, "linux.cgroupsPath: \"%s\" is not of the form slice:prefix:name, which the "
			       "systemd cgroup manager needs: with a path, use the cgroupfs manager", config);
	slice = plan_text(b->plan, "%.*s", (int)(first - config), config);
	prefix = plan_text(b->plan, "%.*s", (int)(second - first - 1), first + 1);
	name = second + 1;
	if (*slice)
		unit->slice = slice;
	if (is_slice(name))
		unit->name = name;
	else
		unit->name = plan_text(b->plan, "%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	if (strcmp(unit->slice, "-.slice") != 0 && !is_valid_slice(unit->slice))
		return err_set(e, EINVAL, "linux.cgroupsPath: \"%s\": '%s' is no name of a slice (such as "
			       "machine.slice)", config, unit->slice);
	if (!has_unit_characters(unit->name) || (is_slice(unit->name) && !is_valid_slice(unit->name)))
		return err_set(e, EINVAL, "linux.cgroupsPath: \"%s\": '%s' is no name of a unit", config, unit->name);
	return 0;
}

int plan_unit(struct build *b, struct err *e)
{
	const char *config = b->spec->linux ? b->spec->linux->cgroups_path : NULL;
	struct plan_unit *unit = arena_alloc(b->plan->arena, sizeof *unit);
	int r = 0;

	if (!unit)
		return err_oom(e);
	if (!b->facts->own_cgroup)
		return err_set(e, ENODEV, "the systemd cgroup manager needs cgroup version 2, and this host has none "
			       "mounted: boot with systemd.unified_cgroup_hierarchy=1");
	unit->user = !(b->facts->privileged && b->facts->initial_userns);
	unit->slice = unit->user ? "user.slice" : "system.slice";
	unit->name = plan_text(b->plan, "cloister-%s.scope", escape(b, b->options->id));
	if (config && *config)
		r = read_path(b, unit, config, e);
	if (r < 0)
		return r;
	if (strlen(unit->name) > NAME_MAX_LEN)
		return err_set(e, ENAMETOOLONG, "the name of the unit, %s, is longer than %d bytes: choose another by "
			       "linux.cgroupsPath", unit->name, NAME_MAX_LEN);
	b->plan->unit = unit;
	/* The unit is made around outer, from where the container's first process inherits it. */
	b->cgroup_stage = STAGE_FOR_OUTER;
	b->plan->has_outer = true;
	plan_add(b->plan, STAGE_FOR_OUTER, OP_UNIT, NULL)->unit = unit;
	return 0;
}

/* ---- its properties ---- */

static void add_word(struct plan *p, struct plan_unit *unit, const char *word)
{
	const char **item = arena_push(p->arena, &unit->words, &unit->words_len, sizeof *item);

	if (item)
		*item = word;
	else
		p->failed = true;
}

static void add_property(struct plan *p, struct plan_unit *unit, const char *name, const char *type, const char *value)
{
	add_word(p, unit, name);
	add_word(p, unit, type);
	if (value)
		add_word(p, unit, value);
}

static void add_number(struct plan *p, struct plan_unit *unit, const char *name, const char *value)
{
	add_property(p, unit, name, "t", strcmp(value, "max") == 0 ? UNLIMITED : value);
}

/* "0-2,5" as the bytes of a set of bits. */
static void add_set(struct plan *p, struct plan_unit *unit, const char *name, const char *list)
{
	uint8_t bits[PLAN_CPUS / 8] = { 0 };
	size_t len = 0;

	for (const char *c = list; *c; c += *c == ',') {
		char *end;
		unsigned long from = strtoul(c, &end, 10), to = *end == '-' ? strtoul(end + 1, &end, 10) : from;

		/* What the kernel refuses, it is asked as well; and says so. */
		if (end == c || to >= PLAN_CPUS)
			return;
		for (unsigned long i = from; i <= to; i++) {
			bits[i / 8] |= (uint8_t)(1u << i % 8);
			if (i / 8 >= len)
				len = i / 8 + 1;
		}
		c = end;
		if (*c && *c != ',')
			return;
	}
	add_property(p, unit, name, "ay", plan_text(p, "%zu", len));
	for (size_t i = 0; i < len; i++)
		add_word(p, unit, plan_text(p, "%u", bits[i]));
}

/* cpu.max: "quota period", in microseconds. systemd counts in hundredths of a processor and must not be below us. */
static void add_bandwidth(struct plan *p, struct plan_unit *unit, const char *value)
{
	const char *blank = strchr(value, ' ');
	uint64_t period = blank ? strtoull(blank + 1, NULL, 10) : 100000, quota, per_second;

	if (period == 0)
		return;
	if (blank)
		add_property(p, unit, "CPUQuotaPeriodUSec", "t", plan_text(p, "%" PRIu64, period));
	if (str_has_prefix(value, "max")) {
		add_property(p, unit, "CPUQuotaPerSecUSec", "t", UNLIMITED);
		return;
	}
	quota = strtoull(value, NULL, 10);
	if (quota > UINT64_MAX / 1000000)
		return;
	per_second = quota * 1000000 / period;
	per_second = (per_second + 9999) / 10000 * 10000;
	add_property(p, unit, "CPUQuotaPerSecUSec", "t", plan_text(p, "%" PRIu64, per_second));
}

static void add_device(struct plan *p, struct plan_unit *unit, const char *name, const char *value)
{
	const char *blank = strchr(value, ' ');

	add_property(p, unit, name, "a(st)", "1");
	add_word(p, unit, plan_text(p, "/dev/block/%.*s", (int)(blank - value), value));
}

/* io.weight, io.bfq.weight: "default 100", "100" or "8:0 100". */
static void add_io_weight(struct plan *p, struct plan_unit *unit, const char *value)
{
	const char *blank = strchr(value, ' ');

	if (!blank || str_has_prefix(value, "default ")) {
		add_number(p, unit, "IOWeight", blank ? blank + 1 : value);
	} else if (strcmp(blank + 1, "default") != 0) {
		add_device(p, unit, "IODeviceWeight", value);
		add_word(p, unit, blank + 1);
	}
}

/* io.max: "8:0 rbps=1048576 wiops=max". */
static void add_io_max(struct plan *p, struct plan_unit *unit, const char *value)
{
	static const struct { const char *key, *name;
	} limits[] = {
		{ "rbps=", "IOReadBandwidthMax" }, { "wbps=", "IOWriteBandwidthMax" },
		{ "riops=", "IOReadIOPSMax" },     { "wiops=", "IOWriteIOPSMax" },
	};

	for (const char *word = strchr(value, ' '); word; word = strchr(word + 1, ' '))
		for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
			const char *number = word + 1 + strlen(limits[i].key);

			if (!str_has_prefix(word + 1, limits[i].key))
				continue;
			add_device(p, unit, limits[i].name, value);
			add_word(p, unit, str_has_prefix(number, "max") ? UNLIMITED :
				 plan_text(p, "%.*s", (int)strcspn(number, " "), number));
		}
}

static const struct {
	const char *file, *name;
	void (*add)(struct plan *p, struct plan_unit *unit, const char *name, const char *value);
} properties[] = {
	{ "memory.max", "MemoryMax", add_number },
	{ "memory.high", "MemoryHigh", add_number },
	{ "memory.low", "MemoryLow", add_number },
	{ "memory.min", "MemoryMin", add_number },
	{ "memory.swap.max", "MemorySwapMax", add_number },
	{ "pids.max", "TasksMax", add_number },
	{ "cpu.weight", "CPUWeight", add_number },
	{ "cpuset.cpus", "AllowedCPUs", add_set },
	{ "cpuset.mems", "AllowedMemoryNodes", add_set },
};

static void add_limit(struct plan *p, struct plan_unit *unit, const struct op_cgroup_write *w)
{
	bool weight_else = w->else_file && strcmp(w->else_file, "io.weight") == 0;

	for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
		if (strcmp(w->file, properties[i].file) == 0)
			properties[i].add(p, unit, properties[i].name, w->value);
	if (strcmp(w->file, "cpu.max") == 0)
		add_bandwidth(p, unit, w->value);
	/* Of the two files for weights systemd finds the right one by itself. */
	if (strcmp(w->file, "io.weight") == 0 || weight_else)
		add_io_weight(p, unit, weight_else ? w->else_value : w->value);
	if (strcmp(w->file, "io.max") == 0)
		add_io_max(p, unit, w->value);
}

void plan_unit_limits(struct plan *p, struct plan_unit *unit)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].type == OP_CGROUP_WRITE)
			add_limit(p, unit, &p->ops[i].cgroup_write);
}

/* So few processes that those who set up the container would be among too many. */
static bool is_tight(const struct op *op)
{
	return strcmp(op->cgroup_write.file, "pids.max") == 0 && strcmp(op->cgroup_write.value, "max") != 0 &&
	       strtoull(op->cgroup_write.value, NULL, 10) < 16;
}

/* Those that can hold from the start, and the others once the container's first process is alone. */
static int add_limits(struct plan *p, struct plan_unit *unit, struct err *e)
{
	struct plan_unit *late = arena_alloc(p->arena, sizeof *late);
	size_t len = p->len;

	if (!late)
		return err_oom(e);
	*late = (struct plan_unit){ .name = unit->name, .slice = unit->slice, .user = unit->user };
	for (size_t i = 0; i < len; i++)
		if (p->ops[i].type == OP_CGROUP_WRITE)
			add_limit(p, is_tight(&p->ops[i]) ? late : unit, &p->ops[i].cgroup_write);
	if (late->words_len > 0)
		plan_add(p, STAGE_READY, OP_UNIT_SET, NULL)->unit = late;
	return 0;
}

/* ---- annotations ---- */

#define ANNOTATION "org.systemd.property."

static int refuse_value(const char *key, const char *value, struct err *e)
{
	return err_set(e, EINVAL, "annotations.\"%s\": '%s' is no value that systemd takes: true, 5, uint64 5, 'text', "
		       "or a list of one of these in brackets", key, value);
}

static const char *skip_blanks(const char *c)
{
	return c + strspn(c, " \t");
}

/* The text in quotes at *c, which is left behind it; NULL: there is none. */
static const char *read_quoted(struct plan *p, const char **c)
{
	char quote = **c, *text = arena_alloc(p->arena, strlen(*c) + 1), *to = text;
	const char *from = *c + 1;

	if ((quote != '\'' && quote != '"') || !text)
		return NULL;
	while (*from && *from != quote) {
		from += *from == '\\' && from[1];
		*to++ = *from++;
	}
	*to = '\0';
	*c = from + 1;
	return *from ? text : NULL;
}

/* Words like "uint64", as GVariant's text form has them. "" for what is not one. */
static const char *read_type(const char **c)
{
	static const struct { const char *name, *type;
	} types[] = {
		{ "boolean ", "b" }, { "byte ", "y" },   { "int16 ", "n" },  { "uint16 ", "q" }, { "int32 ", "i" },
		{ "uint32 ", "u" },  { "int64 ", "x" },  { "uint64 ", "t" }, { "double ", "d" }, { "string ", "s" },
		{ "objectpath ", "o" },
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (str_has_prefix(*c, types[i].name)) {
			*c = skip_blanks(*c + strlen(types[i].name));
			return types[i].type;
		}
	return "";
}

static bool is_number(const char *word, bool floating)
{
	char *end;

	if (floating)
		strtod(word, &end);
	else
		strtoll(word, &end, 10);
	return end != word && !*end;
}

/* One value that is no list. *type is what was said of it before, and then what it is. */
static const char *read_scalar(struct plan *p, const char **c, const char **type)
{
	const char *said = read_type(c), *word;

	if (*said)
		*type = said;
	if (**c == '\'' || **c == '"') {
		if (!**type)
			*type = "s";
		return strchr("so", **type) ? read_quoted(p, c) : NULL;
	}
	word = plan_text(p, "%.*s", (int)strcspn(*c, ",] \t"), *c);
	*c += strlen(word);
	if (strcmp(word, "true") == 0 || strcmp(word, "false") == 0) {
		if (!**type)
			*type = "b";
		return **type == 'b' ? word : NULL;
	}
	if (!**type)
		*type = strchr(word, '.') ? "d" : "i";
	if (strchr("bso", **type) || !is_number(word, **type == 'd'))
		return NULL;
	return word;
}

static int read_list(struct plan *p, struct plan_unit *unit, const char *name, const char **c)
{
	const char *type = "", *words[64];
	size_t len = 0;

	for (*c = skip_blanks(*c + 1); **c && **c != ']'; *c = skip_blanks(*c)) {
		if (len == 64)
			return -EINVAL;
		words[len] = read_scalar(p, c, &type);
		if (!words[len++])
			return -EINVAL;
		*c = skip_blanks(*c);
		if (**c == ',')
			++*c;
		else if (**c != ']')
			return -EINVAL;
	}
	if (!**c)
		return -EINVAL;
	++*c;
	add_property(p, unit, name, plan_text(p, "a%s", *type ? type : "s"), plan_text(p, "%zu", len));
	for (size_t i = 0; i < len; i++)
		add_word(p, unit, words[i]);
	return 0;
}

/* A time that is given in seconds, as a person would: systemd's bus knows microseconds only. */
static const char *in_microseconds(struct plan *p, const char **name, const char **type, const char *value)
{
	size_t len = strlen(*name);
	double seconds;

	if (len < 4 || strcmp(*name + len - 3, "Sec") != 0 || (len > 4 && strcmp(*name + len - 4, "USec") == 0) ||
	    !strchr("nqiuxtd", **type))
		return value;
	seconds = strtod(value, NULL);
	*name = plan_text(p, "%.*sUSec", (int)len - 3, *name);
	*type = "t";
	/* Less than nothing is "infinity" to systemd, and so is more than it can count. */
	return plan_text(p, "%" PRIu64, seconds >= 0 && seconds < 1e13 ? (uint64_t)(seconds * 1e6) : UINT64_MAX);
}

static bool is_property_name(const char *name)
{
	size_t len = strlen(name);

	return len >= 3 && isupper((unsigned char)name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == len;
}

static int add_annotation(struct build *b, const char *key, const char *value, struct err *e)
{
	const char *name = key + strlen(ANNOTATION), *c = skip_blanks(value), *type = "", *word;
	struct plan_unit *unit = b->plan->unit;

	if (!is_property_name(name))
		return err_set(e, EINVAL, "annotations.\"%s\": '%s' is no name of a property of systemd's", key, name);
	if (*c == '[') {
		if (read_list(b->plan, unit, name, &c) < 0 || *skip_blanks(c))
			return refuse_value(key, value, e);
		return 0;
	}
	word = read_scalar(b->plan, &c, &type);
	if (!word || *skip_blanks(c))
		return refuse_value(key, value, e);
	word = in_microseconds(b->plan, &name, &type, word);
	add_property(b->plan, unit, name, type, word);
	return 0;
}

int plan_unit_properties(struct build *b, struct err *e)
{
	const struct oci_string_map *notes = b->spec->annotations;
	struct plan *p = b->plan;
	struct plan_unit *unit = p->unit;
	bool slice;
	int r;

	if (!unit)
		return 0;
	slice = is_slice(unit->name);
	/* A slice lies where its name says; all that is left to say is that the other one is wanted, too. */
	if (slice) {
		add_property(p, unit, "Wants", "as", "1");
		add_word(p, unit, unit->slice);
	} else {
		add_property(p, unit, "Slice", "s", unit->slice);
		add_property(p, unit, "Delegate", "b", "true");
	}
	add_property(p, unit, "DefaultDependencies", "b", "false");
	add_property(p, unit, "CollectMode", "s", "inactive-or-failed");
	for (size_t i = 0; i < 4; i++)
		add_property(p, unit, (const char *[]){ "CPUAccounting", "MemoryAccounting", "IOAccounting",
							"TasksAccounting" }[i], "b", "true");
	r = add_limits(p, unit, e);
	for (size_t i = 0; notes && i < notes->len && r == 0; i++)
		if (str_has_prefix(notes->keys[i], ANNOTATION))
			r = add_annotation(b, notes->keys[i], notes->values[i], e);
	return r;
}

int plan_unit_call(struct build *b, struct err *e)
{
	struct plan *p = b->plan;

	(void)e;
	/* Where outer waits for its id maps anyway, all is done then. */
	if (p->unit && !plan_calls(p, STAGE_FOR_OUTER))
		plan_add(p, STAGE_OUTER, OP_CALL, NULL)->call = STAGE_FOR_OUTER;
	return 0;
}
