/*
 * Why: the container's terminal belongs to the container's own devpts, so it is made by init, below the new root,
 * and its other end goes to whoever listens on the console socket. The rootfs may be hostile: no name that it holds
 * is trusted, the slave and the mount on /dev/console come from the master's descriptor (CVE-2025-52565).
 */
#include <stdio.h>

#include "apply/apply.h"
#include "apply/mount.h"
#include "apply/rootfs.h"
#include "base/cleanup.h"
#include "sys/mount.h"
#include "sys/process.h"
#include "sys/pty.h"
#include "sys/socket.h"

static int open_terminal(struct apply *ctx, int *ret_master, int *ret_slave, struct err *e)
{
	_cleanup_close_ int master = sys_pty_open(ctx->proc_fd, ctx->root_fd);
	int slave;

	if (master == -ENOENT)
		return err_sys(e, ENOENT, "/dev/pts/ptmx is missing in the container: mount a devpts on /dev/pts");
	if (master == -ENODEV)
		return err_set(e, ENODEV, "/dev/pts/ptmx in the container is not the terminal multiplexer: mount a "
			       "devpts on /dev/pts");
	if (master < 0)
		return err_sys(e, -master, "cannot make a terminal on the container's devpts");
	slave = sys_pty_slave(master);
	if (slave < 0)
		return err_sys(e, -slave, "cannot open the container's end of its terminal");
	*ret_master = take_fd(&master);
	*ret_slave = slave;
	return 0;
}

static int prepare(const struct op_console *console, int slave, struct err *e)
{
	int r = sys_pty_chown(slave, console->uid);

	if (r < 0)
		return err_sys(e, -r, "cannot give the terminal to uid %u", console->uid);
	if (console->plain_lines) {
		r = sys_pty_plain_lines(slave);
		if (r < 0)
			return err_sys(e, -r, "cannot set the terminal's output mode");
	}
	if (console->rows == 0 && console->columns == 0)
		return 0;
	r = sys_pty_set_size(slave, console->rows, console->columns);
	return r < 0 ? err_sys(e, -r, "cannot set the terminal's size to %ux%u", console->columns, console->rows) : 0;
}

static int bind_console(struct apply *ctx, int slave, struct err *e)
{
	_cleanup_close_ int mount = -1, target = -1;
	int r;

	mount = sys_clone_tree_fd(slave, false);
	if (mount < 0)
		return err_sys(e, -mount, "cannot make a mount of the terminal for /dev/console");
	r = rootfs_mount_point(ctx, "/dev/console", false, true, &target, e);
	return r < 0 ? r : mount_attach(mount, target, "/dev/console", e);
}

static int hand_over(struct apply *ctx, int master, struct err *e)
{
	unsigned number;
	char name[32];
	int r;

	r = sys_pty_number(master, &number);
	if (r < 0)
		return err_sys(e, -r, "cannot tell the terminal's number");
	snprintf(name, sizeof name, "/dev/pts/%u", number);
	r = sys_socket_send_fd(ctx->console_fd, name, master);
	return r < 0 ? err_sys(e, -r, "cannot send the terminal through the console socket") : 0;
}

static int take_control(int slave, struct err *e)
{
	int r = sys_pty_control(slave);

	return r < 0 ? err_sys(e, -r, "cannot make it the controlling terminal") : 0;
}

int apply_console(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int master = -1, slave = -1;
	int r;

	if (ctx->console_fd < 0)
		return err_set(e, EINVAL, "a terminal is asked for, and nobody is there to take it: give "
			       "--console-socket");
	r = open_terminal(ctx, &master, &slave, e);
	if (r == 0)
		r = prepare(&op->console, slave, e);
	if (r == 0 && op->console.bind_console)
		r = bind_console(ctx, slave, e);
	if (r == 0)
		r = hand_over(ctx, master, e);
	if (r == 0 && !op->console.session_later)
		r = take_control(slave, e);
	if (r < 0)
		return r;
	r = sys_pty_become_standard(slave);
	return r < 0 ? err_sys(e, -r, "cannot make it the standard streams") : 0;
}

int apply_session(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_new_session();

	(void)ctx;
	if (r < 0)
		return err_sys(e, -r, "cannot begin a session of its own");
	return op->session.terminal ? take_control(0, e) : 0;
}
