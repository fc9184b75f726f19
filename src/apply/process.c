/*
 * Why: turns the container's first process, which can still do everything, into the program that can only do what
 * the config allows. The order is the planner's (plan/process.c says why it is that one); here each step checks its
 * own effect.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "apply/apply.h"
#include "plan/capability.h"
#include "sys/creds.h"
#include "sys/exec.h"

int apply_umask(struct apply *ctx, const struct op *op, struct err *e)
{
	(void)ctx;
	(void)e;
	sys_umask(op->mode & 0777);
	return 0;
}

int apply_rlimit(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_rlimit *limit = &op->rlimit;
	int r = sys_set_rlimit(limit->resource, limit->soft, limit->hard);

	(void)ctx;
	if (r == -EPERM)
		return err_sys(e, EPERM, "cannot set %s to soft %llu, hard %llu: raising the hard limit needs "
			       "CAP_SYS_RESOURCE on the host", limit->name, (unsigned long long)limit->soft,
			       (unsigned long long)limit->hard);
	if (r < 0)
		return err_sys(e, -r, "cannot set %s to soft %llu, hard %llu", limit->name,
			       (unsigned long long)limit->soft, (unsigned long long)limit->hard);
	return 0;
}

int apply_personality(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_personality(op->personality);

	(void)ctx;
	return r < 0 ? err_sys(e, -r, "cannot set the execution domain %#lx", op->personality) : 0;
}

/* What the program inherits: streams 0-2, the preserved descriptors, default signals. The others close at the exec. */
int apply_close_fds(struct apply *ctx, const struct op *op, struct err *e)
{
	int r;

	(void)ctx;
	r = sys_fill_standard_streams();
	if (r < 0)
		return err_sys(e, -r, "cannot open /dev/null for a closed standard stream");
	for (unsigned i = 0; i < op->preserve; i++) {
		r = sys_set_cloexec((int)(3 + i), false);
		if (r < 0)
			return err_set(e, EBADF, "--preserve-fds %u: descriptor %u is not open", op->preserve, 3 + i);
	}
	/* Not closed at once: the connection that reports a failed exec is among them. */
	r = sys_cloexec_from(3 + op->preserve);
	if (r < 0)
		return err_sys(e, -r, "cannot mark descriptors from %u on close-on-exec", 3 + op->preserve);
	r = sys_reset_signals();
	return r < 0 ? err_sys(e, -r, "cannot reset the signal mask") : 0;
}

/* Whoever opens /dev/stderr opens the pipe again, and needs to own it. */
int apply_streams(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_give_streams(op->user.uid, op->user.gid);

	(void)ctx;
	return r < 0 ? err_sys(e, -r, "cannot give the standard streams to the user") : 0;
}

int apply_bounding(struct apply *ctx, const struct op *op, struct err *e)
{
	uint64_t now;
	int r = 0;

	(void)ctx;
	for (unsigned cap = 0; cap < 64 && r == 0; cap++)
		if (!(op->capabilities.bounding & CAPABILITY_BIT(cap)))
			r = sys_bounding_drop(cap);
	/* Past the last capability that this kernel knows. */
	if (r == 0 || r == -EINVAL)
		r = sys_bounding_get(&now, NULL);
	if (r < 0)
		return err_sys(e, -r, "cannot reduce the capability bounding set");
	if (now != op->capabilities.bounding)
		return err_set(e, EPERM, "the capability bounding set is %#llx where the config asks for %#llx",
			       (unsigned long long)now, (unsigned long long)op->capabilities.bounding);
	return 0;
}

/* The permitted set has survived the change of ids; the rest of the way needs it to be effective again. */
static int make_permitted_effective(struct err *e)
{
	struct sys_caps caps;
	int r;

	r = sys_keep_caps(false);
	if (r == 0)
		r = sys_caps_get(&caps);
	if (r == 0) {
		caps.effective = caps.permitted;
		r = sys_caps_set(&caps);
	}
	return r < 0 ? err_sys(e, -r, "cannot keep capabilities while becoming the user") : 0;
}

static int set_groups(struct apply *ctx, const struct op_user *user, struct err *e)
{
	int r = sys_set_groups(user->groups, user->groups_len);

	/* The caller's groups mean nothing in the namespace that was joined, and cannot be given up there. */
	if (r == -EPERM && user->groups_len == 0 && ctx->setgroups_denied)
		return 0;
	if (r < 0)
		return err_sys(e, -r, "cannot set %zu additional groups%s", user->groups_len,
			       r == -EINVAL ? ": each must be mapped in linux.gidMappings" : "");
	return 0;
}

int apply_user(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_user *user = &op->user;
	int r;

	r = sys_keep_caps(true);
	if (r < 0)
		return err_sys(e, -r, "cannot keep capabilities while becoming the user");
	if (user->set_groups) {
		r = set_groups(ctx, user, e);
		if (r < 0)
			return r;
	}
	r = sys_set_gid(user->gid);
	if (r < 0)
		return err_sys(e, -r, "cannot become gid %u%s", user->gid,
			       r == -EINVAL ? ": it is not mapped in linux.gidMappings" : "");
	r = sys_set_uid(user->uid);
	if (r < 0)
		return err_sys(e, -r, "cannot become uid %u%s", user->uid,
			       r == -EINVAL ? ": it is not mapped in linux.uidMappings" : "");
	/* From here to the exec the process has the user's ids and more than the user's rights: nobody may trace it. */
	r = sys_set_dumpable(false);
	if (r < 0)
		return err_sys(e, -r, "cannot forbid tracing");
	return make_permitted_effective(e);
}

static int check_capabilities(const struct op_capabilities *wanted, struct err *e)
{
	struct sys_caps now;
	int r;

	r = sys_caps_get(&now);
	if (r < 0)
		return err_sys(e, -r, "cannot read capabilities back");
	if (now.effective != wanted->effective || now.permitted != wanted->permitted ||
	    now.inheritable != wanted->inheritable)
		return err_set(e, EPERM, "the kernel did not take the capabilities: effective %#llx, permitted %#llx, "
			       "inheritable %#llx", (unsigned long long)now.effective,
			       (unsigned long long)now.permitted, (unsigned long long)now.inheritable);
	return 0;
}

int apply_capabilities(struct apply *ctx, const struct op *op, struct err *e)
{
	const struct op_capabilities *wanted = &op->capabilities;
	struct sys_caps caps = {
		.effective = wanted->effective, .permitted = wanted->permitted, .inheritable = wanted->inheritable,
	};
	int r;

	(void)ctx;
	/* Ambient ones are cleared first: the caller's may be more than what the config says. */
	r = sys_ambient_clear();
	if (r < 0)
		return err_sys(e, -r, "cannot clear the ambient capabilities");
	r = sys_caps_set(&caps);
	if (r < 0)
		return err_sys(e, -r, "cannot set capabilities: effective %#llx, permitted %#llx, inheritable %#llx",
			       (unsigned long long)caps.effective, (unsigned long long)caps.permitted,
			       (unsigned long long)caps.inheritable);
	for (unsigned cap = 0; cap < 64; cap++) {
		if (!(wanted->ambient & CAPABILITY_BIT(cap)))
			continue;
		r = sys_ambient_raise(cap);
		if (r < 0)
			return err_sys(e, -r, "cannot raise the ambient capability %s", capability_name(cap));
	}
	return check_capabilities(wanted, e);
}

int apply_no_new_privs(struct apply *ctx, const struct op *op, struct err *e)
{
	int r = sys_set_no_new_privs();

	(void)ctx;
	(void)op;
	return r < 0 ? err_sys(e, -r, "cannot set no_new_privs") : 0;
}

int apply_cwd(struct apply *ctx, const struct op *op, struct err *e)
{
	char now[PATH_MAX];
	int r;

	(void)ctx;
	r = sys_chdir(op->text);
	if (r < 0)
		return err_sys(e, -r, "cannot enter the working directory \"%s\"", op->text);
	/* A path through /proc/self/fd could lead to a directory of the host (CVE-2024-21626). */
	r = sys_getcwd(now, sizeof now);
	if (r < 0)
		return err_sys(e, -r, "cannot tell where the working directory \"%s\" is", op->text);
	if (now[0] != '/')
		return err_set(e, EPERM, "the working directory \"%s\" is outside the container's root", op->text);
	return 0;
}
