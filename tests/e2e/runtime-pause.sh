#!/usr/bin/env bash
# pause and resume: the processes stop where they are; the state says so; kill reaches them all the same.
# tools: busybox jq unshare
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

count_up='i=0; while true; do i=$((i + 1)); echo $i >/tmp/count; done'
start() { # a container that counts
	new_id
	config '.linux.cgroupsPath = "/'"$id"'"' "$count_up"
	ok rt run --detach --bundle "$bundle" "$id"
	pid=$(rt state "$id" | jq .pid)
	wait_for test -s "/proc/$pid/root/tmp/count"
}
count() { cat "/proc/$pid/root/tmp/count"; }
changed() { [ "$(count)" != "$1" ]; }
counts_on() {
	local before
	before=$(count)
	wait_for changed "$before"
}

if ! is_root || ! [ -w /sys/fs/cgroup/unified/cgroup.procs ] && ! [ -w /sys/fs/cgroup/cgroup.procs ]; then
	# no cgroup to have
	kind self
	new_id
	config . 'sleep 1000'
	ok rt run --detach --bundle "$bundle" "$id"
	if [ -z "$(find /sys/fs/cgroup -name "*$id*" 2>/dev/null)" ]; then
		refused "cannot pause container \"$id\": it has no cgroup of its own" rt pause "$id"
		refused "cannot resume container \"$id\": it is running, not paused" rt resume "$id"
		ok rt delete --force "$id"
		nothing_left
		exit 0
	fi
	ok rt delete --force "$id"
fi

for kind in self none; do
	is_root || [ $kind = self ] || continue
	kind "$kind"
	start
	refused 'not paused' rt resume "$id"
	ok rt pause "$id"
	equal "$(rt state "$id" | jq -r .status)" paused
	equal "$(rt list --format json | jq -r '.[].status')" paused
	before=$(count)
	sleep 0.2
	equal "$(count)" "$before" "it counts while it is paused"
	refused "cannot pause container \"$id\": it is paused" rt pause "$id"
	refused 'cannot delete' rt delete "$id"
	# a signal arrives when it goes on; KILL at once
	ok rt resume "$id"
	equal "$(rt state "$id" | jq -r .status)" running
	counts_on
	ok rt pause "$id"
	ok rt kill "$id" KILL
	wait_for in_state "$id" stopped
	refused "cannot pause container \"$id\": it is stopped" rt pause "$id"
	ok rt delete "$id"
	# --force needs no resume
	start
	ok rt pause "$id"
	ok rt delete --force "$id"
	nothing_left
	# created: it cannot be started until it is resumed, and nobody waits for ever
	new_id
	config '.linux.cgroupsPath = "/'"$id"'"' 'sleep 1000'
	ok rt create --bundle "$bundle" "$id"
	ok rt pause "$id"
	refused "it is paused: resume it first" rt start "$id"
	equal "$(rt state "$id" | jq -r .status)" paused
	ok rt resume "$id"
	equal "$(rt state "$id" | jq -r .status)" created
	ok rt start "$id"
	ok rt delete --force "$id"
	nothing_left
done
refused 'does not exist' rt pause "$mark-none"
refused 'does not exist' rt resume "$mark-none"
