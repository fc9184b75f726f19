#!/usr/bin/env bash
# Kubernetes' container runtime interface: pods of containerd, as a kubelet makes them, with a RuntimeClass's handler.
# needs: root
# tools: busybox jq containerd ctr ip
# timeout: 200
# cgroup: v2
# no-sanitizers: what containerd asks of the runtime, the other e2e scripts ask of it with sanitizers
# shellcheck disable=SC1091,SC2154,SC2016,SC2034
. tests/e2e/lib.sh
. tests/e2e/lib-engine.sh
/usr/bin/python3 -c 'import grpc' 2>/dev/null || skip "gRPC for Python (python3-grpcio) is not installed"

grep -qw cpu /sys/fs/cgroup/cgroup.controllers 2>/dev/null || containerd --version | grep -q ' v\?1\.' ||
	skip "containerd 2 wants a CPU weight for each pod, and cgroup version 2 has no cpu controller here"

engine=$tmp/containerd
export CONTAINERD_ADDRESS=$engine/socket CONTAINERD_NAMESPACE=k8s.io
handler=cloister
state_of=$tmp/of # what a case remembers: the pod's config, and ids

cri() { /usr/bin/python3 tests/e2e/helpers/cri.py "$engine/socket" "$1" <<<"$2"; } # METHOD REQUEST
call() { # METHOD REQUEST: the response goes to $out
	local request=$2
	status=0
	cri "$1" "$request" >"$out" 2>"$err" || status=$?
	[ "$status" = 0 ] || fail "$1: $(cat "$err")"
}

# pod NAME [JQ-FILTER]: runs a sandbox
pod() {
	jq -n --arg name "$1" --arg logs "$tmp/logs" --arg parent "/$mark" '{
		metadata: { name: $name, uid: $name, namespace: "default", attempt: 0 }, log_directory: $logs,
		linux: { cgroup_parent: $parent, security_context: { namespace_options: { pid: 1 } } } }' |
		jq "${2:-.}" >"$tmp/pod.json"
	call RunPodSandbox "$(jq --arg handler "$handler" '{ config: ., runtime_handler: $handler }' "$tmp/pod.json")"
	pod=$(jq -r .pod_sandbox_id <"$out")
}
# container NAME JQ-FILTER COMMAND...: made in the pod, not started
container() {
	local name=$1 filter=$2
	shift 2
	container=
	jq -n --arg name "$name" '{ metadata: { name: $name }, image: { image: "docker.io/library/box:latest" },
		command: $ARGS.positional, log_path: ($name + ".log"), linux: { resources: {}, security_context: {
		namespace_options: { pid: 1 } } } }' --args -- "$@" | jq "$filter" >"$tmp/container.json"
	call CreateContainer "$(jq --arg pod "$pod" --slurpfile sandbox "$tmp/pod.json" \
		'{ pod_sandbox_id: $pod, config: ., sandbox_config: $sandbox[0] }' "$tmp/container.json")"
	container=$(jq -r .container_id <"$out")
}
of() { jq -nc --arg id "$container" "{ container_id: \$id } + ${1:-{\}}"; } # [JQ-OBJECT]: a request about the container
begin() { call StartContainer "$(of)"; }
is() { # STATE: 0 created, 1 running, 2 exited
	cri ContainerStatus "$(of)" >"$tmp/status" && [ "$(jq '.status.state // 0' <"$tmp/status")" = "$1" ]
}
# The log is written behind the container's back: complete is one that does not grow any more.
settled() { # LOG
	local before=-1 now
	while now=$(stat -c %s "$1" 2>/dev/null || echo 0); [ "$now" != "$before" ]; do
		before=$now
		sleep 0.3
	done
}
# inside JQ-FILTER COMMAND...: it runs to its end, well; its output is in $out
inside() {
	container "once$RANDOM$RANDOM" "$@"
	begin
	wait_for is 2
	local log
	log=$tmp/logs/$(jq -r .log_path "$tmp/container.json")
	[ "$(jq '.status.exit_code // 0' <"$tmp/status")" = 0 ] || fail "exit code $(jq -c .status "$tmp/status"): $(cat "$log")"
	settled "$log"
	call RemoveContainer "$(of)"
	sed 's/^[^ ]* std[a-z]* [FP] //' "$log" >"$out"
}
unpod() {
	call StopPodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
	call RemovePodSandbox "{\"pod_sandbox_id\": \"$pod\"}"
}

case_version() {
	call Version '{}'
	equal "$(jq -r .runtime_name <"$out")" containerd
}

case_pod() {
	pod life '.hostname = "pod-name"'
	call PodSandboxStatus "{\"pod_sandbox_id\": \"$pod\", \"verbose\": true}"
	equal "$(jq -r '.status.runtime_handler // ""' <"$out")" "$handler"
	equal "$(jq -r '.status.state // 0' <"$out")" 0
	[ "$handler" != cloister ] || equal "$(jq -r '.info.info | fromjson | .runtimeOptions.binary_name' <"$out")" "$runtime"

	container first . patient
	is 0 || fail "it is not created"
	begin
	is 1 || fail "it does not run"
	wait_for grep -q ' stdout F up$' "$tmp/logs/first.log"
	call ExecSync "$(of '{ cmd: ["sh", "-c", "echo out; echo oops >&2; hostname; exit 6"], timeout: 10 }')"
	equal "$(jq -r .stdout <"$out")" $'out\npod-name'
	equal "$(jq -r .stderr <"$out")" oops
	equal "$(jq -r .exit_code <"$out")" 6
	# a probe that takes too long is ended
	run cri ExecSync "$(of '{ cmd: ["sleep", "100"], timeout: 1 }')"
	grep -qi 'timed out\|deadline' "$err" || fail "it did not time out"
	call ContainerStats "$(of)"
	equal "$(jq -r .stats.attributes.id <"$out")" "$container"
	call StopContainer "$(of '{ timeout: 10 }')"
	is 2 || fail "it has not ended"
	equal "$(jq .status.exit_code <"$tmp/status")" 5
	call RemoveContainer "$(of)"

	# it does not want to end
	container deaf . sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done'
	begin
	wait_for grep -q up "$tmp/logs/deaf.log"
	call StopContainer "$(of '{ timeout: 1 }')"
	is 2 || fail "it has not ended"
	equal "$(jq .status.exit_code <"$tmp/status")" 137
	unpod
}

case_errors() {
	pod errors
	container none . no-such-program
	run cri StartContainer "$(of)"
	[ "$status" != 0 ] || fail "it ran"
	grep -qE 'no such file or directory|executable file not found' "$err" || fail "not the runtime's words"
	is 2 || fail "it is not exited"
	equal "$(jq -r .status.reason <"$tmp/status")" StartError
	call RemoveContainer "$(of)"
	unpod
}

case_process() {
	pod process
	inside '.envs = [{ key: "A", value: "b" }] | .working_dir = "/new/place"' sh -c 'echo $A $FROM $PWD'
	says 'b image /new/place'
	inside '.linux.security_context += { run_as_user: { value: 5 }, run_as_group: { value: 6 }, supplemental_groups: [7] }' id
	has '^uid=5 gid=6 groups=6,7'
	inside '.linux.security_context.run_as_username = "one"' id -un
	says one
	inside '.linux.security_context.capabilities = { add_capabilities: ["NET_ADMIN"], drop_capabilities: ["ALL"] }' \
		grep CapEff /proc/self/status
	has '0000000000001000$'
	inside '.linux.security_context.no_new_privs = true' grep NoNewPrivs /proc/self/status
	has '1$'
	inside '.linux.security_context.seccomp = { profile_type: 0 }' sh -c 'grep Seccomp: /proc/self/status; unshare -U true || echo refused'
	has '^Seccomp:.2$'
	has '^refused$'
	inside '.linux.security_context.seccomp = { profile_type: 1 }' grep Seccomp: /proc/self/status
	has '^Seccomp:.0$'
	jq -n '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 } ] }' >"$tmp/profile.json"
	inside ".linux.security_context.seccomp = { profile_type: 2, localhost_ref: \"$tmp/profile.json\" }" sh -c 'mkdir /made 2>&1 || true'
	has 'not supported'
	inside '.linux.resources.oom_score_adj = 500' cat /proc/self/oom_score_adj
	says 500
	unpod
}

case_files() {
	pod files
	mkdir -p "$tmp/volume"
	echo inside >"$tmp/volume/file"
	inside ".mounts = [{ container_path: \"/data\", host_path: \"$tmp/volume\" }]" sh -c 'cat /data/file; echo new >/data/new'
	says inside
	equal "$(cat "$tmp/volume/new")" new
	inside ".mounts = [{ container_path: \"/data\", host_path: \"$tmp/volume\", readonly: true }]" sh -c 'touch /data/no 2>&1 || true'
	has 'Read-only'
	inside ".mounts = [{ container_path: \"/etc/plain\", host_path: \"$tmp/volume/file\" }]" cat /etc/plain
	says inside
	inside '.linux.security_context.readonly_rootfs = true' sh -c 'touch /no 2>&1; touch /dev/shm/yes && echo shm'
	has 'Read-only'
	has '^shm$'
	inside '.linux.security_context += { masked_paths: ["/etc/plain", "/home"], readonly_paths: ["/tmp"] }' sh -c \
		'cat /etc/plain; ls /home; touch /tmp/no 2>&1 || true'
	has 'Read-only'
	equal "$(wc -l <"$out")" 1
	inside '.devices = [{ container_path: "/dev/my-zero", host_path: "/dev/zero", permissions: "r" }]' sh -c \
		'head -c 4 /dev/my-zero | wc -c'
	says 4
	unpod
}

case_shared_pid() { # two containers in one pod see each other, and the pause program is process 1
	pod shared '.linux.security_context.namespace_options.pid = 0'
	container first '.linux.security_context.namespace_options.pid = 0' sleep 107
	begin
	local first=$container
	inside '.linux.security_context.namespace_options.pid = 0' sh -c 'ps; cat /proc/1/comm; readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts'
	has 'sleep 107'
	has '^sleep$'
	tail -n 2 "$out" >"$tmp/namespaces"
	container=$first
	call ExecSync "$(of '{ cmd: ["sh", "-c", "readlink /proc/self/ns/ipc; readlink /proc/self/ns/uts"] }')"
	equal "$(jq -r .stdout <"$out")" "$(cat "$tmp/namespaces")"
	# a debugging container joins another one's processes
	container target ".linux.security_context.namespace_options = { pid: 3, target_id: \"$first\" }" ps
	begin
	wait_for is 2
	grep -q 'sleep 107' "$tmp/logs/target.log" || fail "it does not see them"
	unpod # with all that is in it
}

case_sysctls() {
	pod sysctls '.linux.sysctls = { "kernel.msgmax": "12345" }'
	inside . cat /proc/sys/kernel/msgmax
	says 12345
	unpod
}

case_host_network() {
	pod host '.linux.security_context.namespace_options = { network: 2, pid: 1 }'
	inside '.linux.security_context.namespace_options = { network: 2, pid: 1 }' sh -c 'readlink /proc/self/ns/net; readlink /proc/self/ns/uts'
	says "$(readlink "/proc/$(cat "$engine/pid")/ns/net" "/proc/$(cat "$engine/pid")/ns/uts")"
	unpod
}

case_cgroup() {
	grep -qw cpu /sys/fs/cgroup/cgroup.controllers || leave_out "cgroup version 2 has no cpu controller here, which every pod asks for"
	pod cgroup
	container first . sleep 108
	begin
	call ContainerStatus "$(of '{ verbose: true }')"
	grep -q "^0::/$mark/" "/proc/$(jq -r '.info.info | fromjson | .pid' <"$out")/cgroup" || fail "it is not below the pod's cgroup"
	call UpdateContainerResources "$(of '{ linux: {} }')"
	call UpdateContainerResources "$(of '{ linux: { memory_limit_in_bytes: 50000000, cpu_shares: 512 } }')"
	unpod
}

case_privileged() {
	pod privileged '.linux.security_context.privileged = true'
	inside '.linux.security_context.privileged = true' sh -c 'mount -t tmpfs t /tmp && touch /tmp/a; grep " /sys " /proc/mounts'
	has 'sysfs rw'
	unpod
}

case_terminal() {
	pod terminal
	inside '.tty = true' tty
	has '^/dev/pts/0'
	unpod
}

case_annotation() { # a pod's annotation that the handler lets pass arrives at the runtime
	[ "$runtime" = "$cloister" ] && [ "$handler" = cloister ] || leave_out "another runtime"
	pod annotation
	container wrong '.annotations = { "run.cloister.lock": "no-number" }' true
	run cri StartContainer "$(of)"
	grep -q 'run.cloister.lock' "$err" || fail "the annotation was not seen"
	unpod
}

case_by_default() { # installed as `runc`, no handler is needed
	handler=
	case_pod
}

mkdir "$tmp/root" "$tmp/logs"
make_rootfs "$tmp/root"
start_containerd "$engine"
image_archive "$tmp/root" >"$tmp/box.tar"
ok ctr images import "$tmp/box.tar"

try version pod errors process files shared_pid sysctls host_network cgroup privileged terminal annotation by_default

[ ${#cases_failed[@]} != 0 ] || equal "$(ctr containers ls --quiet)" "" "containers are left"
end_engine "$(cat "$engine/pid")"
[ ${#cases_failed[@]} != 0 ] || engine_left_nothing "$engine" "$engine/runtime/k8s.io" "$mark"
cases_done
