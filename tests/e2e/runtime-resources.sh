#!/usr/bin/env bash
# linux.resources: limits arrive in the files of the container's cgroup, before its program runs; a controller that
# version 2 of cgroups does not have here is an error. With all controllers this goes further: tests/vm/resources.sh.
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
[ -n "$mount" ] || skip "no cgroup2 file system is mounted"
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
have=" $(cat "$mount/cgroup.controllers") "
given() { [[ $have == *" $1 "* ]]; } # CONTROLLER
# inside a container: FILE... of its cgroup, with a cgroup namespace and a mount of it
show() { echo "cd /sys/fs/cgroup && for f in $*; do echo \"\$f \$(cat \$f)\"; done"; }
see="$(with_mount /sys/fs/cgroup cgroup cgroup ro nosuid noexec nodev) | .linux.cgroupsPath = \"/$mark/web\" | .linux.resources"

if ! is_root; then
	kind self
	if [ ! -w "$mount$own" ]; then
		refuses "linux.resources: cannot make the cgroup" '.linux.resources.unified = { "cgroup.max.depth": "1" }'
		grep -qF 'must be delegated' "$err" || fail "no word about delegation"
		inside true '.linux.resources = { pids: { limit: -1 }, memory: { limit: -1 }, cpu: { shares: 1024 } }'
	fi
	nothing_left
	exit
fi

kind none
# ---- what needs no controller ----
inside "$(show cgroup.max.depth cgroup.max.descendants)" \
	"$see.unified = { \"cgroup.max.depth\": \"3\", \"cgroup.max.descendants\": \"7\" }"
says 'cgroup.max.depth 3
cgroup.max.descendants 7'
nothing_left
# all are handed down to the container, so that what it uses is counted
inside "$(show cgroup.controllers)" "$see = {}"
says "cgroup.controllers $(cat "$mount/cgroup.controllers")"
# a file that no kernel has, and a value that none takes
refuses 'linux.resources.unified["cgroup.nonsense"]: this kernel has no file cgroup.nonsense in a cgroup' \
	"$see.unified = { \"cgroup.nonsense\": \"1\" }"
refuses 'linux.resources.unified["cgroup.max.depth"]: write "many" to cgroup.max.depth: invalid argument' \
	"$see.unified = { \"cgroup.max.depth\": \"many\" }"
for key in ../cgroup.max.depth a/b.max nodot memory..max .hidden; do
	refuses "linux.resources.unified[\"$key\"]: is no file of a cgroup" "$see.unified = { \"$key\": \"1\" }"
done

# ---- huge pages ----
size=$(find /sys/kernel/mm/hugepages -name 'hugepages-2048kB' 2>/dev/null)
if given hugetlb && [ -n "$size" ]; then
	inside "$(show hugetlb.2MB.max hugetlb.2MB.rsvd.max)" "$see.hugepageLimits = [{ pageSize: \"2MB\", limit: 4194304 }]"
	says 'hugetlb.2MB.max 4194304
hugetlb.2MB.rsvd.max 4194304'
	inside "$(show hugetlb.2MB.max)" "$see.unified = { \"hugetlb.2MB.max\": \"2097152\" }"
	says 'hugetlb.2MB.max 2097152'
	# also where the config names no cgroup
	inside "$(show hugetlb.2MB.max)" "$see.hugepageLimits = [{ pageSize: \"2MB\", limit: 0 }] | del(.linux.cgroupsPath)"
	says 'hugetlb.2MB.max 0'
	refuses 'linux.resources.hugepageLimits[0]: this kernel has no file hugetlb.3MB.max' \
		"$see.hugepageLimits = [{ pageSize: \"3MB\", limit: 0 }]"
	nothing_left
fi

# ---- controllers that are not there ----
while IFS='|' read -r controller path filter; do
	given "$controller" && continue
	refuses "linux.resources.$path: " "$see$filter"
	grep -qE "controller $controller( |:)" "$err" || fail "the controller is not named"
	grep -qF "cgroup_" "$err" || fail "no remedy is named"
	refused "linux.resources.$path: " rt plan --bundle "$bundle"
done <<'END'
memory|memory.limit|.memory.limit = 100000000
cpu|cpu.shares|.cpu.shares = 2
cpuset|cpu.cpus|.cpu.cpus = "0"
pids|pids.limit|.pids.limit = 10
io|blockIO.weight|.blockIO.weight = 100
rdma|rdma["mlx5"]|.rdma = { mlx5: { hcaHandles: 1 } }
nonsense|unified["nonsense.max"]|.unified = { "nonsense.max": "1" }
END
# ... are no matter for what asks for nothing
inside 'echo fine' "$see = { memory: { limit: -1, swap: -1, reservation: 0 }, cpu: { shares: 1024, quota: -1, period: 100000 },
	pids: { limit: -1 }, blockIO: { weight: 0 } }"
says fine

# ---- no cgroup, no limits ----
new_id
config "$see.unified = { \"cgroup.max.depth\": \"1\" }"
refused 'linux.resources.unified["cgroup.max.depth"]: a limit needs a cgroup, and with --cgroup-manager disabled' \
	rt --cgroup-manager disabled run --bundle "$bundle" "$id"
config '.linux.resources = { memory: {}, cpu: { shares: 0 }, blockIO: { weight: 0 }, pids: { limit: -1 } }' 'echo fine'
ok rt --cgroup-manager disabled run --bundle "$bundle" "$id"
says fine
# a cgroup whose own processes keep it from handing controllers down
if given hugetlb; then
	full=full-${mark#tmp.} # not the mark, since it is to be left
	mkdir "$mount/$full"
	sleep 1000 &
	background+=" $!"
	echo $! >"$mount/$full/cgroup.procs"
	refuses "the cgroup /$full has processes of its own, so it cannot give the controller hugetlb" \
		"$see.hugepageLimits = [{ pageSize: \"2MB\", limit: 0 }] | .linux.cgroupsPath = \"/$full/web\""
	# what needs none is none the worse
	inside "$(show cgroup.max.depth)" "$see.unified = { \"cgroup.max.depth\": \"3\" } | .linux.cgroupsPath = \"/$full/web\""
	says 'cgroup.max.depth 3'
	kill $!
	wait_for rmdir "$mount/$full"
fi
nothing_left
