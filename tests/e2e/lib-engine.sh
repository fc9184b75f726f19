# shellcheck shell=bash disable=SC2154,SC2034
# What the engine-*.sh scripts share, behind lib.sh: cases that are counted one by one, a root file system for images made
# without a network, a terminal, and a look at what is left behind.
#
# RUNTIME=/usr/sbin/runc bash tests/e2e/engine-docker.sh: the same cases with another runtime, to see what the machine allows.
# CASES='stop exec_terminal' runs just these.

runtime=${RUNTIME:-$cloister}
mark=${tmp##*/} # in the name of what could outlive the script, so that it can be told from others'
cases_passed=0
cases_failed=()
cases_skipped=()

# As in lib.sh, but the line is that of the case.
fail() {
	local i line=
	for i in "${!FUNCNAME[@]}"; do
		[[ ${FUNCNAME[i]} != case_* ]] || line=${BASH_LINENO[i - 1]}
	done
	echo "FAILED: $0:${line:-${BASH_LINENO[-2]}}: $*" >&2
	[ ! -s "$err" ] || { echo "standard error of the last command:"; cat "$err"; } >&2
	exit 1
}

# try NAME...: runs the function case_NAME in a shell of its own. It fails, or skips, as a script does; the others go on.
try() {
	local name result
	for name; do
		case " ${CASES:-$name} " in *" $name "*) ;; *) continue ;; esac
		set +e
		trap - ERR
		(
			set -e
			"case_$name"
		) 2>"$tmp/case"
		result=$?
		set -e
		case $result in
		0) cases_passed=$((cases_passed + 1)) ;;
		77) cases_skipped+=("$name") ;;
		*)
			cases_failed+=("$name")
			sed "s/^/$name: /" "$tmp/case" >&2
			;;
		esac
	done
}

cases_done() {
	echo "$cases_passed cases passed, ${#cases_skipped[@]} left out, ${#cases_failed[@]} failed${cases_failed[*]:+: ${cases_failed[*]}}"
	[ ${#cases_failed[@]} = 0 ] || fail "${cases_failed[*]}"
}

leave_out() { # REASON: the case that calls it cannot be tried here
	echo "left out: ${FUNCNAME[1]#case_}: $*"
	exit 77
}

# A root file system with a static busybox, two users and a few files to look at.
make_rootfs() { # DIR
	local applet busybox
	busybox=$(command -v busybox)
	mkdir -p "$1"/{bin,dev,proc,sys,tmp,etc,root,run,var,home/one}
	chmod 1777 "$1/tmp"
	cp "$busybox" "$1/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$1/bin/$applet"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\none:x:1001:1002::/home/one:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\none:x:1002:\nmore:x:1003:one\n' >"$1/etc/group"
	echo plain >"$1/etc/plain" # a file that is no program
	printf '#!/bin/sh\ntrap "exit 5" TERM\necho up\nwhile :; do sleep 0.1; done\n' >"$1/bin/patient"
	chmod 755 "$1/bin/patient"
	chown -R 1001:1002 "$1/home/one"
}

# on_terminal KEYS COMMAND...: the command on a terminal of 33 rows and 99 columns; KEYS are typed once it has asked ("?").
# What is on the screen goes to $out, the command's exit status to $status.
on_terminal() {
	local keys=$1
	shift
	{
		echo '#!/bin/sh'
		echo 'stty rows 33 cols 99'
		printf '%q ' "$@"
		echo
		echo "echo \"\$?\" >'$tmp/terminal-status'"
	} >"$tmp/terminal"
	chmod 755 "$tmp/terminal"
	: >"$tmp/screen"
	rm -f "$tmp/terminal-status"
	{
		for ((i = 0; i < 500; i++)); do
			! grep -q '?' "$tmp/screen" || break
			sleep 0.02
		done
		printf '%b' "$keys"
		for ((i = 0; i < 1000; i++)); do
			[ ! -e "$tmp/terminal-status" ] || break
			sleep 0.02
		done
	} | SHELL=/bin/sh timeout 30 script -qefc "$tmp/terminal" /dev/null >"$tmp/screen" 2>&1 || true
	tr -d '\r' <"$tmp/screen" >"$out"
	: >"$err"
	status=$(cat "$tmp/terminal-status" 2>/dev/null || echo none)
}

# ---- what must not be left ----
processes_of() { # TEXT: "PID COMMAND" of all processes with TEXT in their command line, but for this script's own
	local dir line
	exec 2>/dev/null # some end meanwhile; it is called in a shell of its own
	for dir in /proc/[0-9]*; do
		line=$(tr '\0' ' ' 2>/dev/null <"$dir/cmdline") || continue
		[[ $line != *"$1"* ]] || [ "${dir#/proc/}" = $$ ] || [ "${dir#/proc/}" = "$BASHPID" ] || echo "${dir#/proc/} $line"
	done
}

# What the script has started ends also when it fails: `engines` are pids, asked to end before all else is cleaned up.
engines=
engine_cleanup() {
	local result=$? pid
	trap - ERR
	for pid in $engines; do
		kill "$pid" 2>/dev/null && (wait_for ended "$pid")
	done
	(exit $result)
	cleanup
}
trap engine_cleanup EXIT

ended() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; } # PID

end_engine() { # PID: asks it to end, and waits
	kill "$1"
	wait_for ended "$1"
}

# Nothing is left of what had DIR in its command line or its mounts, of the cgroup TEXT is in, and in the runtime's state.
engine_left_nothing() { # DIR STATE-ROOT CGROUP-TEXT
	local found
	found=$(processes_of "$1")
	[ -z "$found" ] || fail "processes are left: $found"
	found=$(grep -F " $1" /proc/self/mountinfo) || true
	[ -z "$found" ] || fail "mounts are left: $found"
	found=$(find "$2" -mindepth 1 -maxdepth 1 ! -name .seccomp-cache 2>/dev/null) || true
	[ -z "$found" ] || fail "state is left: $found"
	found=$(find /sys/fs/cgroup -type d -name "*$3*" 2>/dev/null) || true
	[ -z "$found" ] || fail "cgroups are left: $found"
}

# ---- containerd: one of the script's own, for ctr and for CRI; it finds the runtime under the name runc, too ----
start_containerd() { # DIR: its root, state, socket and log
	local disable_cgroup=false
	# containerd wants a weight for each pod, which only this controller can give
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers 2>/dev/null || disable_cgroup=true
	mkdir -p "$1/bin" "$1/cni"
	ln -sf "$runtime" "$1/bin/runc"
	make_cni "$1/bin" "$1/cni"
	cat >"$1/config.toml" <<END
version = 2
root = "$1/root"
state = "$1/state"
[grpc]
  address = "$1/socket"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/box:latest"
  restrict_oom_score_adj = true
  disable_cgroup = $disable_cgroup
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "$1/bin"
    conf_dir = "$1/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        Root = "$1/runtime"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.cloister]
      runtime_type = "io.containerd.runc.v2"
      pod_annotations = ["run.cloister.*"]
      container_annotations = ["run.cloister.*"]
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.cloister.options]
        BinaryName = "$runtime"
        Root = "$1/runtime"
END
	PATH=$1/bin:$PATH unshare --net sh -c 'ip link set lo up && exec "$@"' sh containerd --config "$1/config.toml" \
		>"$1/log" 2>&1 &
	engines="$engines $!"
	disown # or bash tells of its death
	echo $! >"$1/pid"
	wait_for ctr --address "$1/socket" version
}

# A network for pods that has no devices: each has an empty one of its own, and containerd is content.
make_cni() { # BIN-DIR CONF-DIR
	cat >"$1/empty" <<'END'
#!/bin/sh
case $CNI_COMMAND in
VERSION) echo '{ "cniVersion": "0.4.0", "supportedVersions": ["0.3.1", "0.4.0"] }' ;;
ADD) echo '{ "cniVersion": "0.4.0", "interfaces": [{ "name": "eth0", "sandbox": "'"$CNI_NETNS"'" }],
	"ips": [{ "version": "4", "address": "10.9.9.9/32", "interface": 0 }] }' ;;
esac
END
	chmod 755 "$1/empty"
	ln -sf empty "$1/loopback"
	echo '{ "cniVersion": "0.4.0", "name": "empty", "plugins": [{ "type": "empty" }] }' >"$2/10-empty.conflist"
}

# An image from make_rootfs's folder, as `docker save` writes it: to standard output.
image_archive() { # ROOTFS
	mkdir "$tmp/archive"
	tar -C "$1" -cf "$tmp/archive/layer.tar" .
	jq -n --arg layer "sha256:$(sha256sum "$tmp/archive/layer.tar" | cut -d ' ' -f 1)" --arg machine "$(machine)" '{
		architecture: $machine, os: "linux", config: { Env: ["PATH=/bin", "FROM=image"], Cmd: ["sleep", "100"] },
		rootfs: { type: "layers", diff_ids: [$layer] } }' >"$tmp/archive/config.json"
	echo '[{ "Config": "config.json", "RepoTags": ["box:latest"], "Layers": ["layer.tar"] }]' >"$tmp/archive/manifest.json"
	tar -C "$tmp/archive" -c .
	rm -r "$tmp/archive"
}
machine() { # as images name it
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	*) uname -m ;;
	esac
}
