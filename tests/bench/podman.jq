# The config.json that podman writes for `podman run IMAGE true`, in its main features, with a default seccomp profile
# (containers-common: /usr/share/containers/seccomp.json) resolved for its capabilities as podman does it.
#
#   jq -n --arg rootfs DIR --arg files DIR --arg euid N --slurpfile profile seccomp.json -f tests/bench/podman.jq

def capabilities: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
	"CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"];
def granted: . - capabilities == [];

def applies:
	(.includes.arches // ["amd64"] | index("amd64")) and (.includes.caps // [] | granted)
	and (.excludes.arches // [] | index("amd64") | not)
	and (.excludes.caps // [] | . == [] or (granted | not));

def seccomp:
	$profile[0]
	| { defaultAction, defaultErrnoRet, architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
	    syscalls: [.syscalls[] | select(applies) | { names, action }
		+ (if (.args // []) == [] then {} else { args } end) + (if .errnoRet == null then {} else { errnoRet } end)] };

def bound($name; $dest; $options): { destination: $dest, type: "bind", source: "\($files)/\($name)",
	options: (["bind", "rprivate"] + $options) };

{
	ociVersion: "1.0.2-dev",
	process: {
		user: { uid: 0, gid: 0, umask: 18, additionalGids: [0] },
		args: ["/bin/true"], cwd: "/",
		env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "container=podman", "HOME=/root"],
		capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
		rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }, { type: "RLIMIT_NPROC", hard: 1024, soft: 1024 }],
		oomScoreAdj: 0
	},
	root: { path: $rootfs },
	hostname: "0123456789ab",
	mounts: [
		{ destination: "/proc", type: "proc", source: "proc", options: ["nosuid", "noexec", "nodev"] },
		{ destination: "/dev", type: "tmpfs", source: "tmpfs",
		  options: ["nosuid", "noexec", "strictatime", "mode=755", "size=65536k"] },
		{ destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
		{ destination: "/dev/pts", type: "devpts", source: "devpts",
		  options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"] },
		{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: ["nosuid", "noexec", "nodev"] },
		bound("hosts"; "/etc/hosts"; []),
		bound("shm"; "/dev/shm"; ["nosuid", "noexec", "nodev"]),
		bound("containerenv"; "/run/.containerenv"; []),
		bound("hostname"; "/etc/hostname"; []),
		{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup",
		  options: ["rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"] }
	],
	annotations: { "io.container.manager": "libpod", "org.opencontainers.image.stopSignal": "15" },
	linux: ({
		namespaces: [{ type: "pid" }, { type: "network" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }, { type: "cgroup" }],
		sysctl: { "net.ipv4.ping_group_range": "0 0" },
		seccomp: seccomp,
		maskedPaths: ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
			"/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/fs/selinux", "/sys/dev/block"],
		readonlyPaths: ["/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
	} + if $euid == "0" then { resources: { devices: [{ allow: false, access: "rwm" }] } } else {} end)
}
