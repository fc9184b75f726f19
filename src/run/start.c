/* Why: `start` (runtime.md, "Start"): tells init to go on, and hears from it if the program could not be run. */
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "apply/hook.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "run/open.h"
#include "run/start.h"
#include "run/sync.h"

static int connect_to_init(const struct opened *o, struct err *e)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof addr.sun_path, "/proc/self/fd/%d/%s", o->dir.fd, STATE_FILE_SOCKET);
	if (fd < 0)
		return err_sys(e, errno, "make a socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
		return take_fd(&fd);
	if (errno == ECONNREFUSED || errno == ENOENT)
		return err_set(e, EINVAL, "cannot start container \"%s\": it was started before", o->dir.id);
	return err_sys(e, errno, "reach the first process of container \"%s\"", o->dir.id);
}

int start_hear(int fd, struct err *e)
{
	struct sync_message m;
	int r = sync_recv(fd, &m);

	if (r == -ECONNRESET)
		return err_set(e, ECONNRESET, "the container's first process ended before it ran the program");
	if (r < 0)
		return err_sys(e, -r, "read from the container's first process");
	/* Its end closed at the exec. */
	if (r == 0)
		return 0;
	if (m.type != SYNC_ERROR)
		return err_set(e, EBADMSG, "unexpected message %d from the container", (int)m.type);
	*e = m.err;
	return -(e->num ? e->num : EIO);
}

/*
 * Who hears of a failed start, asks for the container's end next: an engine that was told before init has ended would
 * find it running, and not remove it. Ten seconds are for an init that is stuck in a dying file system.
 */
static void await_end(struct run_context *c, const struct opened *o)
{
	struct err ignored;
	_cleanup_close_ int pidfd = container_pidfd(c, o, &ignored);

	if (pidfd >= 0)
		poll(&(struct pollfd){ .fd = pidfd, .events = POLLIN }, 1, 10 * 1000);
}

int start_run_hooks(struct run_context *c, struct opened *o, struct err *e)
{
	const struct oci_hooks *hooks = o->record->hooks;
	const char *state;

	if (!hooks || !hooks->poststart_len)
		return 0;
	state = container_describe(c, o, OCI_STATUS_RUNNING);
	if (!state)
		return err_oom(e);
	if (hook_run_all(hooks->poststart, hooks->poststart_len, state, o->record->bundle, e) < 0)
		return err_prefix(e, "hooks.poststart");
	return 0;
}

static int start_opened(struct run_context *c, struct opened *o, struct err *e)
{
	_cleanup_close_ int fd = connect_to_init(o, e);
	int r = fd;

	if (r < 0)
		return r;
	r = sync_send(fd, SYNC_START, 0);
	if (r < 0)
		return err_sys(e, -r, "tell the container's first process to go on");
	r = start_hear(fd, e);
	if (r < 0) {
		await_end(c, o);
		return r;
	}
	o->record->status = OCI_STATUS_RUNNING;
	r = state_write(&o->dir, o->record, e);
	unlinkat(o->dir.fd, STATE_FILE_SOCKET, 0);
	if (r == 0)
		r = start_run_hooks(c, o, e);
	/* runtime.md, "Lifecycle" 9: a failed poststart hook stops the container and it is destroyed. */
	struct err later;
	if (r < 0 && container_destroy(c, o, &later) < 0)
		log_warning("%s", later.text);
	return r;
}

int run_start(struct run_context *c, const char *id, struct err *e)
{
	struct opened o;
	int r = container_open(c, id, &o, e);

	if (r == -ENODATA)
		err_set(e, EINVAL,
			"cannot start container \"%s\": its creation was interrupted: delete --force removes it", id);
	else if (r == 0 && o.status == OCI_STATUS_STOPPED)
		r = err_set(e, EINVAL, "cannot start a container that has stopped");
	else if (r == 0 && o.status != OCI_STATUS_CREATED)
		r = err_set(e, EINVAL, "cannot start container \"%s\": it is %s, not created", id,
			    oci_status_name(o.status));
	/* Init would not hear us, and we would hold the lock that resume needs. */
	if (r == 0 && (r = container_paused(c, &o, e)) > 0)
		r = err_set(e, EINVAL, "cannot start container \"%s\": it is paused: resume it first", id);
	if (r == 0)
		r = start_opened(c, &o, e);
	state_close(&o.dir);
	return r;
}
