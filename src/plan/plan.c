/* Why: the operation list itself, apart from what goes into it. */
#include "plan/plan.h"

static const char *const stage_names[STAGE_COUNT] = {
	[STAGE_RUNTIME] = "runtime",
	[STAGE_OUTER] = "outer",
	[STAGE_FOR_OUTER] = "for-outer",
	[STAGE_INIT] = "init",
	[STAGE_FOR_INIT] = "for-init",
	[STAGE_DEVICES] = "devices",
	[STAGE_HOOKS] = "hooks",
	[STAGE_CREATED] = "created",
	[STAGE_READY] = "ready",
	[STAGE_START] = "start",
};

static const char *const op_names[OP_COUNT] = {
	[OP_CGROUP] = "cgroup",
	[OP_UNIT] = "unit",
	[OP_UNIT_SET] = "unit-set",
	[OP_CGROUP_CONTROLLERS] = "cgroup-controllers",
	[OP_CGROUP_FITS] = "cgroup-fits",
	[OP_CGROUP_WRITE] = "cgroup-write",
	[OP_DEVICE_FILTER] = "device-filter",
	[OP_USERNS] = "userns",
	[OP_RDT_GROUP] = "rdt-group",
	[OP_RDT_SCHEMATA] = "rdt-schemata",
	[OP_RDT_TASK] = "rdt-task",
	[OP_OPEN_TREE] = "open-tree",
	[OP_SECCOMP_LISTENER] = "seccomp-listener",
	[OP_SECCOMP_BUILD] = "seccomp-build",
	[OP_JOIN] = "join",
	[OP_UNSHARE] = "unshare",
	[OP_ENTER] = "enter",
	[OP_ID_MAP] = "id-map",
	[OP_SET_IDS] = "set-ids",
	[OP_OOM_SCORE] = "oom-score",
	[OP_KEYRING] = "keyring",
	[OP_NET_DEVICE] = "net-device",
	[OP_LOOPBACK] = "loopback",
	[OP_HOSTNAME] = "hostname",
	[OP_DOMAINNAME] = "domainname",
	[OP_SYSCTL] = "sysctl",
	[OP_TIME_OFFSETS] = "time-offsets",
	[OP_PROPAGATION] = "propagation",
	[OP_ROOTFS] = "rootfs",
	[OP_STORE] = "store",
	[OP_GROUP_BEGIN] = "group-begin",
	[OP_GROUP_END] = "group-end",
	[OP_BIND] = "bind",
	[OP_MOUNT] = "mount",
	[OP_CGROUP_MOUNT] = "cgroup-mount",
	[OP_REMOUNT] = "remount",
	[OP_DEVICE_NODE] = "device-node",
	[OP_DEVICE] = "device",
	[OP_DEVICES_END] = "devices-end",
	[OP_SYMLINK] = "symlink",
	[OP_DIRECTORY] = "directory",
	[OP_MASK] = "mask",
	[OP_READONLY] = "readonly",
	[OP_CONSOLE] = "console",
	[OP_HOOKS] = "hooks",
	[OP_CALL] = "call",
	[OP_ROOT_READONLY] = "root-readonly",
	[OP_PIVOT] = "pivot",
	[OP_LABEL] = "label",
	[OP_UMASK] = "umask",
	[OP_RLIMIT] = "rlimit",
	[OP_PERSONALITY] = "personality",
	[OP_CPU_AFFINITY] = "cpu-affinity",
	[OP_SCHEDULER] = "scheduler",
	[OP_IO_PRIORITY] = "io-priority",
	[OP_MEMORY_POLICY] = "memory-policy",
	[OP_USER] = "user",
	[OP_CAPABILITIES] = "capabilities",
	[OP_BOUNDING] = "bounding",
	[OP_NO_NEW_PRIVS] = "no-new-privs",
	[OP_HOME] = "home",
	[OP_LISTEN_PID] = "listen-pid",
	[OP_CWD] = "cwd",
	[OP_SECCOMP] = "seccomp",
	[OP_CLOSE_FDS] = "close-fds",
	[OP_LOOK_EXEC] = "look-exec",
	[OP_STREAMS] = "streams",
	[OP_FIND_EXEC] = "find-exec",
	[OP_FORK] = "fork",
	[OP_SESSION] = "session",
	[OP_EXEC] = "exec",
};

const char *plan_stage_name(enum plan_stage stage)
{
	return stage_names[stage];
}

const char *plan_op_name(enum op_type type)
{
	return op_names[type];
}

struct op *plan_add(struct plan *p, enum plan_stage stage, enum op_type type, const char *where)
{
	struct op *op = arena_push(p->arena, &p->ops, &p->len, sizeof *op);

	if (!op) {
		p->failed = true;
		op = &p->scratch;
		*op = (struct op){ 0 };
	}
	op->stage = stage;
	op->type = type;
	op->where = where;
	op->index = -1;
	if (stage == STAGE_OUTER)
		p->has_outer = true;
	return op;
}

struct op *plan_add_element(struct plan *p, enum plan_stage stage, enum op_type type, const char *where, size_t index)
{
	struct op *op = plan_add(p, stage, type, where);

	op->index = (int)index;
	return op;
}

bool plan_calls(const struct plan *p, enum plan_stage stage)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->ops[i].type == OP_CALL && p->ops[i].call == stage)
			return true;
	return false;
}

const char *plan_text(struct plan *p, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = arena_vprintf(p->arena, fmt, ap);
	va_end(ap);
	if (s)
		return s;
	p->failed = true;
	return "";
}
