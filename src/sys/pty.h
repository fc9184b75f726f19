/* Pseudo-terminals, by descriptors only: no name in /dev/pts is ever looked up. See pts(4), ioctl_tty(2). */
#pragma once

#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <termios.h>

/*
 * Makes a new terminal on the devpts that is mounted on dev/pts below root_fd (a directory), unlocked. The path is
 * resolved inside root_fd, without magic links, and checked before anything is opened: the device 5:2. proc_fd: the
 * host's /proc. Returns the master (close-on-exec, the caller's) or -errno; -ENODEV: something else is there.
 */
int sys_pty_open(int proc_fd, int root_fd);
/*
 * The slave's descriptor (close-on-exec, the caller's), straight from the master and checked to be on a devpts, or
 * -errno.
 */
int sys_pty_slave(int master);
/* N of /dev/pts/N. */
int sys_pty_number(int master, unsigned *ret);

int sys_pty_set_size(int fd, unsigned rows, unsigned columns);
int sys_pty_get_size(int fd, struct winsize *ret);
/* Output is passed on as it is written: without ONLCR (termios(3)). */
int sys_pty_plain_lines(int slave);
/* Its group stays the one that the devpts was mounted with. */
int sys_pty_chown(int slave, uid_t uid);

/* Makes it the controlling terminal of the session that the caller leads. */
int sys_pty_control(int slave);
/* Puts fd in place of 0, 1 and 2. */
int sys_pty_become_standard(int fd);
