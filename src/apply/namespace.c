/* Why: entering namespaces, and setting what belongs to the new ones. */
#include "apply/apply.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "apply/procfs.h"
#include "base/cleanup.h"
#include "sys/creds.h"
#include "sys/namespace.h"
#include "sys/process.h"

static int join_one(const struct plan_join *j, int fd, struct err *e)
{
	int r = sys_setns(fd, j->flag);

	if (r == -EINVAL)
		return err_set(e, EINVAL, "join %s: is not a %s namespace", j->path, oci_namespace_type_name(j->type));
	return r < 0 ? err_sys(e, -r, "join the %s namespace %s", oci_namespace_type_name(j->type), j->path) : 0;
}

/*
 * Opened all at once, since a joined mount namespace changes what the paths mean; the mount namespace comes last.
 * A namespace may belong to the user namespace that is joined too, or to ours: those that cannot be entered before
 * the user namespace is are tried again after it.
 */
static int join_all(const struct op_join *op, int *fds, struct err *e)
{
	bool todo[16] = { false };

	for (size_t i = 0; i < op->len; i++) {
		const struct plan_join *j = &op->items[i];

		todo[i] = true;
		if (j->flag == CLONE_NEWUSER || j->flag == CLONE_NEWNS)
			continue;
		int r = sys_setns(fds[i], j->flag);
		if (r == 0)
			todo[i] = false;
		else if (r != -EPERM)
			return join_one(j, fds[i], e);
	}
	static const uint64_t order[] = { CLONE_NEWUSER, ~(uint64_t)(CLONE_NEWUSER | CLONE_NEWNS), CLONE_NEWNS };
	for (size_t k = 0; k < sizeof order / sizeof *order; k++)
		for (size_t i = 0; i < op->len; i++) {
			if (!todo[i] || !(op->items[i].flag & order[k]))
				continue;
			int r = join_one(&op->items[i], fds[i], e);
			if (r < 0)
				return r;
			todo[i] = false;
		}
	return 0;
}

/* What /proc says of a user namespace that somebody else has made (user_namespaces(7), "/proc/PID/setgroups"). */
static int look_at_joined(struct apply *ctx, const struct op_join *op, struct err *e)
{
	char text[16];

	for (size_t i = 0; i < op->len; i++) {
		if (op->items[i].flag != CLONE_NEWUSER)
			continue;
		int r = procfs_read_self(ctx, "setgroups", text, sizeof text);
		if (r < 0)
			return err_sys(e, -r, "read setgroups of the user namespace %s", op->items[i].path);
		ctx->setgroups_denied = strncmp(text, "deny", 4) == 0;
	}
	return 0;
}

/*
 * Who is root in a joined user namespace could trace us, and init before init can object. Where a user namespace is
 * made after the joining, the files in /proc must stay ours until its id maps are written.
 */
static int forbid_tracing(const struct plan *p)
{
	return p->outer_userns || (p->init_flags & CLONE_NEWUSER) ? 0 : sys_set_dumpable(false);
}

int apply_join(struct apply *ctx, const struct op *op, struct err *e)
{
	int fds[16], r = forbid_tracing(ctx->plan);
	size_t n = 0;

	if (r < 0)
		return err_sys(e, -r, "forbid tracing");
	if (op->join.len > sizeof fds / sizeof *fds)
		return err_set(e, EINVAL, "too many namespaces to join");
	for (; n < op->join.len; n++) {
		fds[n] = open(op->join.items[n].path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fds[n] < 0) {
			r = err_sys(e, errno, "open the %s namespace %s",
				    oci_namespace_type_name(op->join.items[n].type), op->join.items[n].path);
			break;
		}
	}
	if (r == 0)
		r = join_all(&op->join, fds, e);
	while (n > 0)
		close(fds[--n]);
	return r < 0 ? r : look_at_joined(ctx, &op->join, e);
}

int apply_unshare(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_unshare(op->unshare.flags);

	(void)ctx;
	if (r == -EPERM || r == -ENOSPC)
		return err_sys(
			e, -r,
			"make new namespaces (are user namespaces allowed here? see user.max_user_namespaces and "
			"kernel.unprivileged_userns_clone)");
	return r < 0 ? err_sys(e, -r, "make new namespaces") : 0;
}

int apply_set_ids(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_gid(op->set_ids.gid);

	(void)ctx;
	if (r == 0)
		r = sys_set_uid(op->set_ids.uid);
	if (r < 0)
		return err_sys(e, -r, "become id %u:%u of the user namespace", op->set_ids.uid, op->set_ids.gid);
	/* The kernel forgets it when the ids change, and the container does not exist yet. */
	r = sys_die_with_parent(true);
	return r < 0 ? err_sys(e, -r, "ask to die with the runtime") : 0;
}

int apply_keyring(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_new_session_keyring(op->text);

	(void)ctx;
	/* ENOSYS: a kernel without keyrings has none to share. */
	if (r < 0 && r != -ENOSYS)
		return err_sys(e, -r, "make a session keyring (%s--no-new-keyring shares the caller's)",
			       r == -EDQUOT ? "the user has as many as kernel.keys.maxkeys allows; " : "");
	return 0;
}

int apply_loopback(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_loopback_up();

	(void)ctx;
	(void)op;
	return r < 0 ? err_sys(e, -r, "bring the loopback interface up") : 0;
}

int apply_hostname(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_hostname(op->text);

	(void)ctx;
	return r < 0 ? err_sys(e, -r, "set it to '%s'", op->text) : 0;
}

int apply_domainname(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_domainname(op->text);

	(void)ctx;
	return r < 0 ? err_sys(e, -r, "set it to '%s'", op->text) : 0;
}
