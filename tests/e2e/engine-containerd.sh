#!/usr/bin/env bash
# containerd, driven by ctr: a daemon of the script's own, in a network of its own.
# needs: root
# tools: busybox jq containerd ctr ip script
# timeout: 200
# cgroup: v2
# no-sanitizers: what containerd asks of the runtime, the other e2e scripts ask of it with sanitizers
# shellcheck disable=SC1091,SC2154,SC2016,SC2034
. tests/e2e/lib.sh
. tests/e2e/lib-engine.sh

engine=$tmp/containerd
export CONTAINERD_ADDRESS=$engine/socket CONTAINERD_NAMESPACE=$mark # the name of the cgroups' parent
image=docker.io/library/box:latest

task() { ctr tasks "$@"; }
start() { # [OPTION...] NAME COMMAND...: it runs in the background
	local options=()
	while [[ $1 == -* ]]; do options+=("$1"); shift; done
	ok ctr run --detach --runc-binary "$runtime" "${options[@]}" "$image" "$@"
}
once() { # [OPTION...] -- COMMAND...: it runs to its end, and is removed
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	run ctr run --rm --runc-binary "$runtime" "${options[@]}" "$image" "once$RANDOM$RANDOM" "$@"
}
# The same, and well. The container outlives its output a little: ctr may stop reading as soon as it has ended.
good() {
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	once "${options[@]}" -- sh -c '"$@"; result=$?; sleep 0.2; exit $result' sh "$@"
	[ "$status" = 0 ] || fail "exit status $status: $*"
}
is() { [ "$(task ls | awk -v name="$1" '$1 == name { print $3 }')" = "$2" ]; } # NAME STATUS
end() { # NAME: kills and removes it
	task kill --signal KILL "$1" 2>"$err"
	wait_for is "$1" STOPPED
	ok task rm "$1"
	ok ctr containers rm "$1"
}

case_run() {
	good -- sh -c 'echo out; echo oops >&2; echo $FROM'
	says $'out\nimage'
	grep -q '^oops$' "$err" || fail "no standard error"
	once -- sh -c 'exit 7'
	equal "$status" 7
	good --env A=b --cwd /new/place -- sh -c 'echo $A $PWD'
	says 'b /new/place'
	echo typed | ctr run --rm --runc-binary "$runtime" "$image" typed head -n 1 >"$out" # ctr does not tell it of the end
	says typed
	good --pid-file "$tmp/pid" -- true
	grep -qE '^[0-9]+$' "$tmp/pid" || fail "no pid in the pid file"
}

case_errors() {
	once -- no-such-program
	[ "$status" != 0 ] || fail "it ran"
	grep -qE 'OCI runtime .* failed: .*(no such file or directory|executable file not found)' "$err" || fail "not the runtime's words"
	once -- /etc/plain
	grep -qE 'OCI runtime .* failed: .*permission denied' "$err" || fail "not the runtime's words"
	once --mount type=bind,src=/no/such,dst=/data,options=rbind -- true
	grep -q 'OCI runtime create failed: .*no such file or directory' "$err" || fail "not the runtime's words"
	[ -z "$(task ls --quiet)" ] || fail "tasks are left: $(task ls)"
}

case_lifecycle() {
	start life sleep 100
	is life RUNNING || fail "it does not run"
	task ls >"$out"
	equal "$(tr '\0' ' ' <"/proc/$(awk '$1 == "life" { print $2 }' "$out")/cmdline")" 'sleep 100 '
	ok task ps life
	equal "$(wc -l <"$out")" 2
	ok task pause life
	is life PAUSED || fail "it is not paused"
	ok task resume life
	is life RUNNING || fail "it does not run"
	ok task metrics life
	has '^life '
	end life
	equal "$(ctr containers ls --quiet)" ''
	# created, started later, asked to end, with its exit code
	# `containers create` has no --runc-binary, and takes every -c for its own
	ok ctr containers create "$image" later patient
	ok task start --detach later
	is later RUNNING || fail "it does not run"
	sleep 0.3 # for the trap
	ok task kill later
	wait_for is later STOPPED
	run task rm later
	grep -q 'exit with non-zero exit code 5' "$err" || fail "not its exit code"
	ok ctr containers rm later
}

case_exec() {
	start entered sleep 100
	ok task exec --exec-id one entered sh -c 'echo out; echo oops >&2'
	says out
	equal "$(cat "$err")" oops
	run task exec --exec-id two entered sh -c 'exit 6'
	equal "$status" 6
	echo typed | task exec --exec-id three entered cat >"$out"
	says typed
	ok task exec --exec-id four --cwd /etc --user 5:6 entered sh -c 'echo $PWD $(id -u):$(id -g)'
	says '/etc 5:6'
	ok task exec --exec-id five --detach entered sh -c 'echo x >/tmp/made; sleep 100'
	wait_for task exec --exec-id six entered test -s /tmp/made
	ok task ps entered
	equal "$(wc -l <"$out")" 3
	has five
	run task exec --exec-id seven entered no-such-program
	grep -qE 'OCI runtime exec failed: .*(no such file or directory|executable file not found)' "$err" || fail "not the runtime's words"
	ok task kill --exec-id five --signal KILL entered
	end entered
}

case_terminal() {
	on_terminal 'hello\n' ctr run --rm --tty --runc-binary "$runtime" "$image" tty sh -c 'tty; echo "name?"; read line; echo "got $line"; exit 4'
	equal "$status" 4
	has '^/dev/pts/0'
	has '^got hello$'
	start seen sleep 100
	on_terminal '\003' ctr tasks exec --tty --exec-id t seen sh -c \
		'trap "echo interrupted; exit 8" INT; echo "well?"; while :; do sleep 0.1; done'
	equal "$status" 8
	has interrupted
	end seen
}

case_files() {
	once --read-only -- touch /file
	grep -q 'Read-only file system' "$err" || fail "not read-only"
	mkdir -p "$tmp/volume"
	echo inside >"$tmp/volume/file"
	good --mount "type=bind,src=$tmp/volume,dst=/data,options=rbind:rw" -- sh -c 'cat /data/file; echo new >/data/new'
	says inside
	equal "$(cat "$tmp/volume/new")" new
	once --mount "type=bind,src=$tmp/volume,dst=/data,options=rbind:ro" -- touch /data/no
	grep -q 'Read-only file system' "$err" || fail "not read-only"
	good --mount type=tmpfs,src=tmpfs,dst=/small,options=size=64k:noexec -- sh -c 'grep " /small " /proc/mounts'
	has 'noexec.*size=64k'
	cp -a "$tmp/root" "$tmp/own"
	ok ctr run --rm --runc-binary "$runtime" --rootfs "$tmp/own" own sh -c 'echo x >/made; cat /etc/plain'
	says plain
	test -s "$tmp/own/made" || fail "not the folder's own files"
}

case_rights() {
	good -- grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status
	has 'CapEff:.00000000a80425fb'
	has 'NoNewPrivs:.1'
	has 'Seccomp:.0'
	good --allow-new-privs --cap-add CAP_NET_ADMIN --cap-drop CAP_CHOWN -- grep -E 'CapEff|NoNewPrivs' /proc/self/status
	has 'CapEff:.00000000a80435fa'
	has 'NoNewPrivs:.0'
	good --seccomp -- sh -c 'grep Seccomp: /proc/self/status; unshare --user true 2>/dev/null || echo refused'
	says $'Seccomp:\t2\nrefused'
	jq -n '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 } ] }' >"$tmp/profile.json"
	once --seccomp --seccomp-profile "$tmp/profile.json" -- mkdir /made
	grep -q 'not supported' "$err" || fail "not the error of the profile"
	once --privileged -- sh -c 'mount -t tmpfs t /tmp && grep CapEff /proc/self/status'
	[ "$status" = 0 ] || fail "not privileged"
}

case_devices() {
	[ -c /dev/fuse ] || leave_out "there is no /dev/fuse"
	good --device /dev/fuse -- sh -c ': 3<>/dev/fuse'
	once -- sh -c 'mknod /tmp/fuse c 10 229 && : 3<>/tmp/fuse'
	grep -q 'not permitted' "$err" || fail "a device could be opened that nobody allowed"
}

case_namespaces() {
	good --net-host -- readlink /proc/self/ns/net
	says "$(readlink "/proc/$(cat "$engine/pid")/ns/net")"
	start first sh -c 'echo x >/dev/shm/file; exec sleep 103'
	local pid
	pid=$(task ls | awk '$1 == "first" { print $2 }')
	good --with-ns "network:/proc/$pid/ns/net" --with-ns "ipc:/proc/$pid/ns/ipc" --with-ns "pid:/proc/$pid/ns/pid" -- \
		sh -c 'readlink /proc/self/ns/net; ps'
	has "^$(readlink "/proc/$pid/ns/net" | tr '[]' '..')$"
	has 'sleep 103'
	end first
	# ctr then names no runtime to containerd, which takes the one called runc
	good --uidmap 0:100000:65536 --gidmap 0:200000:65536 -- sh -c 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map; stat -c %u:%g /etc/plain; readlink /proc/self/ns/net'
	sed -i '$d' "$out"
	says $' 0 100000 65536\n 0 200000 65536\n0:0'
}

case_cgroup() {
	good -- grep ^0:: /proc/self/cgroup
	has "^0::/$mark/once[0-9]+$"
	good --cgroup "/$mark/below/mine" -- grep ^0:: /proc/self/cgroup
	has "^0::/$mark/below/mine$"
	grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || {
		once --memory-limit 10000000 -- true
		[ "$status" = 1 ] || fail "there is no memory controller"
		grep -q 'memory' "$err" || fail "the error does not name the controller"
	}
}

case_annotations() { # they arrive at the runtime: it locks mounts by one of them
	[ "$runtime" = "$cloister" ] || leave_out "another runtime"
	once --annotation run.cloister.lock=no-number -- true
	grep -q 'run.cloister.lock' "$err" || fail "the annotation was not seen"
}

# store paths by annotation; a relocated store is named by who says what the runtime is
case_closure() {
	command -v nix-store >/dev/null || leave_out "nix-store is not installed"
	. tests/e2e/lib-bundle.sh
	make_store
	printf '#!/bin/sh\nexec %q --store %q "$@"\n' "$cloister" "$store" >"$tmp/with-store"
	chmod 755 "$tmp/with-store"
	runtime=$tmp/with-store
	good --annotation "run.cloister.closure=$top" --annotation run.cloister.path=append -- \
		sh -c 'cat /nix/store/*-hello-current/index.html; echo "$PATH"; ! touch /nix/store/x'
	has '[Hh]ello'
	has ":$top/bin$"
	once --annotation run.cloister.closure=/etc/shadow -- true
	[ "$status" != 0 ] || fail "/etc/shadow is no store path"
	grep -q 'run.cloister.closure' "$err" || fail "it does not say why"
}

case_own_config() { # a config.json of the caller's
	good --annotation a=b -- true
	start config sleep 100
	ok ctr containers info --spec config
	jq --arg root "$tmp/root" '.process.args = ["sh", "-c", "hostname"] | .hostname = "of-config" | .root.path = $root' "$out" >"$tmp/config.json"
	end config
	ok ctr run --rm --runc-binary "$runtime" --config "$tmp/config.json" own
	says of-config
}

case_shim_killed() { # containerd then has the runtime clean up
	start orphan sleep 104
	local pid shim
	pid=$(task ls | awk '$1 == "orphan" { print $2 }')
	shim=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
	grep -q containerd-shim "/proc/$shim/cmdline" || fail "not the shim: $(tr '\0' ' ' <"/proc/$shim/cmdline")"
	kill -KILL "$shim"
	wait_for ended "$pid"
	wait_for sh -c '[ -z "$(ctr tasks ls --quiet)" ]'
	ok ctr containers rm orphan
}

case_restarted() { # containers outlive the daemon
	start lasting sleep 105
	kill -KILL "$(cat "$engine/pid")"
	wait_for ended "$(cat "$engine/pid")"
	start_containerd "$engine"
	is lasting RUNNING || fail "it does not run"
	ok task exec --exec-id after lasting cat /proc/1/comm
	says sleep
	end lasting
}

case_parallel() {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		ctr run --rm --runc-binary "$runtime" "$image" "many$i" sh -c "echo $i; exit $i" >"$tmp/parallel$i" &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6; do
		status=0
		wait "${pids[i - 1]}" || status=$?
		equal "$status" "$i"
		equal "$(cat "$tmp/parallel$i")" "$i"
	done
}

chmod 711 "$tmp" # the root of a user namespace has to pass
mkdir "$tmp/root"
make_rootfs "$tmp/root"
start_containerd "$engine"
image_archive "$tmp/root" >"$tmp/box.tar"
ok ctr images import "$tmp/box.tar"

try run errors lifecycle exec terminal files rights devices namespaces cgroup annotations closure own_config shim_killed restarted parallel

if [ ${#cases_failed[@]} = 0 ]; then
	equal "$(ctr containers ls --quiet)" "" "containers are left"
	equal "$(ctr tasks ls --quiet)" "" "tasks are left"
fi
end_engine "$(cat "$engine/pid")"
[ ${#cases_failed[@]} != 0 ] || engine_left_nothing "$engine" "/run/containerd/runc/$mark" "$mark"
rm -rf "/run/containerd/runc/$mark" # by then, filters that are kept for the next time
cases_done
