/*
 * Why: limits are texts in files of the container's cgroup, which the kernel takes or refuses with a bare number. What
 * it meant is said here; and a change of many limits happens whole or not at all.
 */
#include "apply/resources.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "apply/controllers.h"
#include "base/str.h"
#include "sys/cgroup.h"

enum { FILE_MAX = 16 * 1024 };

/* A file and a value for it, as it turned out on this host. */
struct setting {
	const char *file, *value;
};

/* ---- one operation ---- */

/* A kernel without swap has no file for its limit, and nothing to limit. */
static bool is_without_swap(const struct apply *ctx, const char *file)
{
	return strcmp(file, "memory.swap.max") == 0 && faccessat(ctx->proc_fd, "swaps", F_OK, 0) < 0 && errno == ENOENT;
}

static int explain(const struct setting *s, int r, struct err *e)
{
	bool io = str_has_prefix(s->file, "io.");

	if (r == -ENOENT && strcmp(s->file, "memory.swap.max") == 0)
		return err_set(e, ENOENT, "this kernel does not count swap by cgroup: boot with swapaccount=1");
	if (r == -ENOENT && strcmp(s->file, "io.weight") == 0)
		return err_set(e, ENOENT,
			       "this kernel has neither io.bfq.weight nor io.weight: it needs the I/O scheduler "
			       "BFQ (modprobe bfq) or CONFIG_BLK_CGROUP_IOCOST");
	if (r == -ENOENT)
		return err_set(e, ENOENT, "this kernel has no file %s in a cgroup: no such file or directory", s->file);
	if (r == -ENODEV && io)
		return err_set(e, ENODEV, "write \"%s\" to %s: there is no such block device", s->value, s->file);
	return err_sys(e, -r, "write \"%s\" to %s", s->value, s->file);
}

/* Nothing is written by a write of nothing. */
static int write_setting(int fd, const struct setting *s)
{
	return sys_cgroup_write(fd, s->file, *s->value ? s->value : "\n");
}

int apply_cgroup_write(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_cgroup_write *w = &op->cgroup_write;
	struct setting s = { w->file, w->value };
	int r;

	if (ctx->cgroup_fd < 0)
		return 0;
	r = write_setting(ctx->cgroup_fd, &s);
	if (r == -ENOENT && w->else_file) {
		s = (struct setting){ w->else_file, w->else_value };
		r = write_setting(ctx->cgroup_fd, &s);
	}
	if (r == -ENOENT && (w->if_there || is_without_swap(ctx, s.file)))
		return 0;
	return r < 0 ? explain(&s, r, e) : 0;
}

int apply_cgroup_controllers(struct apply *ctx, const struct op *op, struct err *e)
{
	const char *path = ctx->cgroup_path ? ctx->cgroup_path : ctx->plan->cgroup_path;

	return controllers_enable(path, ctx->cgroup_fd, op->text, e);
}

int apply_cgroup_fits(struct apply *ctx, const struct op *op, struct err *e)
{
	unsigned long long bytes;
	char text[64];
	int r = sys_cgroup_read(ctx->cgroup_fd, "memory.current", text, sizeof text);

	if (r == 0) {
		text[strcspn(text, "\n")] = '\0';
		r = parse_u64(text, UINT64_MAX, &bytes);
	}
	if (r < 0)
		return err_sys(e, -r, "read memory.current, for memory.checkBeforeUpdate");
	if (bytes >= op->fits)
		return err_set(e, EBUSY,
			       "%llu bytes are in use, so the limit cannot be %llu (memory.checkBeforeUpdate)", bytes,
			       (unsigned long long)op->fits);
	return 0;
}

/* ---- many, with a way back ---- */

/* In such a file each line is about a device, or a kind of thing, and is written by itself. */
static bool has_lines(const char *file)
{
	return str_has_prefix(file, "io.") || str_has_prefix(file, "rdma.") || str_has_prefix(file, "misc.") ||
	       str_has_prefix(file, "dmem.");
}

/* What a device has that the file does not speak of; NULL: unknown. */
static const char *absent_line(struct arena *a, const char *file, const char *key, size_t len)
{
	const char *rest = strcmp(file, "io.max") == 0 ? " rbps=max wbps=max riops=max wiops=max"
			   : strcmp(file, "io.weight") == 0 || strcmp(file, "io.bfq.weight") == 0 ? " default"
												  : NULL;

	return rest ? arena_printf(a, "%.*s%s", (int)len, key, rest) : NULL;
}

/* The value that takes back what the setting is about to do, out of the file's text. */
static const char *old_value(struct arena *a, const struct setting *s, const char *text)
{
	const char *key = strchr(s->value, ' ') ? s->value : "default";
	size_t len = strcspn(key, " ");

	if (!has_lines(s->file))
		return arena_strndup(a, text, strcspn(text, "\n"));
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return arena_strndup(a, line, strcspn(line, "\n"));
	return absent_line(a, s->file, key, len);
}

/* What the operation will write to, with its old value. 1: there is no such file, so there will be nothing to undo. */
static int look(struct apply *ctx, const struct op_cgroup_write *w, struct setting *ret, struct err *e)
{
	struct setting s = { w->file, w->value };
	char *text = arena_alloc(ctx->arena, FILE_MAX);
	int r;

	if (!text)
		return err_oom(e);
	r = sys_cgroup_read(ctx->cgroup_fd, s.file, text, FILE_MAX);
	if (r == -ENOENT && w->else_file) {
		s = (struct setting){ w->else_file, w->else_value };
		r = sys_cgroup_read(ctx->cgroup_fd, s.file, text, FILE_MAX);
	}
	if (r == -ENOENT)
		return 1;
	/* One that can only be written, such as cgroup.kill, has no old value. */
	ret->file = s.file;
	ret->value = r < 0 ? NULL : old_value(ctx->arena, &s, text);
	return 0;
}

/* Backwards, so that each value meets what it was written with. What fails is named behind the message. */
static void undo(struct apply *ctx, const struct setting *old, size_t len, struct err *e)
{
	_cleanup_str_ struct str left = STR_INIT;
	const struct err cause = *e;

	while (len-- > 0) {
		if (old[len].value && write_setting(ctx->cgroup_fd, &old[len]) == 0)
			continue;
		str_addf(&left, "%s%s", left.len ? ", " : "", old[len].file);
	}
	if (left.len > 0)
		err_set(e, cause.num, "%s; already changed, and could not be put back: %s", cause.text, left.text);
}

int resources_update(struct apply *ctx, struct err *e)
{
	static apply_function *const functions[OP_COUNT] = {
		[OP_CGROUP_CONTROLLERS] = apply_cgroup_controllers,
		[OP_CGROUP_FITS] = apply_cgroup_fits,
		[OP_CGROUP_WRITE] = apply_cgroup_write,
		[OP_RDT_SCHEMATA] = apply_rdt_schemata,
	};
	struct setting *old = arena_array(ctx->arena, ctx->plan->len + 1, sizeof *old);
	size_t changed = 0;
	int r = old ? 0 : err_oom(e);

	for (size_t i = 0; i < ctx->plan->len && r >= 0; i++) {
		const struct op *op = &ctx->plan->ops[i];
		int missing = 1;

		if (op->type == OP_CGROUP_WRITE)
			r = missing = look(ctx, &op->cgroup_write, &old[changed], e);
		if (r >= 0)
			r = functions[op->type](ctx, op, e);
		if (r == 0 && missing == 0)
			changed++;
		if (r < 0)
			op->index < 0 ? err_prefix(e, "%s", op->where) : err_prefix(e, "%s[%d]", op->where, op->index);
	}
	if (r < 0)
		undo(ctx, old, changed, e);
	return r < 0 ? r : 0;
}
