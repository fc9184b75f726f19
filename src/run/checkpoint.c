/*
 * Why: `checkpoint`. The container's processes become files, by criu; what belongs to the container on the host's side
 * is then removed, unless it is to go on.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "plan/checkpoint.h"
#include "run/criu.h"
#include "run/open.h"

enum { MOUNTINFO_MAX = 64 << 20 };

struct checkpoint {
	struct criu_job job;
	struct run_context *context;
	struct opened container;
	struct oci_spec *config;
	struct checkpoint_facts facts;
};

static int read_proc(struct checkpoint *x, const char *path, const char **ret, struct err *e)
{
	_cleanup_close_ int fd = openat(x->context->proc_fd, path, O_RDONLY | O_CLOEXEC);
	char *text;
	int r;

	if (fd < 0)
		return err_sys(e, errno, "open /proc/%s", path);
	r = io_read_fd(x->context->arena, fd, path, MOUNTINFO_MAX, &text, NULL, e);
	*ret = text;
	return r;
}

static int read_stream(struct checkpoint *x, int number, struct checkpoint_stream *ret, struct err *e)
{
	struct arena *a = x->context->arena;
	char path[64], name[4096];
	const char *info, *mount;
	struct stat st;
	ssize_t n;
	int r;

	snprintf(path, sizeof path, "%ld/fd/%d", (long)x->facts.pid, number);
	n = readlinkat(x->context->proc_fd, path, name, sizeof name - 1);
	/* The program may have closed it. */
	if (n < 0 && errno == ENOENT) {
		ret->name = "";
		return 0;
	}
	if (n < 0 || fstatat(x->context->proc_fd, path, &st, 0) < 0)
		return err_sys(e, errno, "look at /proc/%s", path);
	ret->name = arena_strndup(a, name, (size_t)n);
	ret->inode = st.st_ino;
	/* Terminals are criu's business: its own, or with --shell-job the caller's. */
	ret->file = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && strcmp(name,
		"/dev/null") == 0);
	snprintf(path, sizeof path, "%ld/fdinfo/%d", (long)x->facts.pid, number);
	r = read_proc(x, path, &info, e);
	if (r < 0)
		return r;
	mount = strstr(info, "mnt_id:");
	ret->mount_id = mount ? atoi(mount + strlen("mnt_id:")) : -1;
	return ret->name ? 0 : err_oom(e);
}

static int read_inode(struct checkpoint *x, const char *name, uint64_t *ret, struct err *e)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof path, "%ld/ns/%s", (long)x->facts.pid, name);
	if (fstatat(x->context->proc_fd, path, &st, 0) < 0)
		return err_sys(e, errno, "look at /proc/%s", path);
	*ret = st.st_ino;
	return 0;
}

static int read_facts(struct checkpoint *x, struct err *e)
{
	struct checkpoint_facts *f = &x->facts;
	char path[64];
	int r;

	f->pid = (pid_t)x->container.record->pid;
	f->rootfs = x->container.record->rootfs;
	snprintf(path, sizeof path, "%ld/mountinfo", (long)f->pid);
	r = read_proc(x, path, &f->mounts, e);
	if (r == 0)
		r = read_proc(x, "self/mountinfo", &f->host_mounts, e);
	if (r == 0)
		r = read_inode(x, "net", &f->net_inode, e);
	if (r == 0)
		r = read_inode(x, "pid", &f->pid_inode, e);
	for (int i = 0; r == 0 && i < 3; i++)
		r = read_stream(x, i, &f->streams[i], e);
	return r;
}

static void add_json_text(struct str *out, const char *text)
{
	str_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			str_addc(out, '\\');
		if ((unsigned char)*text < ' ')
			str_addf(out, "\\u%04x", (unsigned char)*text);
		else
			str_addc(out, *text);
	}
	str_addc(out, '"');
}

static int write_names(struct checkpoint *x, const char *const names[static 3], struct err *e)
{
	_cleanup_str_ struct str text = STR_INIT;

	for (int i = 0; i < 3; i++) {
		str_addc(&text, i ? ',' : '[');
		add_json_text(&text, names[i]);
	}
	str_addc(&text, ']');
	if (text.failed)
		return err_oom(e);
	return io_write_file_atomic(x->job.images_fd, CHECKPOINT_DESCRIPTORS, str_text(&text), text.len, 0600, e);
}

static int dump(struct checkpoint *x, const struct checkpoint_options *o, struct err *e)
{
	struct criu_job *job = &x->job;
	struct criu_answer answer;
	const char *names[3];
	int r = read_facts(x, e);

	if (r == 0)
		r = checkpoint_plan_dump(x->context->arena, x->config, o, &x->facts, &job->request, names, e);
	if (r == 0)
		r = write_names(x, names, e);
	if (r < 0)
		return r;
	criu_number(&job->request, CRIU_IMAGES_DIR, (uint64_t)job->images_fd);
	criu_number(&job->request, CRIU_WORK_DIR, (uint64_t)job->work_fd);
	return criu_run(job, &answer, e);
}

static int check_status(struct checkpoint *x, const char *id, struct err *e)
{
	int r;

	if (x->container.status != OCI_STATUS_RUNNING)
		return err_set(e, EINVAL, "cannot checkpoint container \"%s\": it is %s, not running", id,
			       oci_status_name(x->container.status));
	r = container_paused(x->context, &x->container, e);
	return r > 0 ? err_set(e, EINVAL, "cannot checkpoint container \"%s\": it is paused: resume it first", id) : r;
}

int run_checkpoint(struct run_context *c, const char *id, const struct checkpoint_options *o, struct err *e)
{
	struct checkpoint x = { .context = c };
	int r;

	x.job = (struct criu_job){ .context = c, .options = o, .log_name = "dump.log", .cgroup_fd = -1 };
	r = container_open(c, id, &x.container, e);
	if (r == -ENODATA)
		err_set(e, EINVAL, "container \"%s\": its creation was interrupted: delete --force removes it", id);
	if (r == 0)
		r = check_status(&x, id, e);
	if (r == 0)
		r = state_read_config(c->arena, &x.container.dir, &x.config, e);
	if (r == 0)
		x.config->annotations = x.container.record->annotations;
	if (r == 0)
		r = criu_open(&x.job, true, e);
	if (r == 0) {
		r = dump(&x, o, e);
		criu_close(&x.job);
	}
	/* criu has killed the processes. */
	if (r == 0 && !o->leave_running && !o->pre_dump)
		r = container_destroy(c, &x.container, e);
	state_close(&x.container.dir);
	return r;
}
