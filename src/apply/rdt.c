/*
 * Why: resctrl is a file system in which a group is a directory. The kernel explains what it did not like in a file of
 * its own, info/last_cmd_status, and that is passed on.
 */
#include "apply/rdt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "sys/resctrl.h"

#define SCHEMATA_MAX (1 << 20)

static int open_resctrl(struct err *e)
{
	int fd = sys_resctrl_open();

	if (fd == -ENODEV)
		return err_set(e, ENODEV, "the resctrl file system is not mounted, or this processor has no Resource "
			       "Director Technology: mount -t resctrl resctrl /sys/fs/resctrl");
	return fd < 0 ? err_sys(e, -fd, "open the resctrl file system") : fd;
}

/* The kernel's words about the last failure; "" if there are none. */
static void last_status(int root, char *buf, size_t size)
{
	_cleanup_close_ int fd = openat(root, "info/last_cmd_status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	if (strcmp(buf, "ok") == 0)
		*buf = '\0';
}

static int explain(int root, int r, struct err *e)
{
	char said[256];

	last_status(root, said, sizeof said);
	return *said ? err_prefix(e, "%s", said) : r;
}

static int write_file(int dir, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_write_all(fd, text, strlen(text));
}

static int write_lines(struct apply *ctx, int root, int group, const struct op_rdt *op, struct err *e)
{
	for (size_t i = 0; i < op->lines_len; i++) {
		const char *line = arena_printf(ctx->arena, "%s\n", op->lines[i]);
		int r = line ? write_file(group, "schemata", line) : -ENOMEM;

		if (r < 0) {
			r = err_sys(e, -r, "write the schema \"%s\"", op->lines[i]);
			return explain(root, r, e);
		}
	}
	return 0;
}

/* The line of a resource, behind its colon: "   L3:0=ff;1=ff"; NULL if there is none. */
static const char *find_resource(const char *schemata, const char *name, size_t len)
{
	for (const char *line = schemata; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		line += strspn(line, " \t");
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			return line + len + 1;
	}
	return NULL;
}

/* "0=07F" and "0=7f" are the same; each ends at a semicolon or the end of the line. */
static bool same_part(const char *x, size_t x_len, const char *y, size_t y_len)
{
	const char *x_value = memchr(x, '=', x_len), *y_value = memchr(y, '=', y_len);

	if (!x_value || !y_value || x_value - x != y_value - y || memcmp(x, y, (size_t)(x_value - x)) != 0)
		return false;
	for (x_value++; x_value < x + x_len - 1 && *x_value == '0';)
		x_value++;
	for (y_value++; y_value < y + y_len - 1 && *y_value == '0';)
		y_value++;
	x_len -= (size_t)(x_value - x);
	y_len -= (size_t)(y_value - y);
	return x_len == y_len && strncasecmp(x_value, y_value, x_len) == 0;
}

static bool has_part(const char *have, const char *part, size_t len)
{
	for (; *have && *have != '\n'; have += *have == ';') {
		size_t n = strcspn(have, ";\n");

		if (same_part(have, n, part, len))
			return true;
		have += n;
	}
	return false;
}

/* Every domain that the wanted line names has that value. */
static bool line_matches(const char *schemata, const char *wanted)
{
	size_t name = strcspn(wanted, ":");
	const char *have = find_resource(schemata, wanted, name), *part = wanted + name;

	if (!have || *part != ':')
		return false;
	for (part++; *part; part += *part == ';') {
		size_t n = strcspn(part, ";");

		if (n > 0 && !has_part(have, part, n))
			return false;
		part += n;
	}
	return true;
}

static int compare(struct apply *ctx, int group, const struct op_rdt *op, struct err *e)
{
	char *schemata;
	int r;

	if (op->lines_len == 0)
		return 0;
	r = io_read_file(ctx->arena, group, "schemata", SCHEMATA_MAX, &schemata, NULL, e);

	for (size_t i = 0; i < op->lines_len && r == 0; i++)
		if (!line_matches(schemata, op->lines[i]))
			r = err_set(e, EEXIST, "the group %s exists, and its schemata are not \"%s\"", op->group,
				    op->lines[i]);
	return r;
}

static int make_group(struct apply *ctx, int root, const struct op_rdt *op, bool *ret_made, struct err *e)
{
	int r;

	*ret_made = false;
	if (op->make == RDT_MUST_EXIST)
		return 0;
	if (mkdirat(root, op->group, 0755) == 0) {
		*ret_made = true;
		ctx->rdt_made |= op->make == RDT_MAKE_OWN;
		return 0;
	}
	if (errno == EEXIST && op->make == RDT_MAKE_OR_COMPARE)
		return 0;
	if (errno == ENOSPC)
		r = err_sys(e, ENOSPC, "make the group %s (the processor has no more classes of service)", op->group);
	else
		r = err_sys(e, errno, "make the group %s", op->group);
	return explain(root, r, e);
}

static int fill_group(struct apply *ctx, int root, const struct op_rdt *op, bool made, struct err *e)
{
	_cleanup_close_ int group = openat(root, op->group, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (group < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "there is no group %s, and nothing says what it should be: make it, or "
			       "give a schema", op->group);
	if (group < 0)
		return err_sys(e, errno, "open the group %s", op->group);
	return made ? write_lines(ctx, root, group, op, e) : compare(ctx, group, op, e);
}

static int make_monitor(struct apply *ctx, int root, const struct op_rdt *op, struct err *e)
{
	if (!op->monitor)
		return 0;
	if (mkdirat(root, op->monitor, 0755) < 0) {
		int r = err_sys(e, errno, "make the monitoring group %s", op->monitor);

		return explain(root, r, e);
	}
	ctx->rdt_made = true;
	return 0;
}

int apply_rdt_group(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int root = open_resctrl(e);
	bool made;
	int r;

	if (root < 0)
		return root;
	r = make_group(ctx, root, op->rdt, &made, e);
	if (r < 0)
		return r;
	r = fill_group(ctx, root, op->rdt, made, e);
	if (r == 0)
		r = make_monitor(ctx, root, op->rdt, e);
	/* Only a group with a name of the config's outlives the container, but not if there never was one. */
	if (r < 0 && made)
		unlinkat(root, op->rdt->group, AT_REMOVEDIR);
	return r;
}

/* In one write, so that the kernel looks at all before it changes any. */
int apply_rdt_schemata(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int root = open_resctrl(e), group = -1;
	const char *text = "";
	int r;

	if (root < 0)
		return root;
	for (size_t i = 0; i < op->rdt->lines_len && text; i++)
		text = arena_printf(ctx->arena, "%s%s\n", text, op->rdt->lines[i]);
	if (!text)
		return err_oom(e);
	group = openat(root, op->rdt->group, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = group < 0 ? -errno : write_file(group, "schemata", text);
	if (r == 0)
		return 0;
	r = err_sys(e, -r, "write the schemata of the group %s", op->rdt->group);
	return explain(root, r, e);
}

static int join(struct apply *ctx, int root, const char *path, struct err *e)
{
	_cleanup_close_ int dir = openat(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char pid[24];
	int r;

	/* 0 is the writer. */
	snprintf(pid, sizeof pid, "%ld\n", (long)ctx->target);
	r = dir < 0 ? -errno : write_file(dir, "tasks", pid);
	if (r == 0)
		return 0;
	r = err_sys(e, -r, "put the process into the group %s", path);
	return explain(root, r, e);
}

int apply_rdt_task(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int root = open_resctrl(e);
	int r;

	if (root < 0)
		return root;
	/* A monitoring group takes only processes that are in the group that it is part of. */
	r = join(ctx, root, op->rdt->group, e);
	return r == 0 && op->rdt->monitor ? join(ctx, root, op->rdt->monitor, e) : r;
}

int rdt_destroy(const char *path, struct err *e)
{
	_cleanup_close_ int root = sys_resctrl_open();

	if (root == -ENODEV)
		return 0;
	if (root < 0)
		return err_sys(e, -root, "open the resctrl file system");
	if (unlinkat(root, path, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove the resctrl group %s", path);
	return 0;
}
