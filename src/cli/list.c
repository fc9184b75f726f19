/* `cloister list`: the containers below the state root, as runc's table or JSON. */
#include <string.h>

#include "base/log.h"
#include "cli/host.h"
#include "libocispec/field/write.h"
#include "state/store.h"
#include "sys/cgroup.h"

struct list_options {
	const char *format;
	bool quiet;
};

static const struct option_def list_defs[] = {
	{ "format", 'f', OPTION_TEXT, offsetof(struct list_options, format), "FORMAT", "table (default) or json" },
	{ "quiet", 'q', OPTION_FLAG, offsetof(struct list_options, quiet), NULL, "show only the ids" },
	{ 0 },
};

/* A container of which there is only the directory: it is shown, so that it can be deleted. */
static struct oci_state begun(char *id)
{
	static char unknown[] = "";

	return (struct oci_state){ .id = id, .status = OCI_STATUS_CREATING, .oci_version = unknown, .bundle = unknown };
}

/* What was removed since it was listed is passed over; what cannot be read is told, and the others are still shown. */
static int describe_all(struct cli *c, const char *root, struct oci_state **ret, size_t *ret_len, struct err *e)
{
	_cleanup_state_dir_ struct state_dir dir = STATE_DIR_INIT;
	struct oci_state *states = NULL;
	size_t ids_len, len = 0;
	char **ids;
	int r = state_list(c->arena, root, &ids, &ids_len, e);

	/* Nobody has made the default root yet: no containers. A root that was asked for should be there. */
	if (r == -ENOENT && !c->globals.root)
		ids_len = 0;
	else if (r < 0)
		return r;
	/* Where there is none, none is frozen. */
	if (ids_len > 0)
		c->cgroups_fd = sys_cgroup_open("/");
	for (size_t i = 0; i < ids_len; i++) {
		struct oci_state state, *slot;

		r = cli_describe_next(c, root, &dir, ids[i], &state, e);
		if (r == -ENODATA)
			state = begun(ids[i]);
		else if (r == -ENOMEM)
			return r;
		else if (r < 0 && r != -ENOENT)
			log_warning("%s", e->text);
		if (r < 0 && r != -ENODATA)
			continue;
		slot = arena_push(c->arena, &states, &len, sizeof *states);
		if (!slot)
			return err_oom(e);
		*slot = state;
	}
	*ret = states;
	*ret_len = len;
	return 0;
}

#define COLUMNS 6
#define COLUMN_MIN 12
#define COLUMN_GAP 3

struct row {
	const char *cells[COLUMNS];
};

/* Each column is as wide as its widest cell and a gap, but not narrower than the minimum; the last has no end. */
static void add_table(struct str *out, const struct row *rows, size_t len)
{
	size_t widths[COLUMNS] = { 0 };

	for (size_t i = 0; i < len; i++)
		for (size_t j = 0; j < COLUMNS; j++)
			if (strlen(rows[i].cells[j]) > widths[j])
				widths[j] = strlen(rows[i].cells[j]);
	for (size_t i = 0; i < len; i++) {
		for (size_t j = 0; j < COLUMNS; j++) {
			size_t width = widths[j] + COLUMN_GAP > COLUMN_MIN ? widths[j] + COLUMN_GAP : COLUMN_MIN;

			str_addf(out, "%-*s", j + 1 < COLUMNS ? (int)width : 0, rows[i].cells[j]);
		}
		str_addc(out, '\n');
	}
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int format_table(struct cli *c, const struct oci_state *states, size_t len, struct str *out, struct err *e)
{
	struct row *rows = arena_array(c->arena, len + 1, sizeof *rows);

	if (!rows)
		return err_oom(e);
	rows[0] = (struct row){ { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" } };
	for (size_t i = 0; i < len; i++) {
		const struct oci_state *s = &states[i];
		const char *pid = arena_printf(c->arena, "%lld", (long long)s->pid);
		/* A row stays a row, whatever the directory is called. */
		char *bundle = arena_strdup(c->arena, or_empty(s->bundle));

		if (!pid || !bundle)
			return err_oom(e);
		str_make_plain(bundle);
		rows[i + 1] = (struct row){ { s->id, pid, oci_status_name(s->status), bundle,
					      or_empty(s->created), or_empty(s->owner) } };
	}
	add_table(out, rows, len + 1);
	return 0;
}

static int format_json(const struct oci_state *states, size_t len, struct str *out, struct err *e)
{
	str_addc(out, '[');
	for (size_t i = 0; i < len; i++) {
		if (i)
			str_addc(out, ',');
		if (oci_write(out, &oci_state_type, &states[i], OCI_COMPACT) < 0)
			return err_oom(e);
	}
	str_add(out, "]\n");
	return 0;
}

static int list(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	_cleanup_str_ struct str out = STR_INIT;
	const struct list_options *o = options;
	const char *format = cli_given(o->format) ? o->format : "table", *root;
	struct oci_state *states = NULL;
	size_t len = 0;
	int r;

	(void)words;
	if (strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		return err_set(e, EINVAL, "option --format: '%s' is neither table nor json", format);
	r = cli_root(c, &root, e);
	if (r == 0)
		r = describe_all(c, root, &states, &len, e);
	if (r < 0)
		return r;
	if (o->quiet) {
		for (size_t i = 0; i < len; i++)
			str_addf(&out, "%s\n", states[i].id);
	} else if (strcmp(format, "json") == 0) {
		r = format_json(states, len, &out, e);
	} else {
		r = format_table(c, states, len, &out, e);
	}
	return r < 0 ? r : cli_print(&out, e);
}

const struct cli_command cli_list = {
	.name = "list",
	.words = "",
	.help = "lists the containers",
	.options = list_defs,
	.options_size = sizeof(struct list_options),
	.run = list,
};
