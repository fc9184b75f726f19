/* Why: the one table that says which function carries out which operation. */
#include "apply/apply.h"

#include "base/log.h"
#include "base/str.h"

static int apply_call(struct apply *ctx, const struct op *op, struct err *e)
{
	return ctx->call(ctx, op->call, e);
}

static int apply_fork(struct apply *ctx, const struct op *op, struct err *e)
{
	(void)op;
	return ctx->fork(ctx, e);
}

static apply_function *const table[OP_COUNT] = {
	[OP_CGROUP] = apply_cgroup,
	[OP_UNIT] = apply_unit,
	[OP_UNIT_SET] = apply_unit_set,
	[OP_CGROUP_CONTROLLERS] = apply_cgroup_controllers,
	[OP_CGROUP_FITS] = apply_cgroup_fits,
	[OP_CGROUP_WRITE] = apply_cgroup_write,
	[OP_DEVICE_FILTER] = apply_device_filter,
	[OP_USERNS] = apply_userns,
	[OP_RDT_GROUP] = apply_rdt_group,
	[OP_RDT_SCHEMATA] = apply_rdt_schemata,
	[OP_RDT_TASK] = apply_rdt_task,
	[OP_OPEN_TREE] = apply_open_tree,
	[OP_SECCOMP_BUILD] = apply_seccomp_build,
	[OP_SECCOMP_LISTENER] = apply_seccomp_listener,
	[OP_JOIN] = apply_join,
	[OP_UNSHARE] = apply_unshare,
	[OP_ENTER] = apply_enter,
	[OP_ID_MAP] = apply_id_map,
	[OP_SET_IDS] = apply_set_ids,
	[OP_OOM_SCORE] = apply_oom_score,
	[OP_KEYRING] = apply_keyring,
	[OP_NET_DEVICE] = apply_net_device,
	[OP_LOOPBACK] = apply_loopback,
	[OP_HOSTNAME] = apply_hostname,
	[OP_DOMAINNAME] = apply_domainname,
	[OP_SYSCTL] = apply_sysctl,
	[OP_TIME_OFFSETS] = apply_time_offsets,
	[OP_PROPAGATION] = apply_propagation,
	[OP_ROOTFS] = apply_rootfs,
	[OP_STORE] = apply_store,
	[OP_GROUP_BEGIN] = apply_group_begin,
	[OP_GROUP_END] = apply_group_end,
	[OP_BIND] = apply_bind,
	[OP_MOUNT] = apply_mount,
	[OP_CGROUP_MOUNT] = apply_cgroup_mount,
	[OP_REMOUNT] = apply_remount,
	[OP_DEVICE_NODE] = apply_device_node,
	[OP_DEVICE] = apply_device,
	[OP_DEVICES_END] = apply_devices_end,
	[OP_SYMLINK] = apply_symlink,
	[OP_DIRECTORY] = apply_directory,
	[OP_MASK] = apply_mask,
	[OP_READONLY] = apply_readonly,
	[OP_CONSOLE] = apply_console,
	[OP_HOOKS] = apply_hooks,
	[OP_CALL] = apply_call,
	[OP_ROOT_READONLY] = apply_root_readonly,
	[OP_PIVOT] = apply_pivot,
	[OP_LABEL] = apply_label,
	[OP_UMASK] = apply_umask,
	[OP_RLIMIT] = apply_rlimit,
	[OP_PERSONALITY] = apply_personality,
	[OP_CPU_AFFINITY] = apply_cpu_affinity,
	[OP_SCHEDULER] = apply_scheduler,
	[OP_IO_PRIORITY] = apply_io_priority,
	[OP_MEMORY_POLICY] = apply_memory_policy,
	[OP_USER] = apply_user,
	[OP_CAPABILITIES] = apply_capabilities,
	[OP_BOUNDING] = apply_bounding,
	[OP_NO_NEW_PRIVS] = apply_no_new_privs,
	[OP_HOME] = apply_home,
	[OP_LISTEN_PID] = apply_listen_pid,
	[OP_CWD] = apply_cwd,
	[OP_SECCOMP] = apply_seccomp,
	[OP_CLOSE_FDS] = apply_close_fds,
	[OP_LOOK_EXEC] = apply_look_exec,
	[OP_STREAMS] = apply_streams,
	[OP_FIND_EXEC] = apply_find_exec,
	[OP_FORK] = apply_fork,
	[OP_SESSION] = apply_session,
	[OP_EXEC] = apply_exec,
};

static void log_op(const struct op *op)
{
	_cleanup_str_ struct str line = STR_INIT;

	plan_print_op(op, &line);
	log_debug("%s: %s", plan_stage_name(op->stage), str_text(&line));
}

int apply_stage(struct apply *ctx, enum plan_stage stage, struct err *e)
{
	const struct plan *p = ctx->plan;
	/* A filter that is in force may not allow us to write. */
	bool quiet = !log_wants_debug();

	for (size_t i = 0; i < p->len; i++) {
		const struct op *op = &p->ops[i];

		if (op->stage != stage)
			continue;
		if (!quiet)
			log_op(op);
		quiet |= op->type == OP_SECCOMP;
		int r = table[op->type](ctx, op, e);
		if (r < 0 && op->where)
			return op->index < 0 ? err_prefix(e, "%s", op->where)
					     : err_prefix(e, "%s[%d]", op->where, op->index);
		if (r < 0)
			return r;
	}
	return 0;
}
