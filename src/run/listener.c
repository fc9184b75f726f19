/* Why: see listener.h. */
#include "run/listener.h"

#include <errno.h>

#include "base/cleanup.h"
#include "sys/socket.h"

int listener_prepare(struct listener *l, struct apply *ctx, struct err *e)
{
	int r;

	if (ctx->listener_fd < 0)
		return 0;
	l->agent = take_fd(&ctx->listener_fd);
	r = sys_socket_pair(l->pair);
	if (r < 0)
		return err_sys(e, -r, "make a socket pair");
	ctx->listener_fd = l->pair[1];
	return 0;
}

void listener_close(struct listener *l)
{
	close_fd(&l->agent);
	close_fd(&l->pair[0]);
}

int listener_receive(struct listener *l, int *ret, struct err *e)
{
	char text[8];
	int r;

	*ret = -1;
	if (l->agent < 0)
		return 0;
	/* So that the other's end is the process's alone, and its death is seen. */
	close_fd(&l->pair[1]);
	r = sys_socket_recv_fd(l->pair[0], text, sizeof text, ret);
	return r < 0 && r != -ECONNRESET ? err_sys(e, -r, "receive the filter's descriptor") : 0;
}

int listener_send(struct listener *l, int fd, const char *state_json, struct err *e)
{
	int r = sys_socket_send_fd(l->agent, state_json, fd);

	close_fd(&l->agent);
	return r < 0 ? err_sys(e, -r, "linux.seccomp: cannot send the descriptor to the one who answers the filter's "
			       "questions") : 0;
}
