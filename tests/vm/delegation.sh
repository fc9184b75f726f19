#!/usr/bin/env bash
# A cgroup of the user's own to divide: the container's is made in it, without root, and limits and kills as root's does.
# tools: busybox jq
# needs: user
# place: delegated
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
kind self
# ---- the container's cgroup is below ours, and goes with it ----
no_cgroup_ns='.linux.namespaces |= map(select(.type != "cgroup"))'
inside 'cat /proc/self/cgroup' "$no_cgroup_ns"
has "^0::${own#/sys/fs/cgroup}/cloister-$id$"
nothing_left

# ---- a container without a pid namespace dies as a whole ----
new_id
config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "proc"))' \
	'sleep 1000 & sleep 1000 & sleep 1000 & wait'
ok rt run --detach --bundle "$bundle" "$id"
procs() { [ "$(wc -l <"$own/cloister-$id/cgroup.procs")" = "$1" ]; }
wait_for procs 4
ok rt kill --all "$id" KILL
wait_for procs 0
ok rt delete "$id"
nothing_left

# ---- pause ----
new_id
config . 'while :; do :; done'
ok rt run --detach --bundle "$bundle" "$id"
ok rt pause "$id"
equal "$(grep frozen "$own/cloister-$id/cgroup.events")" 'frozen 1'
ok rt resume "$id"
equal "$(grep frozen "$own/cloister-$id/cgroup.events")" 'frozen 0'
ok rt delete --force "$id"
nothing_left
