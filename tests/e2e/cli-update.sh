#!/usr/bin/env bash
# update: limits of a running container change, all of them or none; what it has besides stays. With the controllers that
# version 2 of cgroups has not here: tests/vm/resources.sh.
# needs: root
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
[ -n "$mount" ] || skip "no cgroup2 file system is mounted"
have=" $(cat "$mount/cgroup.controllers") "
given() { [[ $have == *" $1 "* ]]; } # CONTROLLER
value() { cat "$mount/$mark/web/$1"; }
kept() { jq -c ".linux.resources$1" "$state/$id/config.json"; }

kind none
new_id
deny='devices: [{ allow: false, access: "rwm" }]'
config ".linux.cgroupsPath = \"/$mark/web\" | .linux.resources = { unified: { \"cgroup.max.depth\": \"5\" }, $deny }" 'sleep 1000'
ok rt create --bundle "$bundle" "$id"

# ---- from a file, and from standard input in both spellings; also before start ----
echo '{ "unified": { "cgroup.max.depth": "6" } }' >"$tmp/limits"
ok rt update --resources "$tmp/limits" "$id"
equal "$(value cgroup.max.depth)" 6
ok rt start "$id"
ok rt update "--resources=$tmp/limits" "$id"
n=0
for options in '--resources -' '--resources=-' '-r -'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	rt update $options "$id" <<<'{ "unified": { "cgroup.max.descendants": "'$n'" } }'
	equal "$(value cgroup.max.descendants)" "$n"
done
# what was not named is still there, and remembered
equal "$(value cgroup.max.depth)" 6
equal "$(kept .unified)" '{"cgroup.max.depth":"6","cgroup.max.descendants":"3"}'
# what engines send when they mean one thing alone, and when they mean none
rt update --resources - "$id" <<<'{"memory":{"limit":0,"reservation":0,"kernel":0},"cpu":{"shares":0,"quota":0,"period":0},"blockIO":{"weight":0},
	"pids":{"limit":-1},"devices":[{"allow":true,"access":"rwm"}]}'
equal "$(kept .devices)" '[{"allow":false,"access":"rwm"}]'
# the device filter is what it was: kmsg may not be opened by what joins the cgroup
in_cgroup() { sh -c 'echo 0 >"$1" && : </dev/kmsg' sh "$mount/$mark/web/cgroup.procs"; }
sh -c ': </dev/kmsg' || skip "/dev/kmsg cannot be opened at all"
if in_cgroup 2>/dev/null; then fail "the device filter is gone"; fi

# ---- all or nothing ----
limits() { echo "$1" >"$tmp/limits"; } # JSON
limits '{ "unified": { "cgroup.max.depth": "9", "cgroup.max.descendants": "9", "cgroup.max.nonsense": "1" } }'
refused 'unified["cgroup.max.nonsense"]: this kernel has no file cgroup.max.nonsense' rt update -r "$tmp/limits" "$id"
equal "$(value cgroup.max.depth) $(value cgroup.max.descendants)" '6 3'
equal "$(kept .unified)" '{"cgroup.max.depth":"6","cgroup.max.descendants":"3"}'
limits '{ "unified": { "cgroup.max.depth": "9", "cgroup.max.descendants": "many" } }'
refused 'write "many" to cgroup.max.descendants: invalid argument' rt update -r "$tmp/limits" "$id"
equal "$(value cgroup.max.depth)" 6

# ---- a limit of which the host has the controller, and one of which it has not ----
if given hugetlb && [ -d /sys/kernel/mm/hugepages/hugepages-2048kB ]; then
	limits '{ "hugepageLimits": [{ "pageSize": "2MB", "limit": 4194304 }] }'
	ok rt update -r "$tmp/limits" "$id"
	equal "$(value hugetlb.2MB.max) $(value hugetlb.2MB.rsvd.max)" '4194304 4194304'
	limits '{ "hugepageLimits": [{ "pageSize": "2MB", "limit": 2097152 }], "unified": { "cgroup.max.depth": "many" } }'
	refused 'invalid argument' rt update -r "$tmp/limits" "$id"
	equal "$(value hugetlb.2MB.max) $(value hugetlb.2MB.rsvd.max)" '4194304 4194304'
fi
while read -r controller option what; do
	given "$controller" || refused "$what: " rt update "$option" "$id"
done <<'END'
memory --memory=64M memory.limit
cpu --cpu-quota=50000 cpu.quota
cpu --cpu-share=512 cpu.shares
cpuset --cpuset-cpus=0 cpu.cpus
pids --pids-limit=30 pids.limit
io --blkio-weight=100 blockIO.weight
END
ok rt update --pids-limit -1 --memory -1 "$id"

# ---- what is wrong ----
refused 'memory.kernel: cgroup version 2 has no limit' rt update --kernel-memory 1m "$id"
refused 'cpu.realtimePeriod: cgroup version 2' rt update --cpu-rt-period 1 "$id"
refused 'the container has no group of resctrl' rt update --l3-cache-schema L3:0=f "$id"
refused 'cpu.idle: 2 is neither 0 nor 1' rt update --cpu-idle 2 "$id"
run rt update --resources "$tmp/limits" --memory 1 "$id"
[ "$status" != 0 ] && grep -qF 'cannot be combined with --resources' "$err" || fail 'options beside --resources'
run rt update "$id"
[ "$status" != 0 ] && grep -qF 'requires --resources' "$err" || fail 'nothing to change'
limits '{ "memory": { "limit": "1" } }'
refused 'memory.limit: expected' rt update -r "$tmp/limits" "$id"
limits '{ "unified": { "../web2/cgroup.max.depth": "1" } }'
refused 'is no file of a cgroup' rt update -r "$tmp/limits" "$id"
refused 'no such file or directory' rt update -r "$tmp/missing" "$id"
refused 'does not exist' rt update --memory 1 "$mark-none"

# ---- paused, stopped ----
limits '{ "unified": { "cgroup.max.depth": "4" } }'
ok rt pause "$id"
ok rt update -r "$tmp/limits" "$id"
equal "$(value cgroup.max.depth)" 4
equal "$(rt state "$id" | jq -r .status)" paused
ok rt kill "$id" KILL
wait_for in_state "$id" stopped
refused 'container not running' rt update -r "$tmp/limits" "$id"
ok rt delete "$id"
nothing_left

# ---- a container without a cgroup of its own has nothing to limit ----
new_id
config . 'sleep 1000'
ok rt --cgroup-manager disabled run --detach --bundle "$bundle" "$id"
refused 'the container has no cgroup of its own' rt update -r "$tmp/limits" "$id"
ok rt update --pids-limit -1 "$id"
# exec still finds its config
ok rt exec "$id" echo fine
says fine
ok rt delete --force "$id"
nothing_left
