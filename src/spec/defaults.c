/*
 * Why: the place where a person starts, so it should be right as it is. The shape follows `runc spec`; beyond that it
 * has a cgroup namespace, and no device rules, which say nothing where the container cannot make device nodes.
 */
#include "spec/defaults.h"

#include <string.h>

#include "spec/version.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static char *default_args[] = { "sh", NULL };
static char *default_env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
			       NULL };
static char *default_capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };
static char *masked_paths[] = {
	"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
	"/sys/firmware", NULL
};
static char *readonly_paths[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL };

static char *proc_options[] = { "nosuid", "noexec", "nodev", NULL };
static char *dev_options[] = { "nosuid", "noexec", "strictatime", "mode=755", "size=65536k", NULL };
static char *pts_options[] = { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5", NULL };
static char *pts_options_rootless[] = { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", NULL };
static char *shm_options[] = { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k", NULL };
static char *mqueue_options[] = { "nosuid", "noexec", "nodev", NULL };
static char *sys_options[] = { "nosuid", "noexec", "nodev", "ro", NULL };
static char *sys_options_rootless[] = { "rbind", "nosuid", "noexec", "nodev", "rro", NULL };
static char *cgroup_options[] = { "nosuid", "noexec", "nodev", "relatime", "ro", NULL };

static const struct oci_rlimit default_rlimits[] = { { .type = "RLIMIT_NOFILE", .hard = 1024, .soft = 1024 } };

#define MOUNT(destination_, type_, source_, list)                                          \
	{ .destination = (destination_), .type = (type_), .source = (source_), .options = (list), \
	  .options_len = COUNT(list) - 1 }

enum { PTS = 2, SYS = 5 };
static const struct oci_mount default_mounts[] = {
	MOUNT("/proc", "proc", "proc", proc_options),
	MOUNT("/dev", "tmpfs", "tmpfs", dev_options),
	[PTS] = MOUNT("/dev/pts", "devpts", "devpts", pts_options),
	MOUNT("/dev/shm", "tmpfs", "shm", shm_options),
	MOUNT("/dev/mqueue", "mqueue", "mqueue", mqueue_options),
	[SYS] = MOUNT("/sys", "sysfs", "sysfs", sys_options),
	MOUNT("/sys/fs/cgroup", "cgroup", "cgroup", cgroup_options),
};
/* No device but those of a container's own /dev, whatever capabilities it is given later. */
static const struct oci_device_cgroup no_device = { .allow = false, .access = "rwm" };

/* Group 5 is not mapped, and sysfs can only be mounted with a network namespace of one's own. */
static const struct oci_mount pts_rootless = MOUNT("/dev/pts", "devpts", "devpts", pts_options_rootless);
static const struct oci_mount sys_rootless = MOUNT("/sys", "none", "/sys", sys_options_rootless);

static const struct oci_namespace default_namespaces[] = {
	{ .type = OCI_NAMESPACE_TYPE_PID },    { .type = OCI_NAMESPACE_TYPE_IPC },
	{ .type = OCI_NAMESPACE_TYPE_UTS },    { .type = OCI_NAMESPACE_TYPE_MOUNT },
	{ .type = OCI_NAMESPACE_TYPE_CGROUP }, { .type = OCI_NAMESPACE_TYPE_NETWORK },
};
/* The same with the last one replaced. */
static const struct oci_namespace user_namespace = { .type = OCI_NAMESPACE_TYPE_USER };

/* A copy that may be changed; NULL is remembered by the arena. */
static void *copy(struct arena *a, const void *from, size_t size)
{
	void *p = arena_alloc(a, size);

	return p ? memcpy(p, from, size) : NULL;
}
#define COPY(a, value) copy(a, &(value), sizeof(value))
#define NEW(a, type, ...) ((type *)copy(a, &(type){ __VA_ARGS__ }, sizeof(type)))

static struct oci_capabilities *make_capabilities(struct arena *a)
{
	size_t len = COUNT(default_capabilities) - 1;

	return NEW(a, struct oci_capabilities, .bounding = default_capabilities, .bounding_len = len,
		   .effective = default_capabilities, .effective_len = len, .permitted = default_capabilities,
		   .permitted_len = len);
}

static struct oci_process *make_process(struct arena *a)
{
	return NEW(a, struct oci_process, .terminal = true, .user = NEW(a, struct oci_user, .uid = 0),
		   .args = default_args, .args_len = COUNT(default_args) - 1, .env = default_env,
		   .env_len = COUNT(default_env) - 1, .cwd = "/", .capabilities = make_capabilities(a),
		   .rlimits = COPY(a, default_rlimits), .rlimits_len = COUNT(default_rlimits),
		   .no_new_privileges = true);
}

static struct oci_linux *make_linux(struct arena *a)
{
	struct oci_resources *resources = NEW(a, struct oci_resources, .devices = COPY(a, no_device), .devices_len = 1);

	return NEW(a, struct oci_linux, .resources = resources, .namespaces = COPY(a, default_namespaces),
		   .namespaces_len = COUNT(default_namespaces), .masked_paths = masked_paths,
		   .masked_paths_len = COUNT(masked_paths) - 1, .readonly_paths = readonly_paths,
		   .readonly_paths_len = COUNT(readonly_paths) - 1);
}

struct oci_spec *spec_default(struct arena *a)
{
	struct oci_spec *s = NEW(a, struct oci_spec, .oci_version = SPEC_VERSION, .process = make_process(a),
				 .root = NEW(a, struct oci_root, .path = "rootfs", .readonly = true),
				 .hostname = "cloister", .mounts = COPY(a, default_mounts),
				 .mounts_len = COUNT(default_mounts), .linux = make_linux(a));

	return arena_failed(a) ? NULL : s;
}

struct oci_spec *spec_default_rootless(struct arena *a, uid_t uid, gid_t gid)
{
	struct oci_spec *s = spec_default(a);

	if (!s)
		return NULL;
	s->mounts[PTS] = pts_rootless;
	s->mounts[SYS] = sys_rootless;
	s->linux->namespaces[s->linux->namespaces_len - 1] = user_namespace;
	s->linux->resources = NULL;
	s->linux->uid_mappings = NEW(a, struct oci_id_mapping, .host_id = uid, .size = 1);
	s->linux->uid_mappings_len = 1;
	s->linux->gid_mappings = NEW(a, struct oci_id_mapping, .host_id = gid, .size = 1);
	s->linux->gid_mappings_len = 1;
	return arena_failed(a) ? NULL : s;
}
