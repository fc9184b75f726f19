#!/usr/bin/env bash
# podman with the systemd cgroup manager, as root and without, as on a machine with systemd: each container is a scope,
# limits hold and can be changed, and nothing is left.
# tools: podman conmon busybox systemctl jq
# timeout: 500
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh

if is_root; then
	bus=--system slice=machine.slice
else
	bus=--user slice=user.slice
fi
# Short names: the path of a socket has 107 bytes.
run_root=${XDG_RUNTIME_DIR:-/run}/vm-podman-$$
cat >"$tmp/containers.conf" <<END
[engine]
events_logger = "file"
runtime_supports_json = ["cloister"]
runtime_supports_nocgroups = ["cloister"]
[network]
network_backend = "netavark"
END
export CONTAINERS_CONF=$tmp/containers.conf
unset TMPDIR
p() {
	timeout --kill-after=5 120 podman --root "$tmp/r" --runroot "$run_root" --tmpdir "$run_root/t" --storage-driver overlay \
		--runtime "$cloister" --cgroup-manager systemd "$@"
}
podman_cleanup() {
	local status=$?
	set +e
	trap - ERR
	p rm -fa -t 0
	if is_root; then umount "$tmp/r/overlay"; else podman unshare rm -rf "$tmp/r"; fi
	p system migrate # ends the process that holds the namespaces
	rm -rf "$run_root"
	return $status
} >/dev/null 2>&1
trap 'podman_cleanup; cleanup' EXIT

make_bundle "$tmp/b"
tar -C "$tmp/b/rootfs" -cf "$tmp/box.tar" .
ok p import --change 'ENV PATH=/bin' "$tmp/box.tar" box
ok p info --format '{{.Host.CgroupManager}} {{.Host.CgroupsVersion}}'
says 'systemd v2'

scope_of() { echo "libpod-$(p inspect -f '{{.Id}}' "$1").scope"; }  # NAME
show() { systemctl $bus show -p "$2" --value "$1"; }                # UNIT PROPERTY
gone() { [ "$(show "$1" LoadState)" = not-found ]; }                # UNIT

# ---- limits, seen from inside ----
ok p run --rm --network none --memory 64m --memory-swap 64m --memory-reservation 32m --pids-limit 50 --cpus 0.5 \
	--cpuset-cpus 0 box sh -c 'cd /sys/fs/cgroup; cat memory.max memory.low memory.swap.max pids.max cpu.max cpuset.cpus'
says $'67108864\n33554432\n0\n50\n50000 100000\n0'

# ---- a scope, as systemd knows it ----
ok p run -d --name long --network none --memory 64m --pids-limit 50 box sleep 1000
scope=$(scope_of long)
equal "$(show "$scope" ActiveState)" active
equal "$(show "$scope" Slice)" $slice
equal "$(show "$scope" MemoryMax)" 67108864
equal "$(show "$scope" TasksMax)" 50
ok p update --memory 48m --cpu-shares 512 long
equal "$(show "$scope" MemoryMax)" 50331648
systemctl $bus daemon-reload
ok p exec long cat /sys/fs/cgroup/memory.max
says 50331648
ok p exec long cat /proc/self/cgroup
has '^0::/'
ok p top long comm
has sleep
ok p stats --no-stream --format '{{.PIDs}}' long
says 1
ok p pause long
ok p inspect -f '{{.State.Status}}' long
says paused
ok p unpause long
ok p stop -t 0 long
wait_for gone "$scope"
ok p start long
equal "$(show "$scope" ActiveState)" active
ok p rm -f -t 0 long
wait_for gone "$scope"

# ---- who takes too much is killed (whether podman hears of it is a race of conmon's, with any runtime) ----
run p run --name greedy --network none --memory 32m --memory-swap 32m box sh -c 'head -c 100000000 /dev/zero | tail >/dev/null'
[ "$status" != 0 ] || fail 'more memory than the limit'
ok p rm greedy
run p run --name greedy --network none --memory 32m --memory-swap 32m box tail /dev/zero
equal "$status" 137
ok p rm greedy

# ---- a pod: its containers lie in a slice of its own ----
ok p pod create --name pod --network none --infra-image box --infra-command '/bin/sleep 1000'
ok p run -d --pod pod --name inner --memory 64m box sleep 1000
scope=$(scope_of inner)
[[ $(show "$scope" Slice) == *libpod_pod_*.slice ]] || fail "it is in $(show "$scope" Slice)"
ok p pod rm -f -t 0 pod
wait_for gone "$scope"

# ---- devices ----
if is_root; then
	try='mknod /tmp/x c 1 11 && (: </tmp/x) 2>/dev/null'
	run p run --rm --network none --cap-add mknod,syslog box sh -c "$try"
	[ "$status" != 0 ] || fail 'a device that was not given can be opened'
	ok p run --rm --network none --cap-add mknod,syslog --device /dev/kmsg box sh -c "$try"
fi
found=$(systemctl $bus list-units --all --plain --no-legend 'libpod-*' | grep -v conmon) || true
[ -z "$found" ] || fail "units are left: $found"
