/* Why: all writes below /proc go through the runtime's own, checked handle, never through the container's tree (I4). */
#include "apply/procfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "sys/path.h"

int procfs_write(struct apply *ctx, const char *path, const char *text)
{
	_cleanup_close_ int fd = sys_open_beneath(ctx->proc_fd, path, O_WRONLY);

	if (fd < 0)
		return fd;
	/* One write(2): the kernel takes these files as a whole or not at all. */
	ssize_t n = write(fd, text, strlen(text));
	return n < 0 ? -errno : (size_t)n == strlen(text) ? 0 : -EIO;
}

int procfs_write_pid(struct apply *ctx, pid_t pid, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof path, "%ld/%s", (long)pid, name);
	return procfs_write(ctx, path, text);
}

/* "self" as the handle's procfs sees us, which may be another number than ours in a new pid namespace. */
static int own_path(struct apply *ctx, const char *name, char *buf, size_t size)
{
	char self[32];
	ssize_t n = readlinkat(ctx->proc_fd, "self", self, sizeof self - 1);

	if (n <= 0)
		return n < 0 ? -errno : -ESRCH;
	self[n] = '\0';
	return (size_t)snprintf(buf, size, "%s/%s", self, name) < size ? 0 : -ENAMETOOLONG;
}

int procfs_write_self(struct apply *ctx, const char *name, const char *text)
{
	char path[64];
	int r = own_path(ctx, name, path, sizeof path);

	return r < 0 ? r : procfs_write(ctx, path, text);
}

int procfs_read_self(struct apply *ctx, const char *name, char *buf, size_t size)
{
	char path[64];
	int r = own_path(ctx, name, path, sizeof path);
	_cleanup_close_ int fd = r < 0 ? r : sys_open_beneath(ctx->proc_fd, path, O_RDONLY);

	if (fd < 0)
		return fd;
	ssize_t n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

int apply_sysctl(struct apply *ctx, const struct op *op, struct err *e)
{
	char path[512];
	int r = -ENAMETOOLONG;

	if ((size_t)snprintf(path, sizeof path, "sys/%s", op->sysctl.key) < sizeof path)
		r = procfs_write(ctx, path, op->sysctl.value);
	return r < 0 ? err_sys(e, -r, "set it to '%s'", op->sysctl.value) : 0;
}

int apply_oom_score(struct apply *ctx, const struct op *op, struct err *e)
{
	char text[16];
	int r;

	snprintf(text, sizeof text, "%d", op->oom_score);
	r = ctx->target ? procfs_write_pid(ctx, ctx->target, "oom_score_adj", text)
			: procfs_write_self(ctx, "oom_score_adj", text);
	if (r == -EACCES || r == -EPERM)
		return err_sys(
			e, -r,
			"set it to %d (lowering it below the caller's own value needs CAP_SYS_RESOURCE on the host)",
			op->oom_score);
	return r < 0 ? err_sys(e, -r, "set it to %d", op->oom_score) : 0;
}

static size_t offset_line(char *buf, size_t size, const char *clock, const struct oci_time_offset *t)
{
	return t ? (size_t)snprintf(buf, size, "%s %lld %u\n", clock, (long long)t->secs, t->nanosecs) : 0;
}

int apply_time_offsets(struct apply *ctx, const struct op *op, struct err *e)
{
	char text[128];
	size_t n = offset_line(text, sizeof text, "monotonic", op->time_offsets->monotonic);
	int r;

	offset_line(text + n, sizeof text - n, "boottime", op->time_offsets->boottime);
	r = procfs_write_self(ctx, "timens_offsets", text);
	if (r == -ENOENT)
		return err_sys(e, ENOENT, "set the clocks (this kernel is built without time namespaces)");
	if (r == -ERANGE)
		return err_sys(e, ERANGE, "set the clocks (a clock may not go below 0, or more than 146 years ahead)");
	return r < 0 ? err_sys(e, -r, "set the clocks") : 0;
}
