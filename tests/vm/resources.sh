#!/usr/bin/env bash
# linux.resources, update and events with all controllers of cgroup version 2: values arrive, limits hold, changes are
# whole. What needs no controllers is in tests/e2e/runtime-resources.sh and cli-update.sh.
# needs: root
# tools: busybox jq
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

top=/sys/fs/cgroup
have=" $(cat $top/cgroup.controllers) "
given() { [[ $have == *" $1 "* ]]; } # CONTROLLER
for controller in cpu cpuset memory pids; do
	given $controller || skip "cgroup version 2 has no controller $controller here"
done
dir=$top/$mark/web
place=".linux.cgroupsPath = \"/$mark/web\""
value() { [ ! -e "$dir/$1" ] || tr '\n' ' ' <"$dir/$1" | sed 's/ $//'; } # FILE
is() { # FILE VALUE; a file that this kernel has not is passed over
	[ ! -e "$dir/$1" ] || equal "$(value "$1")" "$2" "$1"
}
start() { # JQ-OF-RESOURCES [COMMANDS]
	new_id
	config "$place | .linux.resources = $1" "${2:-sleep 1000}"
	ok rt run --detach --bundle "$bundle" "$id"
}
end() {
	ok rt delete --force "$id"
	nothing_left
}

kind none
# ---- every mapping ----
start '{ memory: { limit: 67108864, reservation: 33554432, swap: 100663296 },
	cpu: { shares: 512, quota: 150000, period: 200000, burst: 50000, cpus: "0", mems: "0" },
	pids: { limit: 50 }, unified: { "memory.high": "60000000", "cgroup.max.descendants": "7" } }'
is memory.max 67108864
is memory.low 33554432
is memory.swap.max 33554432
is memory.high 59998208 # whole pages
is cpu.weight 59
is cpu.max '150000 200000'
is cpu.max.burst 50000
is cpuset.cpus 0
is cpuset.mems 0
is pids.max 50
is cgroup.max.descendants 7
equal "$(cat "$dir/cgroup.controllers")" "$(cat $top/cgroup.controllers)"

# ---- update: what is given, and what hangs on it ----
refused 'memory.swap: 100663296 is a limit for memory and swap together' rt update --memory 200M "$id"
is memory.max 67108864
ok rt update --memory 80M --memory-swap 100M "$id"
is memory.max 83886080
is memory.swap.max 20971520
ok rt update --memory 60M "$id" # of 100M for both
is memory.max 62914560
is memory.swap.max 41943040
ok rt update --memory -1 "$id"
is memory.max max
is memory.swap.max max
ok rt update --memory-reservation 16M "$id"
is memory.low 16777216
ok rt update --cpu-period 100000 "$id"
is cpu.max '150000 100000'
ok rt update --cpu-quota 60000 --cpu-burst 10000 "$id"
is cpu.max '60000 100000'
is cpu.max.burst 10000
refused 'cpu.burst: 10000 is more than cpu.quota, which is 5000' rt update --cpu-quota 5000 "$id"
ok rt update --cpu-quota -1 --cpu-share 1024 "$id"
is cpu.max 'max 100000'
is cpu.weight 100
ok rt update --cpu-share 200 --pids-limit 60 "$id"
is cpu.weight 29
is pids.max 60
ok rt update --pids-limit -1 "$id"
is pids.max max
ok rt update --cpuset-cpus 0-1 "$id"
is cpuset.cpus 0-1
if [ -e "$dir/cpu.idle" ]; then
	ok rt update --cpu-idle 1 "$id"
	is cpu.idle 1
	refused 'cpu.shares: cpu.idle gives it the least weight' rt update --cpu-share 512 "$id"
	ok rt update --cpu-idle 0 "$id"
	is cpu.idle 0
	is cpu.weight 29 # as before
fi
# the whole structure of an engine that means one thing
rt update --resources - "$id" <<<'{"memory":{"limit":0,"reservation":0,"kernel":0},"cpu":{"shares":0,"quota":0,"period":0},
	"pids":{"limit":77},"blockIO":{"weight":0}}'
is pids.max 77
is cpu.weight 29
is memory.low 16777216

# ---- all or nothing ----
echo '{ "memory": { "limit": 50331648 }, "pids": { "limit": 5 }, "cpu": { "cpus": "999" } }' >"$tmp/limits"
before="$(value memory.max) $(value pids.max) $(value cpuset.cpus)"
run rt update -r "$tmp/limits" "$id"
[ "$status" != 0 ] || [ "$(value cpuset.cpus)" = 999 ] || fail 'a limit was lost without a word'
[ "$status" = 0 ] || equal "$(value memory.max) $(value pids.max) $(value cpuset.cpus)" "$before"
echo '{ "memory": { "limit": 50331648 }, "pids": { "limit": 5 }, "unified": { "cpu.max": "nonsense" } }' >"$tmp/limits"
before="$(value memory.max) $(value memory.swap.max) $(value pids.max) $(value cpu.max)"
refused 'unified["cpu.max"]: write "nonsense" to cpu.max: invalid argument' rt update -r "$tmp/limits" "$id"
equal "$(value memory.max) $(value memory.swap.max) $(value pids.max) $(value cpu.max)" "$before"
# what is in use already
echo '{ "memory": { "limit": 4096, "checkBeforeUpdate": true } }' >"$tmp/limits"
refused 'bytes are in use, so the limit cannot be 4096' rt update -r "$tmp/limits" "$id"
end

# ---- limits hold ----
# pids: as many as fit, and not one more
for limit in 3 4; do
	new_id
	config "$place | .linux.resources.pids.limit = $limit" 'sleep 5 & sleep 5 & echo two; (echo three); kill $!'
	run rt run --bundle "$bundle" "$id"
	has two
	if [ $limit = 4 ]; then has three; else has_not three; fi
	nothing_left
done
# memory: what takes too much is killed, and nothing else
new_id
config "$place | .linux.resources.memory = { limit: 33554432, swap: 33554432 }" \
	'tail /dev/zero; echo tail ended with $?'
ok rt run --bundle "$bundle" "$id"
has '^tail ended with 137$'
nothing_left
# ... also those who set it up, of which the error tells
for kind in self none; do
	kind $kind
	refuses 'was killed for want of memory: linux.resources.memory.limit is too low for it' \
		"$place | .linux.resources.memory = { limit: 8192, swap: 8192 } | .annotations[\"run.cloister.lock\"] = \"$([ $kind = self ] && echo true || echo false)\""
done
# ... which events tells, and what is used
start '{ memory: { limit: 33554432, swap: 33554432 } }' \
	'mkfifo /tmp/go; read -r line </tmp/go; tail /dev/zero; read -r line </tmp/go; tail /dev/zero; sleep 1000'
go() { echo go >"/proc/$(rt state "$id" | jq .pid)/root/tmp/go"; }
rt events --interval 200ms "$id" >"$tmp/stream" &
background+=" $!"
watcher=$!
wait_for test -s "$tmp/stream"
times() { [ "$(jq -s 'map(select(.type == "oom")) | length' "$tmp/stream")" = "$1" ]; } # OOM EVENTS SO FAR
times 0 || fail 'out of memory before anything was used'
go
wait_for times 1
go
wait_for times 2
ok rt events --stats "$id"
equal "$(jq .data.memory.usage.limit "$out")" 33554432
[ "$(jq .data.memory.usage.failcnt "$out")" -gt 0 ] || fail 'the limit was met, and nobody counted'
[ "$(jq .data.memory.usage.usage "$out")" -gt 0 ] || fail 'no memory is used'
equal "$(jq '.data.memory.raw | has("anon") and has("file")' "$out")" true
[ "$(jq '.data.memory.psi.some | has("avg10")' "$out")" = true ] || fail 'no pressure'
equal "$(jq -c '.data.cpuset | [has("cpus"), has("mems")]' "$out")" '[true,true]'
ok rt kill --all "$id" KILL
gone() { ! kill -0 "$watcher" 2>/dev/null; }
wait_for gone
equal "$(jq -r 'select(.type == "oom") | [.id, has("data")] | @text' "$tmp/stream" | sort -u)" "[\"$id\",false]"
end

# cpu: a tenth of one processor
start '{ cpu: { quota: 10000, period: 100000 } }' 'while :; do :; done'
throttled() { [ "$(sed -n 's/^nr_throttled //p' "$dir/cpu.stat")" -gt 2 ]; }
wait_for throttled
end

# ---- block devices ----
device=$(lsblk -ndo MAJ:MIN,TYPE 2>/dev/null | awk '$2 == "disk" { print $1; exit }')
if given io && [ -n "$device" ]; then
	major=${device%:*} minor=${device#*:}
	start "{ blockIO: { throttleReadBpsDevice: [{ major: $major, minor: $minor, rate: 1048576 }],
		throttleWriteIOPSDevice: [{ major: $major, minor: $minor, rate: 300 }] } }"
	is io.max "$device rbps=1048576 wbps=max riops=max wiops=300"
	echo "{ \"blockIO\": { \"throttleReadBpsDevice\": [{ \"major\": $major, \"minor\": $minor, \"rate\": 0 }] },
		\"unified\": { \"cpu.max\": \"nonsense\" } }" >"$tmp/limits"
	refused 'invalid argument' rt update -r "$tmp/limits" "$id"
	is io.max "$device rbps=1048576 wbps=max riops=max wiops=300"
	echo "{ \"blockIO\": { \"throttleReadBpsDevice\": [{ \"major\": $major, \"minor\": $minor, \"rate\": 0 }] } }" >"$tmp/limits"
	ok rt update -r "$tmp/limits" "$id"
	is io.max "$device rbps=max wbps=max riops=max wiops=300"
	end
	refuses 'linux.resources.blockIO.throttleReadBpsDevice[0]: write "0:77 rbps=1" to io.max: there is no such block device' \
		"$place | .linux.resources.blockIO.throttleReadBpsDevice = [{ major: 0, minor: 77, rate: 1 }]"
	new_id
	config "$place | .linux.resources.blockIO.weight = 750"
	run rt run --bundle "$bundle" "$id"
	[ "$status" = 0 ] || grep -qF 'neither io.bfq.weight nor io.weight' "$err" || fail 'a weight'
	nothing_left
fi
# rdma, misc: the controllers are there, the devices are not
if given rdma; then
	refuses 'linux.resources.rdma["none0"]: write "none0 hca_handle=1" to rdma.max: ' \
		"$place | .linux.resources.rdma = { none0: { hcaHandles: 1 } }"
fi
