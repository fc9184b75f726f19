/* Unix sockets: connecting to one by path, and passing one descriptor along. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/*
 * Connects to a stream socket by its path, which may be longer than sun_path has room for. Returns the descriptor
 * (close-on-exec, the caller's) or -errno.
 */
int sys_socket_connect(const char *path);

/* Sends one message of text and exactly one descriptor. text must not be empty: no descriptor travels on nothing. */
int sys_socket_send_fd(int sock, const char *text, int fd);

/*
 * Receives one message: its first bytes into text (NUL-terminated, cut to size) and its descriptor (close-on-exec, the
 * caller's). -ECONNRESET: the peer hung up; -EBADMSG: a message without exactly one descriptor.
 */
int sys_socket_recv_fd(int sock, char *text, size_t size, int *ret_fd);

/* A connected pair of stream sockets, close-on-exec. */
int sys_socket_pair(int ret[static 2]);
