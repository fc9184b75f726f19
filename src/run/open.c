/* Why: a container is found by its record, and its process only ever by a pidfd that was checked against the record. */
#include "run/open.h"

#include <poll.h>
#include <signal.h>

#include "apply/hook.h"
#include "apply/rdt.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "libocispec/field/write.h"
#include "run/systemd.h"
#include "state/codec.h"
#include "state/process.h"
#include "state/status.h"
#include "sys/process.h"

/* How long a killed process may take to die: it may have to write back a large file first. */
enum { DEATH_MS = 30 * 1000 };

int container_open(struct run_context *c, const char *id, struct opened *ret, struct err *e)
{
	int r;

	*ret = (struct opened){ .dir = STATE_DIR_INIT };
	r = state_open(c->root, id, &ret->dir, e);
	if (r < 0)
		return r;
	r = state_read(c->arena, &ret->dir, &ret->record, e);
	if (r < 0)
		return r;
	r = state_status(c->proc_fd, ret->record, &ret->status, e);
	return r;
}

int container_paused(struct run_context *c, const struct opened *o, struct err *e)
{
	return run_is_paused(c->root, -1, o->record, o->status, e);
}

const char *container_describe(struct run_context *c, const struct opened *o, enum oci_status status)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_state state;

	state_describe(o->record, status, &state);
	if (oci_write(&text, &oci_state_type, &state, OCI_COMPACT) < 0 || text.failed)
		return NULL;
	return arena_strdup(c->arena, text.text);
}

int container_pidfd(struct run_context *c, const struct opened *o, struct err *e)
{
	pid_t pid = (pid_t)o->record->pid;
	bool alive;
	int r;

	if (!o->record->has_pid || pid <= 0)
		return -ESRCH;
	_cleanup_close_ int fd = sys_pidfd_open(pid);
	if (fd == -ESRCH)
		return -ESRCH;
	if (fd < 0)
		return err_sys(e, -fd, "open process %ld", (long)pid);
	/*
	 * The pid may have been given to another process: the start time is looked at while the pidfd holds on to
	 * it.
	 */
	r = state_process_alive(c->proc_fd, pid, o->record->pid_start_time, &alive, e);
	if (r < 0)
		return r;
	return alive ? take_fd(&fd) : -ESRCH;
}

static int kill_and_wait(struct run_context *c, const struct opened *o, struct err *e)
{
	_cleanup_close_ int fd = container_pidfd(c, o, e);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r;

	if (fd == -ESRCH)
		return 0;
	if (fd < 0)
		return fd;
	r = sys_pidfd_kill(fd, SIGKILL);
	if (r < 0 && r != -ESRCH)
		return err_sys(e, -r, "kill process %ld", (long)o->record->pid);
	do
		r = poll(&p, 1, DEATH_MS);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return err_set(e, EBUSY, "process %ld does not die: it is still there %d s after SIGKILL",
			       (long)o->record->pid, DEATH_MS / 1000);
	return r < 0 ? err_sys(e, errno, "wait for process %ld", (long)o->record->pid) : 0;
}

/* runtime.md, "Lifecycle" 13: a poststop hook that fails is a warning, and the others run all the same. */
void container_poststop(struct run_context *c, const struct opened *o)
{
	const struct oci_hooks *hooks = o->record->hooks;
	const char *state = hooks ? container_describe(c, o, OCI_STATUS_STOPPED) : NULL;
	struct err e;

	for (size_t i = 0; state && i < hooks->poststop_len; i++)
		if (hook_run(&hooks->poststop[i], state, o->record->bundle, "poststop hook", &e) < 0)
			log_warning("%s", e.text);
}

int container_destroy(struct run_context *c, struct opened *o, struct err *e)
{
	int r = kill_and_wait(c, o, e);

	if (r == 0)
		r = systemd_destroy_cgroup(c->root, o->record, e);
	if (r == 0 && o->record->rdt_path)
		r = rdt_destroy(o->record->rdt_path, e);
	if (r < 0)
		return r;
	/* Also if its creation was interrupted: createRuntime hooks may have run, and these undo them. */
	container_poststop(c, o);
	return state_remove(&o->dir, e);
}
